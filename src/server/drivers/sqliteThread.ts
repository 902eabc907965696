/** Threads with a SQLite database, seen from the server. */
import * as Effect from "effect/Effect";
import type * as Scope from "effect/Scope";
import * as SqlError from "effect/sql/SqlError";
import { Worker } from "node:worker_threads";
import type { Command, Failure, Reply, Request } from "./sqliteProtocol.ts";

/** Beside this module in the sources, beside the command where it was built. */
const worker = new URL(
  import.meta.url.endsWith(".ts") ? "./sqliteWorker.ts" : "./sqliteWorker.js",
  import.meta.url,
);

export interface Thread {
  /** What is sent is done in that order. */
  readonly send: (
    command: Command,
    transfer?: ReadonlyArray<ArrayBufferLike>,
  ) => Effect.Effect<unknown, SqlError.SqlError>;
  /** After the last answer. */
  readonly isTransaction: () => boolean;
}

const failed = ({ message, errno }: Failure) =>
  new SqlError.SqlError({
    reason: SqlError.classifySqliteError(Object.assign(new Error(message), { errno }), {
      message,
      operation: "execute",
    }),
  });

const ended = (cause: unknown) =>
  new SqlError.SqlError({
    reason: new SqlError.ConnectionError({
      cause,
      message: "the thread of the database has ended",
      operation: "execute",
    }),
  });

/** A thread until the scope closes. It has no database before it is told to open one. */
export const startThread: Effect.Effect<Thread, never, Scope.Scope> = Effect.gen(function* () {
  const waiting = new Map<number, (reply: Effect.Effect<unknown, SqlError.SqlError>) => void>();
  let isTransaction = false;
  let lost: SqlError.SqlError | undefined;
  let lastId = 0;

  const thread = new Worker(worker, {
    // Node 22 warns of `node:sqlite`, which is what this is for.
    execArgv: ["--disable-warning=ExperimentalWarning"],
  });
  thread.on("message", ({ id, result, isTransaction: is }: Reply) => {
    isTransaction = is;
    const resume = waiting.get(id);
    waiting.delete(id);
    resume?.(
      "value" in result ? Effect.succeed(result.value) : Effect.fail(failed(result.failure)),
    );
  });
  const end = (cause: unknown) => {
    lost ??= ended(cause);
    for (const resume of waiting.values()) resume(Effect.fail(lost));
    waiting.clear();
  };
  thread.on("error", end);
  thread.on("exit", () => end(new Error("it exited")));

  const send: Thread["send"] = (command, transfer = []) =>
    Effect.callback((resume) => {
      if (lost !== undefined) return resume(Effect.fail(lost));
      const id = lastId++;
      waiting.set(id, resume);
      // What is transferred was made for this message, on no shared memory.
      thread.postMessage({ id, command } satisfies Request, transfer as ReadonlyArray<ArrayBuffer>);
    });
  yield* Effect.addFinalizer(() =>
    Effect.andThen(
      Effect.ignore(send({ _tag: "Close" })),
      Effect.promise(() => thread.terminate()),
    ),
  );
  return { send, isTransaction: () => isTransaction };
});
