/**
 * SQLite on disk: one thread writes, another reads what was committed, so that reading never waits for writing. What was
 * acknowledged is on disk.
 */
import * as Data from "effect/Data";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Reactivity from "effect/reactivity/Reactivity";
import type * as Scope from "effect/Scope";
import * as Semaphore from "effect/Semaphore";
import * as SqlClient from "effect/sql/SqlClient";
import type * as SqlConnection from "effect/sql/SqlConnection";
import * as SqlError from "effect/sql/SqlError";
import * as Statement from "effect/sql/Statement";
import * as Stream from "effect/Stream";
import { createHash } from "node:crypto";
import { Worker } from "node:worker_threads";
import { toStoreError } from "../sql/errors.ts";
import { migrate } from "../sql/migrations.ts";
import { packEvents } from "../sql/packed.ts";
import { answersBetween, makeSqlStore, maxAnswers, sequencesOfBatch } from "../sql/store.ts";
import { fromText, toText } from "../sql/text.ts";
import { type Batch, type Ingested, Store, type StoreError } from "../store.ts";
import type {
  Command,
  Failure,
  Opening,
  PackedIngested,
  Reply,
  Request,
  Shape,
} from "./sqliteProtocol.ts";

/** How many batches the writing thread is given at once, so that it has not to wait for the next. */
const batchesAtOnce = 4;

/** Beside this module in the sources, beside the command where it was built. */
const worker = new URL(
  import.meta.url.endsWith(".ts") ? "./sqliteWorker.ts" : "./sqliteWorker.js",
  import.meta.url,
);

// -----------------------------------------------------------------------------
// Threads
// -----------------------------------------------------------------------------

/** A thread with the database. */
interface Thread {
  readonly send: (
    command: Command,
    transfer?: ReadonlyArray<ArrayBuffer>,
  ) => Effect.Effect<unknown, SqlError.SqlError>;
  readonly isTransaction: () => boolean;
}

const failed = ({ message, errno }: Failure, operation: string) =>
  new SqlError.SqlError({
    reason: SqlError.classifySqliteError(Object.assign(new Error(message), { errno }), {
      message,
      operation,
    }),
  });

const gone = (cause: unknown) =>
  new SqlError.SqlError({
    reason: new SqlError.ConnectionError({
      cause,
      message: "the thread of the database has ended",
      operation: "execute",
    }),
  });

const startThread = (opening: Opening): Effect.Effect<Thread, SqlError.SqlError, Scope.Scope> =>
  Effect.gen(function* () {
    const waiting = new Map<number, (reply: Effect.Effect<unknown, SqlError.SqlError>) => void>();
    let isTransaction = false;
    let lost: SqlError.SqlError | undefined;
    let lastId = 0;
    const send: Thread["send"] = (command, transfer = []) =>
      Effect.callback((resume) => {
        if (lost !== undefined) return resume(Effect.fail(lost));
        const id = lastId++;
        waiting.set(id, resume);
        thread.postMessage({ id, command } satisfies Request, transfer);
      });
    const thread = yield* Effect.acquireRelease(
      Effect.sync(() => {
        const thread = new Worker(worker, {
          // Node 22 warns of `node:sqlite`, which is what this is for.
          execArgv: ["--disable-warning=ExperimentalWarning"],
        });
        thread.on("message", ({ id, result, isTransaction: is }: Reply) => {
          isTransaction = is;
          const resume = waiting.get(id);
          waiting.delete(id);
          resume?.(
            "value" in result
              ? Effect.succeed(result.value)
              : Effect.fail(failed(result.failure, "execute")),
          );
        });
        const end = (cause: unknown) => {
          lost ??= gone(cause);
          for (const resume of waiting.values()) resume(Effect.fail(lost));
          waiting.clear();
        };
        thread.on("error", end);
        thread.on("exit", () => end(new Error("it exited")));
        return thread;
      }),
      (thread) =>
        Effect.andThen(
          Effect.ignore(send({ _tag: "Close" })),
          Effect.promise(() => thread.terminate()),
        ),
    );
    yield* send({ _tag: "Open", opening });
    return { send, isTransaction: () => isTransaction };
  });

// -----------------------------------------------------------------------------
// Client
// -----------------------------------------------------------------------------

interface Connection extends SqlConnection.Connection {
  readonly isTransaction: () => boolean;
}

const makeConnection = ({ send, isTransaction }: Thread): Connection => {
  const run = <A>(sql: string, params: ReadonlyArray<unknown>, shape: Shape) =>
    send({ _tag: "Run", sql, params, shape }) as Effect.Effect<ReadonlyArray<A>, SqlError.SqlError>;
  const rows: SqlConnection.Connection["execute"] = (sql, params, transform) =>
    Effect.map(run<object>(sql, params, "rows"), (all) => transform?.(all) ?? all);
  const values: SqlConnection.Connection["executeValues"] = (sql, params) =>
    run(sql, params, "values");
  return {
    isTransaction,
    execute: rows,
    executeUnprepared: rows,
    executeValues: values,
    executeValuesUnprepared: values,
    executeRaw: (sql, params) => run(sql, params, "columns"),
    // Nothing here streams rows: what is long is read in parts.
    executeStream: (sql, params, transform) =>
      Stream.fromIterableEffect(rows(sql, params, transform)),
  };
};

const makeClient = (options: {
  readonly reader: Connection;
  readonly writer: ReturnType<typeof SqlClient.makeSqliteAcquirers<Connection>>;
}) =>
  SqlClient.make({
    ...options.writer,
    acquirer: Effect.succeed(options.reader),
    borrower: (use) => use(options.reader),
    compiler: Statement.makeCompilerSqlite(),
    driver: "node-sqlite",
    beginTransaction: "BEGIN IMMEDIATE",
    prepareTransactionControls: true,
    spanAttributes: [],
  }).pipe(Effect.provide(Reactivity.layer));

const isColumns = (raw: unknown): raw is ReadonlyArray<Float64Array> =>
  Array.isArray(raw) && raw.every((one) => one instanceof Float64Array);

const toIngested = (result: PackedIngested, idempotencyKey: string | undefined): Ingested =>
  result._tag === "Answered"
    ? {
        _tag: "Answered",
        kept: {
          idempotencyKey: idempotencyKey ?? "",
          request: result.request,
          answer: { ...result.answer, body: fromText(result.answer.body) },
        },
      }
    : result;

/** Another process has the database. */
export class DatabaseHeld extends Data.TaggedError("DatabaseHeld")<{ readonly file: string }> {}

export interface Options {
  /** Made when it is not there. */
  readonly file: string;
  /** Locked for as long as the store is there, so that one process has the database at a time. */
  readonly lock: string;
}

/** The store in a file. */
export const layerSqlite = ({
  file,
  lock,
}: Options): Layer.Layer<Store, DatabaseHeld | StoreError> =>
  Layer.effect(
    Store,
    Effect.gen(function* () {
      const thread = yield* startThread({ file, isReader: false, lock });
      const writer = makeConnection(thread);
      // A transaction waits until the batches under way are done, and no batch comes before it has ended.
      const turn = Semaphore.makeUnsafe(1);
      const batches = Semaphore.makeUnsafe(batchesAtOnce);
      const acquirers = SqlClient.makeSqliteAcquirers({
        connection: batches.withPermits(batchesAtOnce)(Effect.succeed(writer)),
        semaphore: turn,
        isTransaction: (connection) => connection.isTransaction(),
      });
      yield* Effect.provideService(
        migrate,
        SqlClient.SqlClient,
        yield* makeClient({ reader: writer, writer: acquirers }),
      );
      const reader = makeConnection(yield* startThread({ file, isReader: true, lock: undefined }));
      const sql = yield* makeClient({ reader, writer: acquirers });

      const ingest = (batch: Batch): Effect.Effect<Ingested, SqlError.SqlError> =>
        Effect.suspend(() => {
          const { answer, experimentId, keyId } = batch;
          const packed = packEvents(batch.events);
          const { ids, series, steps, times, values } = packed;
          return thread.send(
            {
              _tag: "Ingest",
              batch: {
                experimentId: toText(experimentId),
                serverTime: batch.serverTime,
                keyId: keyId === null ? null : toText(keyId),
                events: {
                  ...packed,
                  allSeries: packed.allSeries.map((one) => ({ ...one, name: toText(one.name) })),
                },
                answer:
                  answer === undefined
                    ? undefined
                    : {
                        ...answer,
                        idempotencyKey: toText(answer.idempotencyKey),
                        answer: { ...answer.answer, body: toText(answer.answer.body) },
                      },
                maxAnswers,
                answersBetween,
                sequencesOfBatch,
              },
            },
            [ids, series, steps, times, values].map((one) => one.buffer as ArrayBuffer),
          );
        }).pipe(
          Effect.map((result) =>
            toIngested(result as PackedIngested, batch.answer?.idempotencyKey),
          ),
          Effect.ensuring(batches.release(1)),
        );

      return makeSqlStore({
        sql,
        hash: (token) => createHash("sha256").update(token).digest("hex"),
        lock: Effect.void,
        columns: (statement) => Effect.map(statement.raw, (raw) => (isColumns(raw) ? raw : [])),
        ingest: (batch) =>
          Effect.uninterruptible(Effect.andThen(turn.withPermit(batches.take(1)), ingest(batch))),
      });
    }).pipe(
      Effect.catchTag("SqlError", (error): Effect.Effect<never, DatabaseHeld | StoreError> =>
        error.reason._tag === "LockTimeoutError"
          ? Effect.fail(new DatabaseHeld({ file }))
          : toStoreError(error),
      ),
    ),
  );
