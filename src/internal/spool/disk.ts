import * as Effect from "effect/Effect";
import type * as FileSystem from "effect/FileSystem";
import type * as Path from "effect/Path";
import type { PlatformError } from "effect/PlatformError";
import type * as Semaphore from "effect/Semaphore";
import { SpoolError } from "./service.ts";

/** How many files one spool has open at a time. A process may have few: 256 on some systems. */
export const maxOpenFiles = 32;

/** What everything here works on. */
export interface Disk {
  readonly fs: FileSystem.FileSystem;
  readonly path: Path.Path;
  /** A permit for each file that may be open. */
  readonly openFiles: Semaphore.Semaphore;
}

/** Has a file open for as long as it is used, and waits for its turn to. */
export const withFile = <A, E>(
  { fs, openFiles }: Disk,
  path: string,
  flag: FileSystem.OpenFlag,
  use: (file: FileSystem.File) => Effect.Effect<A, E>,
): Effect.Effect<A, E | PlatformError> =>
  fs.open(path, { flag }).pipe(Effect.flatMap(use), Effect.scoped, openFiles.withPermits(1));

const detailOf = ({ reason }: PlatformError): string => {
  const cause: unknown = reason.cause;
  return cause instanceof Error ? cause.message : reason.message;
};

/** Says in our words what failed where. */
export const failing = (operation: SpoolError["operation"], path: string) =>
  Effect.mapError(
    (error: PlatformError) => new SpoolError({ operation, path, detail: detailOf(error) }),
  );

/** What is not there, is none. */
export const orMissing = <A, R>(
  effect: Effect.Effect<A, PlatformError, R>,
): Effect.Effect<A | undefined, PlatformError, R> =>
  Effect.catchIf(
    effect,
    (error) => error.reason._tag === "NotFound",
    () => Effect.undefined,
  );

/** New names survive a power cut once their directory is synced. Not every platform can do it. */
export const syncDirectory = (disk: Disk, directory: string): Effect.Effect<void> =>
  Effect.ignore(withFile(disk, directory, "r", (file) => file.sync));

/** Writes a small file so that it is there whole or not at all. */
export const writeWhole = (
  { fs, openFiles }: Disk,
  path: string,
  text: string,
): Effect.Effect<void, SpoolError> => {
  const draft = `${path}.new`;
  return fs
    .writeFileString(draft, text)
    .pipe(openFiles.withPermits(1), Effect.andThen(fs.rename(draft, path)), failing("write", path));
};

/** The bytes of a file. */
export const readWhole = (
  { fs, openFiles }: Disk,
  path: string,
): Effect.Effect<Uint8Array, PlatformError> => openFiles.withPermits(1)(fs.readFile(path));
