import * as Effect from "effect/Effect";
import type * as FileSystem from "effect/FileSystem";
import type * as Path from "effect/Path";
import type { PlatformError } from "effect/PlatformError";
import { SpoolError } from "./service.ts";

/** What everything here works on. */
export interface Disk {
  readonly fs: FileSystem.FileSystem;
  readonly path: Path.Path;
}

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
export const syncDirectory = ({ fs }: Disk, directory: string): Effect.Effect<void> =>
  fs.open(directory, { flag: "r" }).pipe(
    Effect.flatMap((file) => file.sync),
    Effect.scoped,
    Effect.ignore,
  );

/** Writes a small file so that it is there whole or not at all. */
export const writeWhole = (
  { fs }: Disk,
  path: string,
  text: string,
): Effect.Effect<void, SpoolError> => {
  const draft = `${path}.new`;
  return fs
    .writeFileString(draft, text)
    .pipe(Effect.andThen(fs.rename(draft, path)), failing("write", path));
};
