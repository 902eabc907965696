/** The directory of one log: whose entries it keeps, and whether the run that they belong to has ended. */
import * as Effect from "effect/Effect";
import * as Predicate from "effect/Predicate";
import { type Disk, failing, orMissing, syncDirectory, writeWhole } from "./disk.ts";
import type { Destination, SpoolError } from "./service.ts";

const destinationName = "log.json";
const runningName = "running";

const isDestination = (u: unknown): u is Destination =>
  Predicate.isObject(u) &&
  ["api", "host", "experimentId", "slug"].every(
    (key) => Predicate.hasProperty(u, key) && typeof u[key] === "string",
  );

export const makeLogDirectory = (
  disk: Disk,
  directory: string,
  { api, host, experimentId, slug }: Destination,
): Effect.Effect<void, SpoolError> =>
  Effect.gen(function* () {
    const { fs, path } = disk;
    yield* fs.makeDirectory(directory).pipe(failing("open", directory));
    const text = JSON.stringify({ version: 1, api, host, experimentId, slug });
    yield* writeWhole(disk, path.join(directory, destinationName), text);
    yield* syncDirectory(disk, directory);
  });

/** `undefined` when the directory is gone, or holds no log: its owner ended before it was one. */
export const readDestination = (
  { fs, path }: Disk,
  directory: string,
): Effect.Effect<Destination | undefined, SpoolError> => {
  const file = path.join(directory, destinationName);
  return orMissing(fs.readFileString(file)).pipe(
    failing("read", file),
    Effect.map((text) => {
      try {
        const read: unknown = JSON.parse(text ?? "");
        if (!isDestination(read)) return undefined;
        const { api, host, experimentId, slug } = read;
        return { api, host, experimentId, slug };
      } catch {
        return undefined;
      }
    }),
  );
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
