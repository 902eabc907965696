/** Caches on one store that stand for processes on it: nothing else is shared between them. */
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as FileSystem from "effect/FileSystem";
import * as Layer from "effect/Layer";
import * as IngestionKeyCache from "../../src/IngestionKeyCache.ts";
import * as FileStore from "../../src/internal/persisted/fileStore.ts";
import * as PersistedIngestionKeyCache from "../../src/PersistedIngestionKeyCache.ts";
import { files, temporaryDirectory } from "./login.ts";

/** What a process has that shares its keys in a directory. */
export const onFiles = (
  directory: string,
  options: PersistedIngestionKeyCache.Options = {},
  fileSystem = files,
) =>
  PersistedIngestionKeyCache.layerFileSystem({ ...options, directory }).pipe(
    Layer.provide(fileSystem),
    Layer.build,
    Effect.map(Context.get(IngestionKeyCache.IngestionKeyCache)),
  );

/** A file system in which something can happen between reading a file and what follows. */
export class Reads {
  afterNext: Effect.Effect<unknown, unknown> = Effect.void;
  count = 0;
  readonly layer = Layer.effect(
    FileSystem.FileSystem,
    Effect.map(FileSystem.FileSystem, (fs) => ({
      ...fs,
      readFileString: (path: string) =>
        Effect.onExit(fs.readFileString(path), () => {
          this.count++;
          const happens = this.afterNext;
          this.afterNext = Effect.void;
          return Effect.orDie(happens);
        }),
    })),
  ).pipe(Layer.provideMerge(files));
}

/** A directory that is not there yet. */
export const newDirectory = Effect.map(temporaryDirectory, (directory) => `${directory}/keys`);

export const fileStore = (directory: string) =>
  Effect.provide(FileStore.make(Effect.succeed(directory)), files);

/** Name and content of each file in a directory; of one that goes meanwhile, nothing. */
export const contents = (directory: string) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem;
    const all: Record<string, string> = {};
    for (const name of yield* fs.readDirectory(directory)) {
      all[name] = yield* fs
        .readFileString(`${directory}/${name}`)
        .pipe(Effect.catchReason("PlatformError", "NotFound", () => Effect.succeed("")));
    }
    return all;
  }).pipe(Effect.provide(files), Effect.orDie);
