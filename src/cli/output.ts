/** Where a command writes what it was asked for: a file, which is there when it is whole, or stdout. */
import * as Effect from "effect/Effect";
import type * as Scope from "effect/Scope";
import { open, rename, rm } from "node:fs/promises";

export interface Output {
  /** Ends when it is written, so that nothing heaps up. */
  readonly write: (chunk: string | Uint8Array) => Effect.Effect<void, Error>;
  /** All of it was written. */
  readonly done: Effect.Effect<void, Error>;
}

const toStdout: Output = {
  write: (chunk) =>
    Effect.callback((resume) => {
      process.stdout.write(chunk, (error) => resume(error ? Effect.fail(error) : Effect.void));
    }),
  done: Effect.void,
};

/** Has another name until it is whole; what is not is deleted. */
const toFile = (file: string): Effect.Effect<Output, Error, Scope.Scope> => {
  const draft = `${file}.${process.pid}.partial`;
  const tried = <A>(work: () => Promise<A>) =>
    Effect.tryPromise({
      try: work,
      catch: (error) => new Error(`${file} cannot be written: ${(error as Error).message}`),
    });
  return Effect.acquireRelease(
    tried(() => open(draft, "wx")),
    (handle) =>
      Effect.promise(async () => {
        await handle.close();
        await rm(draft, { force: true });
      }),
  ).pipe(
    Effect.map((handle) => ({
      write: (chunk) =>
        tried(async () => {
          await handle.writeFile(chunk);
        }),
      done: tried(async () => {
        await handle.sync();
        await rename(draft, file);
      }),
    })),
  );
};

export const openOutput = (file: string | undefined): Effect.Effect<Output, Error, Scope.Scope> =>
  file === undefined ? Effect.succeed(toStdout) : toFile(file);
