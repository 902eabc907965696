/** Postgres, which several servers may share. Its driver is installed by those who use it. */
import * as Data from "effect/Data";
import type * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Reactivity from "effect/reactivity/Reactivity";
import type * as Redacted from "effect/Redacted";
import * as Result from "effect/Result";
import type * as Scope from "effect/Scope";
import * as SqlClient from "effect/sql/SqlClient";
import type * as SqlError from "effect/sql/SqlError";
import type * as PgTypes from "@effect/sql-pg/PgTypes";
import { createHash } from "node:crypto";
import { toStoreError } from "../sql/errors.ts";
import { migrate } from "../sql/migrations.ts";
import { answersBetween, maxAnswers, sequencesOfBatch } from "../sql/limits.ts";
import { isLate, lateOf, type Sealed } from "../sql/late.ts";
import { idSize, type PackedEvents, packEvents } from "../sql/packed.ts";
import { makeSqlStore } from "../sql/store.ts";
import { fromText, toText } from "../sql/text.ts";
import { within } from "../sql/within.ts";
import { type Batch, type Ingested, Store, type StoreError } from "../store.ts";

/** The driver is not installed, or cannot be loaded. */
export class DriverMissing extends Data.TaggedError("DriverMissing")<{
  readonly message: string;
}> {}

/** Any number that no one else uses for a lock of his in this database. */
const transactionLock = 4_318_001;
const seriesLock = 4_318_002;

const loadDriver = Effect.tryPromise({
  try: async () => ({
    PgClient: await import("@effect/sql-pg/PgClient"),
    PgTypes: await import("@effect/sql-pg/PgTypes"),
  }),
  catch: (error) =>
    new DriverMissing({
      message:
        (error as { code?: unknown }).code === "ERR_MODULE_NOT_FOUND"
          ? "Postgres needs a package that is not installed beside this one: npm install @effect/sql-pg@4.0.5"
          : `@effect/sql-pg cannot be loaded: ${(error as Error).message}`,
    }),
});

/** Numbers of 64 bits as JavaScript has them: all that are kept here are exact in it. */
const makeTypes = ({ makeRegistry, OID }: typeof PgTypes) => {
  const types = makeRegistry();
  const high = 2 ** 32;
  const read = (bytes: Uint8Array, offset: number) => {
    const view = new DataView(bytes.buffer, bytes.byteOffset + offset, 8);
    return Result.succeed(view.getInt32(0) * high + view.getUint32(4));
  };
  // The driver itself makes a bigint of a large number.
  const codec: PgTypes.Codec<number | bigint> = {
    encode: (value) => {
      const bytes = new Uint8Array(8);
      new DataView(bytes.buffer).setBigInt64(0, BigInt(value));
      return Result.succeed(bytes);
    },
    write: (sink, value) => {
      sink.bigInt64(BigInt(value));
      return Result.void;
    },
    decode: (bytes) => read(bytes, 0),
    read,
  };
  types.register(OID.int8, codec, { arrayOid: OID.int8Array });
  return types;
};

const latin1 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("latin1");

/** What waits for the database is packed: a tenth of the events as they came. */
interface PackedBatch extends Omit<Batch, "events"> {
  readonly packed: PackedEvents;
}

export interface Postgres {
  readonly store: Store["Service"];
  readonly setting: (name: string) => Effect.Effect<string | undefined, StoreError>;
  readonly setSetting: (name: string, value: string) => Effect.Effect<void, StoreError>;
  /** Answers what stands there then: the first that was written. */
  readonly addSetting: (name: string, value: string) => Effect.Effect<string, StoreError>;
}

export interface PostgresOptions {
  /** How long it may take to do what it is told to. Default: half a minute. */
  readonly patience?: Duration.Input | undefined;
}

export const openPostgres = (
  url: Redacted.Redacted,
  { patience = "30 seconds" }: PostgresOptions = {},
): Effect.Effect<Postgres, DriverMissing | StoreError, Scope.Scope> =>
  Effect.gen(function* () {
    const { PgClient, PgTypes } = yield* loadDriver;
    const types = makeTypes(PgTypes);
    const patiently = within(patience);
    const sql = yield* Effect.catch(
      PgClient.make({
        url,
        types,
        applicationName: "syvain-metrics",
        maxConnections: 10,
        keepAlive: "10 seconds",
      }).pipe(Effect.provide(Reactivity.layer)),
      toStoreError,
    );
    yield* Effect.provideService(migrate, SqlClient.SqlClient, sql);

    const { bytea, float8, int8 } = PgTypes.OID;
    const array = (values: ReadonlyArray<unknown>, oid: number) =>
      Result.getOrThrow(PgTypes.array(values, oid, types));

    /** The number of each series of a batch. They are made in the order in which they came, by one at a time. */
    const numbersOf = (experiment: number, wanted: ReturnType<typeof packEvents>["allSeries"]) =>
      Effect.gen(function* () {
        const keys = array(
          wanted.map(({ key }) => key),
          bytea,
        );
        const find = Effect.map(
          sql<{ number: number; identity: Uint8Array }>`
            SELECT number, identity FROM series
            WHERE experiment = ${experiment} AND identity = ANY(${keys})`,
          (rows) => new Map(rows.map((row) => [latin1(row.identity), row.number])),
        );
        const found = yield* find;
        const missing = wanted.filter(({ key }) => !found.has(latin1(key)));
        if (missing.length === 0) return found;
        yield* sql`SELECT 1 FROM pg_advisory_xact_lock(${seriesLock})`;
        const text = (values: ReadonlyArray<string>) => array(values, PgTypes.OID.text);
        yield* sql`
          INSERT INTO series (experiment, identity, name, metadata, count)
          SELECT ${experiment}::bigint, identity, name, metadata, 0
          FROM unnest(${array(
            missing.map(({ key }) => key),
            bytea,
          )}, ${text(missing.map(({ name }) => name))},
            ${text(missing.map(({ metadata }) => metadata))})
            WITH ORDINALITY AS missing (identity, name, metadata, place)
          ORDER BY place
          ON CONFLICT DO NOTHING`;
        return yield* find;
      });

    const addEvents = (
      { number, revision }: { readonly number: number; readonly revision: number },
      { serverTime, packed }: PackedBatch,
    ) =>
      Effect.gen(function* () {
        /** Where each id is first. */
        const places = new Map<string, number>();
        for (let i = 0; i < packed.series.length; i++) {
          const id = latin1(packed.ids.subarray(i * idSize, (i + 1) * idSize));
          if (!places.has(id)) places.set(id, i);
        }
        // All in one order, or two batches could wait for each other.
        const ids = [...places.keys()].toSorted();
        const fresh = yield* sql<{ id: Uint8Array }>`
          INSERT INTO seen (experiment, id)
          SELECT ${number}::bigint, id FROM unnest(${array(
            ids.map((id) => Buffer.from(id, "latin1")),
            bytea,
          )}) AS id
          ON CONFLICT DO NOTHING RETURNING id`;
        if (fresh.length === 0) return 0;
        const at = fresh.map(({ id }) => places.get(latin1(id))!).toSorted((a, b) => a - b);
        const used = [...new Set(at.map((i) => packed.series[i]!))];
        const allSeries = used.map((index) => packed.allSeries[index]!);
        const numbers = yield* numbersOf(number, allSeries);
        const numberOf = new Map(
          used.map((index) => [index, numbers.get(latin1(packed.allSeries[index]!.key))!]),
        );
        const [batch] = yield* sql<{ number: number }>`
          INSERT INTO batches (experiment, time, revision)
          VALUES (${number}, ${serverTime}, ${revision}) RETURNING number`;
        const first = batch!.number * sequencesOfBatch;
        const column = (values: ReadonlyArray<number>) => array(values, int8);
        yield* sql`
          INSERT INTO points (series, step, time, sequence, value)
          SELECT * FROM unnest(
            ${column(at.map((i) => numberOf.get(packed.series[i]!)!))},
            ${column(at.map((i) => packed.steps[i]!))},
            ${column(at.map((i) => packed.times[i]!))},
            ${column(at.map((i) => first + i))},
            ${array(
              at.map((i) => packed.values[i]!),
              float8,
            )})`;
        const counts = new Map<number, number>();
        for (const i of at) {
          const series = numberOf.get(packed.series[i]!)!;
          counts.set(series, (counts.get(series) ?? 0) + 1);
        }
        const counted = column([...counts.keys()]);
        // Read under the lock: what is sealed from now on has these events in it.
        const sealed = new Map(
          (yield* sql<{ number: number } & Sealed>`
            SELECT number, sealed_step AS step, sealed_time AS time FROM series
            WHERE number = ANY(${counted}) ORDER BY number FOR UPDATE`).map((row) => [
            row.number,
            row,
          ]),
        );
        yield* sql`
          UPDATE series SET count = series.count + more.count
          FROM unnest(${counted}, ${column([...counts.values()])}) AS more (number, count)
          WHERE series.number = more.number`;
        const late = at.filter((i) => {
          const row = sealed.get(numberOf.get(packed.series[i]!)!)!;
          return isLate(row, packed.steps[i]!, packed.times[i]!);
        });
        for (const { series, count, first, last } of lateOf(late, packed)) {
          const number = numberOf.get(series)!;
          yield* sql`UPDATE series SET late = late + ${count} WHERE number = ${number}`;
          yield* sql`DELETE FROM segments WHERE series = ${number}
            AND (step, time) >= (${first.step}, ${first.time})
            AND (after_step, after_time) <= (${last.step}, ${last.time})`;
        }
        return at.length;
      });

    const ingest = (batch: PackedBatch): Effect.Effect<Ingested, SqlError.SqlError> =>
      Effect.gen(function* () {
        const { experimentId, serverTime, keyId, answer } = batch;
        const [experiment] = yield* sql<{ number: number; revision: number }>`
          SELECT number, revision FROM experiments WHERE id = ${toText(experimentId)}`;
        if (experiment === undefined) return { _tag: "NoExperiment" };
        if (answer !== undefined) {
          const { status, contentType, body } = answer.answer;
          const id = toText(answer.idempotencyKey);
          // Waits for another that is keeping its answer under this key.
          const [kept] = yield* sql<{ number: number }>`
            INSERT INTO answers (id, request, status, type, body)
            VALUES (${id}, ${answer.request}, ${status}, ${contentType}, ${toText(body)})
            ON CONFLICT (id) DO NOTHING RETURNING number`;
          if (kept === undefined) {
            const [before] = yield* sql<{
              request: string;
              status: number;
              type: string;
              body: string;
            }>`SELECT request, status, type, body FROM answers WHERE id = ${id}`;
            const { request, type, ...rest } = before!;
            return {
              _tag: "Answered",
              kept: {
                idempotencyKey: answer.idempotencyKey,
                request,
                answer: { status: rest.status, contentType: type, body: fromText(rest.body) },
              },
            };
          }
          if (kept.number % answersBetween === 0) {
            yield* sql`DELETE FROM answers WHERE number <= ${kept.number - maxAnswers}`;
          }
        }
        const hasEvents = batch.packed.series.length > 0;
        const added = hasEvents ? yield* addEvents(experiment, batch) : 0;
        if (keyId !== null) {
          yield* sql`UPDATE ingestion_keys SET last_used = ${serverTime} WHERE id = ${toText(keyId)}`;
        }
        if (hasEvents) {
          yield* sql`UPDATE experiments SET last_event = ${serverTime} WHERE number = ${experiment.number}`;
        }
        return { _tag: "Ingested", added };
      });

    const store = yield* makeSqlStore({
      sql,
      hash: (token) => createHash("sha256").update(token).digest("hex"),
      lock: Effect.asVoid(sql`SELECT 1 FROM pg_advisory_xact_lock(${transactionLock})`),
      within: patiently,
      columns: (statement) =>
        Effect.map(patiently(statement.values), (rows) => {
          const width = rows[0]?.length ?? 0;
          return Array.from({ length: width }, (_, column) =>
            Float64Array.from(rows, (row) => Number(row[column])),
          );
        }),
      sortedAtOnce: 250_000,
      write: Effect.asVoid,
      ingest: ({ events, ...batch }) =>
        Effect.suspend(() => {
          const packed = packEvents({ ...batch, events });
          return Effect.retry(sql.withTransaction(ingest({ ...batch, packed })), {
            times: 3,
            while: ({ reason }) =>
              reason._tag === "DeadlockError" || reason._tag === "SerializationError",
          });
        }),
    });

    const setting = (name: string) =>
      Effect.map(
        patiently(sql<{ value: string }>`SELECT value FROM settings WHERE name = ${name}`),
        ([row]) => row?.value,
      );
    return {
      store,
      setting: (name) => Effect.catch(setting(name), toStoreError),
      setSetting: (name, value) =>
        Effect.catch(
          Effect.asVoid(sql`
            INSERT INTO settings (name, value) VALUES (${name}, ${value})
            ON CONFLICT (name) DO UPDATE SET value = excluded.value`),
          toStoreError,
        ),
      addSetting: (name, value) =>
        sql`INSERT INTO settings (name, value) VALUES (${name}, ${value}) ON CONFLICT DO NOTHING`.pipe(
          Effect.andThen(setting(name)),
          Effect.map((kept) => kept ?? value),
          Effect.catch(toStoreError),
        ),
    };
  });

export const layerPostgres = (
  url: Redacted.Redacted,
  options?: PostgresOptions,
): Layer.Layer<Store, DriverMissing | StoreError> =>
  Layer.effect(
    Store,
    Effect.map(openPostgres(url, options), ({ store }) => store),
  );
