/**
 * SQLite on disk: one thread writes, another reads what was committed, so that reading never waits for writing. What was
 * acknowledged is on disk.
 */
import * as Data from "effect/Data";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Reactivity from "effect/reactivity/Reactivity";
import * as Semaphore from "effect/Semaphore";
import * as SqlClient from "effect/sql/SqlClient";
import type * as SqlConnection from "effect/sql/SqlConnection";
import type * as SqlError from "effect/sql/SqlError";
import * as Statement from "effect/sql/Statement";
import * as Stream from "effect/Stream";
import { createHash } from "node:crypto";
import { toStoreError } from "../sql/errors.ts";
import { migrate } from "../sql/migrations.ts";
import { packEvents } from "../sql/packed.ts";
import { makeSqlStore } from "../sql/store.ts";
import { fromText, toText } from "../sql/text.ts";
import { always } from "../sql/within.ts";
import { type Batch, type Ingested, Store, type StoreError } from "../store.ts";
import type { PackedBatch, PackedIngested, Shape } from "./sqliteProtocol.ts";
import { startThread, type Thread } from "./sqliteThread.ts";

/** How many batches the writing thread is given at once, so that it has not to wait for the next. */
const batchesAtOnce = 4;

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

// -----------------------------------------------------------------------------
// Batches
// -----------------------------------------------------------------------------

/** What waits for its turn is packed: a tenth of the events as they came. */
const packBatch = (batch: Batch): PackedBatch => {
  const { answer, experimentId, keyId, serverTime } = batch;
  return {
    experimentId: toText(experimentId),
    serverTime,
    keyId: keyId === null ? null : toText(keyId),
    events: packEvents(batch),
    answer:
      answer === undefined
        ? undefined
        : {
            ...answer,
            idempotencyKey: toText(answer.idempotencyKey),
            answer: { ...answer.answer, body: toText(answer.answer.body) },
          },
  };
};

const sendBatch = (
  { send }: Thread,
  batch: PackedBatch,
): Effect.Effect<PackedIngested, SqlError.SqlError> => {
  const { ids, series, steps, times, values } = batch.events;
  const columns = [ids, series, steps, times, values].map(({ buffer }) => buffer);
  return send({ _tag: "Ingest", batch }, columns) as Effect.Effect<
    PackedIngested,
    SqlError.SqlError
  >;
};

const toIngested = (result: PackedIngested): Ingested => {
  if (result._tag !== "Answered") return result;
  const { kept } = result;
  const { idempotencyKey, answer } = kept;
  return {
    _tag: "Answered",
    kept: {
      ...kept,
      idempotencyKey: fromText(idempotencyKey),
      answer: { ...answer, body: fromText(answer.body) },
    },
  };
};

// -----------------------------------------------------------------------------
// Store
// -----------------------------------------------------------------------------

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
      // They start side by side; the one that writes opens first.
      const [writing, reading] = [yield* startThread, yield* startThread];
      yield* writing.send({ _tag: "Open", opening: { file, isReader: false, lock } });
      const writer = makeConnection(writing);
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
      yield* reading.send({ _tag: "Open", opening: { file, isReader: true, lock: undefined } });
      const sql = yield* makeClient({ reader: makeConnection(reading), writer: acquirers });

      const readMuch = (statement: Statement.Statement<unknown>) => {
        const [text, params] = statement.compile();
        return reading.send({ _tag: "Run", sql: text, params, shape: "manyColumns" });
      };
      /** Between transactions. */
      const amongBatches = <A, E>(self: Effect.Effect<A, E>): Effect.Effect<A, E> =>
        Effect.uninterruptible(
          Effect.andThen(
            turn.withPermit(batches.take(1)),
            Effect.ensuring(self, batches.release(1)),
          ),
        );

      return yield* makeSqlStore({
        sql,
        hash: (token) => createHash("sha256").update(token).digest("hex"),
        within: always,
        lock: Effect.void,
        columns: (statement, isMuch = false) =>
          Effect.map(isMuch ? readMuch(statement) : statement.raw, (raw) =>
            isColumns(raw) ? raw : [],
          ),
        sortedAtOnce: 1_000_000,
        write: (statement) => {
          const [text, params] = statement.compile();
          return amongBatches(Effect.asVoid(writer.execute(text, params, undefined)));
        },
        ingest: (batch) =>
          Effect.suspend(() => amongBatches(sendBatch(writing, packBatch(batch)))).pipe(
            Effect.map(toIngested),
          ),
      });
    }).pipe(
      Effect.catchTag("SqlError", (error): Effect.Effect<never, DatabaseHeld | StoreError> =>
        error.reason._tag === "LockTimeoutError"
          ? Effect.fail(new DatabaseHeld({ file }))
          : toStoreError(error),
      ),
    ),
  );
