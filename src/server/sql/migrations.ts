/** The tables, and how they came to be: forward only, run whenever a server starts. */
import * as Effect from "effect/Effect";
import * as Migrator from "effect/sql/Migrator";
import * as SqlClient from "effect/sql/SqlClient";
import { StoreError } from "../store.ts";
import { toStoreError } from "./errors.ts";

/**
 * Points lie in the order in which they are read. `sequence` is 1,024 times the number of the batch and the place in
 * it: what is the same for all events of a batch stands there once.
 */
const tables = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient;
  const { number, bytes, clustered } = sql.onDialectOrElse({
    pg: () => ({
      number: sql.literal("BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY"),
      bytes: sql.literal("BYTEA"),
      clustered: sql.literal(""),
    }),
    orElse: () => ({
      number: sql.literal("INTEGER PRIMARY KEY"),
      bytes: sql.literal("BLOB"),
      clustered: sql.literal("WITHOUT ROWID"),
    }),
  });
  yield* sql`CREATE TABLE folders (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    parent TEXT REFERENCES folders (id)
  )`;
  yield* sql`CREATE UNIQUE INDEX siblings ON folders (COALESCE(parent, ''), name)`;
  yield* sql`CREATE TABLE experiments (
    number ${number},
    id TEXT NOT NULL UNIQUE,
    slug TEXT NOT NULL UNIQUE,
    folded TEXT NOT NULL,
    folder TEXT REFERENCES folders (id),
    revision BIGINT NOT NULL,
    status TEXT NOT NULL,
    error TEXT,
    created BIGINT NOT NULL,
    updated BIGINT NOT NULL,
    started BIGINT,
    done BIGINT,
    last_event BIGINT
  )`;
  yield* sql`CREATE INDEX experiments_by_update ON experiments (updated, number)`;
  yield* sql`CREATE TABLE descriptions (
    experiment BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (experiment, revision)
  )`;
  yield* sql`CREATE TABLE series (
    number ${number},
    experiment BIGINT NOT NULL,
    identity ${bytes} NOT NULL,
    name TEXT NOT NULL,
    metadata TEXT NOT NULL,
    count BIGINT NOT NULL,
    UNIQUE (experiment, identity)
  )`;
  yield* sql`CREATE TABLE batches (
    number ${number},
    experiment BIGINT NOT NULL,
    time BIGINT NOT NULL,
    revision BIGINT NOT NULL
  )`;
  yield* sql`CREATE TABLE points (
    series BIGINT NOT NULL,
    step BIGINT NOT NULL,
    time BIGINT NOT NULL,
    sequence BIGINT NOT NULL,
    value DOUBLE PRECISION NOT NULL,
    PRIMARY KEY (series, step, time, sequence)
  ) ${clustered}`;
  yield* sql`CREATE TABLE seen (
    experiment BIGINT NOT NULL,
    id ${bytes} NOT NULL,
    PRIMARY KEY (experiment, id)
  ) ${clustered}`;
  yield* sql`CREATE TABLE annotations (
    number ${number},
    id TEXT NOT NULL UNIQUE,
    experiment BIGINT NOT NULL,
    body TEXT NOT NULL,
    created BIGINT NOT NULL
  )`;
  yield* sql`CREATE INDEX annotations_by_time ON annotations (experiment, created, number)`;
  yield* sql`CREATE TABLE ingestion_keys (
    number ${number},
    id TEXT NOT NULL UNIQUE,
    experiment TEXT NOT NULL REFERENCES experiments (id),
    token TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    created BIGINT NOT NULL,
    expires BIGINT NOT NULL,
    revoked BIGINT,
    last_used BIGINT
  )`;
  yield* sql`CREATE INDEX ingestion_keys_by_experiment ON ingestion_keys (experiment)`;
  yield* sql`CREATE TABLE answers (
    number ${number},
    id TEXT NOT NULL UNIQUE,
    request TEXT NOT NULL,
    status INTEGER NOT NULL,
    type TEXT NOT NULL,
    body TEXT NOT NULL
  )`;
  yield* sql`CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL)`;
  // SQLite's ids that have not been sorted into the many others yet.
  yield* sql.onDialectOrElse({
    pg: () => Effect.void,
    orElse: () => sql`CREATE TABLE seen_lately (
      experiment BIGINT NOT NULL,
      id BLOB NOT NULL,
      PRIMARY KEY (experiment, id)
    ) WITHOUT ROWID`,
  });
});

/** What a second generation of the API asks for. */
const tokensAndChanges = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient;
  // How often the record or the annotations changed.
  yield* sql`ALTER TABLE experiments ADD COLUMN changes BIGINT NOT NULL DEFAULT 0`;
  yield* sql`CREATE TABLE experiment_tokens (
    token TEXT PRIMARY KEY,
    experiment TEXT NOT NULL REFERENCES experiments (id),
    expires BIGINT NOT NULL,
    revoked BIGINT
  )`;
});

/**
 * Buckets of the events of a series that lie between two of them in the order of points, the first exclusive. What
 * lies in no segment is read from the points. Up to the sealed place whoever adds events takes away the segments that
 * they fall into.
 */
const segments = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient;
  const bytes = sql.onDialectOrElse({
    pg: () => sql.literal("BYTEA"),
    orElse: () => sql.literal("BLOB"),
  });
  for (const column of ["sealed_step", "sealed_time", "sealed_sequence"]) {
    // Before all points.
    yield* sql`ALTER TABLE series ADD COLUMN ${sql.literal(column)} BIGINT NOT NULL DEFAULT -2`;
  }
  // How many events lay up to there when it was set, and how many have come there since.
  yield* sql`ALTER TABLE series ADD COLUMN sealed BIGINT NOT NULL DEFAULT 0`;
  yield* sql`ALTER TABLE series ADD COLUMN late BIGINT NOT NULL DEFAULT 0`;
  yield* sql`CREATE TABLE segments (
    series BIGINT NOT NULL,
    after_step BIGINT NOT NULL,
    after_time BIGINT NOT NULL,
    after_sequence BIGINT NOT NULL,
    step BIGINT NOT NULL,
    time BIGINT NOT NULL,
    sequence BIGINT NOT NULL,
    step_count BIGINT NOT NULL,
    step_from BIGINT NOT NULL,
    step_to BIGINT NOT NULL,
    step_width BIGINT NOT NULL,
    time_count BIGINT NOT NULL,
    time_from BIGINT NOT NULL,
    time_to BIGINT NOT NULL,
    time_width BIGINT NOT NULL,
    step_wide ${bytes} NOT NULL,
    time_wide ${bytes} NOT NULL,
    step_narrow ${bytes} NOT NULL,
    time_narrow ${bytes} NOT NULL,
    PRIMARY KEY (series, after_step, after_time, after_sequence)
  )`;
});

const migrations = {
  "1_tables": tables,
  "2_tokens_and_changes": tokensAndChanges,
  "3_segments": segments,
};
const newest = Object.keys(migrations).length;

export const migrate: Effect.Effect<void, StoreError, SqlClient.SqlClient> = Effect.gen(
  function* () {
    const sql = yield* SqlClient.SqlClient;
    yield* Migrator.make({})({ loader: Migrator.fromRecord(migrations), table: "migrations" });
    const [row] = yield* sql<{ id: number }>`SELECT MAX(migration_id) AS id FROM migrations`;
    if (row !== undefined && Number(row.id) > newest) {
      return yield* new StoreError({
        reason: "failed",
        message: "it was written by a newer version of syvain-metrics-effect",
      });
    }
  },
).pipe(
  Effect.catchTags({
    SqlError: toStoreError,
    MigrationError: (error) =>
      toStoreError(error.cause).pipe(
        Effect.mapError(
          ({ reason, message }) =>
            new StoreError({ reason, message: `${error.message}: ${message}`, cause: error }),
        ),
      ),
  }),
);
