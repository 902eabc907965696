/** The directory of one log: whose entries it keeps, and whether the run that they belong to has ended. */
import * as Effect from "effect/Effect";
import * as Predicate from "effect/Predicate";
import { type Disk, failing, orMissing, readWhole, syncDirectory, writeWhole } from "./disk.ts";
import { type Destination, SpoolError } from "./service.ts";

const labelName = "log.json";
const runningName = "running";

/** What stands on a log. */
export interface Label {
  readonly destination: Destination;
  readonly note: string;
}

const isLabel = (u: unknown): u is Destination & { readonly note: string } =>
  Predicate.isObject(u) &&
  ["api", "host", "slug", "note"].every(
    (key) => Predicate.hasProperty(u, key) && typeof u[key] === "string",
  );

export const writeLabel = (
  disk: Disk,
  directory: string,
  { destination: { api, host, slug }, note }: Label,
): Effect.Effect<void, SpoolError> =>
  writeWhole(
    disk,
    disk.path.join(directory, labelName),
    JSON.stringify({ version: 1, api, host, slug, note }),
  );

/** Makes it, and what is above it if need be. */
export const makeLogDirectory = (
  disk: Disk,
  directory: string,
  label: Label,
): Effect.Effect<void, SpoolError> =>
  disk.fs
    .makeDirectory(directory, { recursive: true })
    .pipe(
      failing("open", directory),
      Effect.andThen(writeLabel(disk, directory, label)),
      Effect.andThen(syncDirectory(disk, directory)),
    );

/** `undefined` when there is none: the owner ended before it had written whose log it is. */
export const readLabel = (
  disk: Disk,
  directory: string,
): Effect.Effect<Label | undefined, SpoolError> => {
  const path = disk.path.join(directory, labelName);
  return orMissing(readWhole(disk, path)).pipe(
    failing("read", path),
    Effect.flatMap((bytes) => {
      if (bytes === undefined) return Effect.undefined;
      const read = parsed(new TextDecoder().decode(bytes));
      if (!isLabel(read)) {
        return new SpoolError({ operation: "read", path, detail: "it is not the label of a log" });
      }
      const { api, host, slug, note } = read;
      return Effect.succeed({ destination: { api, host, slug }, note });
    }),
  );
};

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

/** Notes that the run has begun, before its entries; or that how it ended is written among them. */
export const noteRunning = (
  disk: Disk,
  directory: string,
  running: boolean,
): Effect.Effect<void, SpoolError> => {
  const { fs, path } = disk;
  const file = path.join(directory, runningName);
  return running
    ? writeWhole(disk, file, "")
    : fs.remove(file, { force: true }).pipe(failing("remove", file));
};

export const isRunning = (
  { fs, path }: Disk,
  directory: string,
): Effect.Effect<boolean, SpoolError> => {
  const file = path.join(directory, runningName);
  return fs.exists(file).pipe(failing("read", file));
};

/**
 * Keeps how a run ended whose process was killed, unless that is kept already. What a full disk does not keep is good
 * for this once.
 */
export const keepEnd = (disk: Disk, directory: string, entry: string): Effect.Effect<string> => {
  const file = disk.path.join(directory, runningName);
  return Effect.gen(function* () {
    const kept = yield* Effect.orElseSucceed(disk.fs.readFileString(file), () => "");
    if (kept !== "") return kept;
    yield* Effect.ignore(writeWhole(disk, file, entry));
    return entry;
  });
};
