/** The directory of one log: whose events they are, and whether the run they belong to has ended. */
import * as Effect from "effect/Effect";
import * as Predicate from "effect/Predicate";
import type { SpoolError } from "./spoolError.ts";
import { type Disk, failing, orMissing, syncDirectory, writeWhole } from "./disk.ts";
import type { Destination } from "./log.ts";

const destinationName = "log.json";
const runningName = "running";

const isDestination = (u: unknown): u is Destination =>
  Predicate.isObject(u) &&
  ["host", "experimentId", "slug"].every(
    (key) => Predicate.hasProperty(u, key) && typeof u[key] === "string",
  );

export const makeHome = (
  disk: Disk,
  directory: string,
  { host, experimentId, slug }: Destination,
): Effect.Effect<void, SpoolError> =>
  Effect.gen(function* () {
    const { fs, path } = disk;
    yield* fs.makeDirectory(directory).pipe(failing("open", directory));
    const text = JSON.stringify({ version: 1, host, experimentId, slug });
    yield* writeWhole(disk, path.join(directory, destinationName), text);
    yield* syncDirectory(disk, directory);
  });

/** `undefined` when the directory is gone, or holds no log: its owner ended before it was one. */
export const readHome = (
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
        const { host, experimentId, slug } = read;
        return { host, experimentId, slug };
      } catch {
        return undefined;
      }
    }),
  );
};

/** Notes that the run has begun, before its events; or that how it ended is written among them. */
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
