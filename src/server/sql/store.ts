/** The store on a SQL database. What the databases do in their own ways is the driver's. */
import * as Effect from "effect/Effect";
import type * as Scope from "effect/Scope";
import type * as SqlError from "effect/sql/SqlError";
import type * as Statement from "effect/sql/Statement";
import * as Stream from "effect/Stream";
import type { Metadata } from "../../internal/wire/schema.ts";
import { digest } from "../json.ts";
import type {
  Annotation,
  Answer,
  Description,
  Experiment,
  ExperimentFilter,
  ExperimentToken,
  Folder,
  IngestionKey,
  KeptAnswer,
  Revisions,
  Series,
  Status,
  Store,
  StoreError,
} from "../store.ts";
import type { Driver } from "./driver.ts";
import { orStoreError, toStoreError } from "./errors.ts";
import { makeFragments } from "./fragments.ts";
import { eventsOfSegment } from "./levels.ts";
import { answersBetween, maxAnswers } from "./limits.ts";
import { makePoints } from "./points.ts";
import { makeRows } from "./rows.ts";
import { makeSamples } from "./samples.ts";
import { enough, makeSealing } from "./sealing.ts";
import { fromText, toPattern, toText } from "./text.ts";

// -----------------------------------------------------------------------------
// Records
// -----------------------------------------------------------------------------

interface ExperimentRow {
  readonly id: string;
  readonly slug: string;
  readonly folder: string | null;
  readonly revision: number;
  readonly body: string;
  readonly status: Status;
  readonly error: string | null;
  readonly created: number;
  readonly updated: number;
  readonly started: number | null;
  readonly done: number | null;
  readonly last_event: number | null;
}

const toExperiment = (row: ExperimentRow): Experiment => ({
  id: fromText(row.id),
  slug: fromText(row.slug),
  folderId: row.folder === null ? null : fromText(row.folder),
  revision: row.revision,
  description: JSON.parse(row.body) as Description,
  status: row.status,
  error: row.error === null ? null : (JSON.parse(row.error) as Experiment["error"]),
  createdAt: row.created,
  updatedAt: row.updated,
  startedAt: row.started,
  doneAt: row.done,
  lastEventAt: row.last_event,
});

interface KeyRow {
  readonly id: string;
  readonly experiment: string;
  readonly name: string;
  readonly created: number;
  readonly expires: number;
  readonly revoked: number | null;
  readonly last_used: number | null;
}

const toKey = (row: KeyRow): IngestionKey => ({
  id: fromText(row.id),
  experimentId: fromText(row.experiment),
  name: fromText(row.name),
  createdAt: row.created,
  expiresAt: row.expires,
  revokedAt: row.revoked,
  lastUsedAt: row.last_used,
});

// -----------------------------------------------------------------------------
// Store
// -----------------------------------------------------------------------------

export const makeSqlStore = (driver: Driver): Effect.Effect<Store["Service"], never, Scope.Scope> =>
  Effect.map(makeSealing(driver), (seal) => makeStore(driver, seal));

const makeStore = (driver: Driver, seal: (series: Iterable<number>) => void): Store["Service"] => {
  const { sql, hash, lock, columns, ingest, within } = driver;
  const { where, when } = makeFragments(sql);
  const rows = makeRows(sql);
  const points = makePoints(driver);
  const samples = makeSamples(driver);
  const kept = <A>(self: Effect.Effect<A, SqlError.SqlError>): Effect.Effect<A, StoreError> =>
    orStoreError(within(self));
  const write = (statement: Statement.Statement<unknown>): Effect.Effect<void, StoreError> =>
    kept(Effect.asVoid(statement));
  const all = <Row extends object, A>(statement: Statement.Statement<Row>, to: (row: Row) => A) =>
    kept(Effect.map(statement, (rows) => rows.map(to)));
  const first = <Row extends object, A>(statement: Statement.Statement<Row>, to: (row: Row) => A) =>
    kept(Effect.map(statement, ([row]) => (row === undefined ? undefined : to(row))));

  /** The store's own number of an experiment. */
  const numberOf = (experimentId: string) =>
    sql`(SELECT number FROM experiments WHERE id = ${toText(experimentId)})`;

  const selectExperiments = sql`
    SELECT e.id, e.slug, e.folder, e.revision, d.body, e.status, e.error, e.created, e.updated,
      e.started, e.done, e.last_event
    FROM experiments e
    JOIN descriptions d ON d.experiment = e.number AND d.revision = e.revision`;

  const isOfFilter = (filter: ExperimentFilter) =>
    where([
      when(filter.folderId, (id) => sql`e.folder = ${toText(id)}`),
      when(filter.status, (status) => sql`e.status = ${toText(status)}`),
      when(filter.slug, (slug) => sql`e.slug = ${toText(slug)}`),
      when(
        filter.search,
        (search) => sql`e.folded LIKE ${toPattern(search.toLowerCase())} ESCAPE '!'`,
      ),
      when(filter.from, (from) => sql`e.created >= ${from}`),
      when(filter.to, (to) => sql`e.created <= ${to}`),
    ]);

  const selectKeys = sql`
    SELECT id, experiment, name, created, expires, revoked, last_used FROM ingestion_keys`;

  // ---------------------------------------------------------------------------
  // Answers
  // ---------------------------------------------------------------------------

  const addAnswer = ({ idempotencyKey, request, answer }: KeptAnswer) =>
    Effect.gen(function* () {
      const [row] = yield* sql<{ number: number }>`
        INSERT INTO answers (id, request, status, type, body) VALUES (${toText(idempotencyKey)},
          ${request}, ${answer.status}, ${answer.contentType}, ${toText(answer.body)})
        RETURNING number`;
      if (row !== undefined && row.number % answersBetween === 0) {
        yield* sql`DELETE FROM answers WHERE number <= ${row.number - maxAnswers}`;
      }
    });

  // ---------------------------------------------------------------------------
  // Long series
  // ---------------------------------------------------------------------------

  /** How many events were added to experiments since their series were looked at. */
  const added = new Map<string, number>();

  /** Of an experiment that has grown, seals the series that have. */
  const sealAfter = (experimentId: string, more: number) => {
    const all = (added.get(experimentId) ?? 0) + more;
    if (all < eventsOfSegment / 4) return Effect.sync(() => void added.set(experimentId, all));
    added.delete(experimentId);
    return Effect.map(
      columns(sql`SELECT number FROM series
        WHERE experiment = ${numberOf(experimentId)} AND count - sealed - late >= ${enough}`),
      ([numbers = []]) => seal(Array.from(numbers)),
    );
  };

  return {
    transaction: (self) =>
      orStoreError(within(sql.withTransaction(Effect.andThen(kept(lock), self)))),

    // -------------------------------------------------------------------------
    // Folders
    // -------------------------------------------------------------------------

    folders: kept(
      Effect.map(
        sql<{ id: string; name: string; parent: string | null }>`
          SELECT id, name, parent FROM folders`,
        (rows) =>
          new Map(
            rows.map((row): [string, Folder] => [
              fromText(row.id),
              {
                id: fromText(row.id),
                name: fromText(row.name),
                parentId: row.parent === null ? null : fromText(row.parent),
              },
            ]),
          ),
      ),
    ),
    putFolder: ({ id, name, parentId }) =>
      write(sql`
        INSERT INTO folders (id, name, parent)
        VALUES (${toText(id)}, ${toText(name)}, ${parentId === null ? null : toText(parentId)})
        ON CONFLICT (id) DO UPDATE SET name = excluded.name, parent = excluded.parent`),

    // -------------------------------------------------------------------------
    // Experiments
    // -------------------------------------------------------------------------

    experiments: (filter) =>
      all(
        sql<ExperimentRow>`
          ${selectExperiments} WHERE ${isOfFilter(filter)}
          ORDER BY e.updated DESC, e.number DESC LIMIT ${filter.limit ?? Number.MAX_SAFE_INTEGER}`,
        toExperiment,
      ),
    experiment: (id) =>
      first(sql<ExperimentRow>`${selectExperiments} WHERE e.id = ${toText(id)}`, toExperiment),
    putExperiment: (one) =>
      kept(
        Effect.gen(function* () {
          const { id, slug, folderId, revision, status, error, description } = one;
          const { createdAt, updatedAt, startedAt, doneAt } = one;
          yield* sql`
            INSERT INTO experiments (id, slug, folded, folder, revision, status, error, created,
              updated, started, done)
            VALUES (${toText(id)}, ${toText(slug)}, ${toText(slug.toLowerCase())},
              ${folderId === null ? null : toText(folderId)}, ${revision}, ${status},
              ${error === null ? null : JSON.stringify(error)}, ${createdAt}, ${updatedAt},
              ${startedAt}, ${doneAt})
            ON CONFLICT (id) DO UPDATE SET folder = excluded.folder, revision = excluded.revision,
              status = excluded.status, error = excluded.error, created = excluded.created,
              updated = excluded.updated, started = excluded.started, done = excluded.done,
              changes = experiments.changes + 1`;
          yield* sql`
            INSERT INTO descriptions (experiment, revision, body)
            VALUES (${numberOf(id)}, ${revision}, ${JSON.stringify(description)})
            ON CONFLICT (experiment, revision) DO NOTHING`;
        }),
      ),
    touchExperiment: (id, lastEventAt) =>
      write(sql`UPDATE experiments SET last_event = ${lastEventAt}, changes = changes + 1
        WHERE id = ${toText(id)}`),
    revisions: (ids) =>
      Effect.map(
        all(
          sql<{ id: string; changes: number; count: number }>`
            SELECT e.id, e.changes, CAST(COALESCE((SELECT SUM(s.count) FROM series s
              WHERE s.experiment = e.number), 0) AS BIGINT) AS count
            FROM experiments e WHERE ${sql.in("e.id", ids.map(toText))}`,
          ({ id, changes, count }): [string, Revisions] => [
            fromText(id),
            { experiment: changes, series: count },
          ],
        ),
        (entries) => new Map(entries),
      ),
    descriptions: (experimentId) =>
      all(
        sql<{ body: string }>`SELECT body FROM descriptions
          WHERE experiment = ${numberOf(experimentId)} ORDER BY revision`,
        ({ body }) => JSON.parse(body) as Description,
      ),

    // -------------------------------------------------------------------------
    // Events
    // -------------------------------------------------------------------------

    series: (experimentId, name) =>
      all(
        sql<{ number: number; name: string; metadata: string; count: number }>`
          SELECT number, name, metadata, count FROM series
          WHERE ${where([
            sql`experiment = ${numberOf(experimentId)}`,
            when(name, (name) => sql`name = ${toText(name)}`),
          ])} ORDER BY number`,
        ({ number, name, metadata, count }): Series => ({
          id: number,
          experimentId,
          name: fromText(name),
          metadata: JSON.parse(metadata) as Metadata,
          hash: digest(metadata),
          count,
        }),
      ),
    rows: (query) => kept(rows(query)),
    points: (series, axis, direction) =>
      Stream.catch(points(series, axis, direction), (error) =>
        Stream.fromEffect(toStoreError(error)),
      ),
    sample: (series, query) =>
      kept(
        Effect.map(samples(series, query), ({ sample, loose }) => {
          if (loose >= enough) seal([series.id]);
          return sample;
        }),
      ),
    ingest: (batch) =>
      kept(
        Effect.tap(ingest(batch), (result) =>
          result._tag === "Ingested" ? sealAfter(batch.experimentId, result.added) : Effect.void,
        ),
      ),

    // -------------------------------------------------------------------------
    // Annotations
    // -------------------------------------------------------------------------

    annotations: (experimentId, { from, to, limit }) =>
      all(
        sql<{ id: string; body: string; created: number }>`
          SELECT id, body, created FROM annotations
          WHERE ${where([
            sql`experiment = ${numberOf(experimentId)}`,
            from === -Infinity ? undefined : sql`created >= ${from}`,
            to === Infinity ? undefined : sql`created <= ${to}`,
          ])} ORDER BY created DESC, number DESC LIMIT ${limit}`,
        ({ id, body, created }): Annotation => ({
          id: fromText(id),
          experimentId,
          ...(JSON.parse(body) as Pick<Annotation, "text" | "metadata">),
          createdAt: created,
        }),
      ),
    addAnnotation: ({ id, experimentId, text, metadata, createdAt }) =>
      write(sql`
        INSERT INTO annotations (id, experiment, body, created)
        VALUES (${toText(id)}, ${numberOf(experimentId)}, ${JSON.stringify({ text, metadata })},
          ${createdAt})`),

    // -------------------------------------------------------------------------
    // Ingestion keys
    // -------------------------------------------------------------------------

    ingestionKeys: (experimentId) =>
      all(
        sql<KeyRow>`${selectKeys} WHERE experiment = ${toText(experimentId)} ORDER BY number`,
        toKey,
      ),
    addIngestionKey: (key, token) =>
      write(sql`
        INSERT INTO ingestion_keys (id, experiment, token, name, created, expires, revoked,
          last_used)
        VALUES (${toText(key.id)}, ${toText(key.experimentId)}, ${hash(token)},
          ${toText(key.name)}, ${key.createdAt}, ${key.expiresAt}, ${key.revokedAt},
          ${key.lastUsedAt})`),
    ingestionKeyOfToken: (token) =>
      first(sql<KeyRow>`${selectKeys} WHERE token = ${hash(token)}`, toKey),
    revokeIngestionKey: (id, revokedAt) =>
      write(sql`UPDATE ingestion_keys SET revoked = ${revokedAt} WHERE id = ${toText(id)}`),
    touchIngestionKey: (id, lastUsedAt) =>
      write(sql`UPDATE ingestion_keys SET last_used = ${lastUsedAt} WHERE id = ${toText(id)}`),

    // -------------------------------------------------------------------------
    // Experiment tokens
    // -------------------------------------------------------------------------

    addExperimentToken: (token, { experimentId, expiresAt }) =>
      write(sql`
        INSERT INTO experiment_tokens (token, experiment, expires)
        VALUES (${hash(token)}, ${toText(experimentId)}, ${expiresAt})`),
    experimentToken: (token) =>
      first(
        sql<{ experiment: string; expires: number; revoked: number | null }>`
          SELECT experiment, expires, revoked FROM experiment_tokens WHERE token = ${hash(token)}`,
        ({ experiment, expires, revoked }): ExperimentToken => ({
          experimentId: fromText(experiment),
          expiresAt: expires,
          revokedAt: revoked,
        }),
      ),
    revokeExperimentToken: (token, revokedAt) =>
      write(sql`UPDATE experiment_tokens SET revoked = ${revokedAt} WHERE token = ${hash(token)}`),

    // -------------------------------------------------------------------------
    // Answers
    // -------------------------------------------------------------------------

    answer: (idempotencyKey) =>
      first(
        sql<{ request: string } & Omit<Answer, "contentType"> & { type: string }>`
          SELECT request, status, type, body FROM answers WHERE id = ${toText(idempotencyKey)}`,
        ({ request, status, type, body }): KeptAnswer => ({
          idempotencyKey,
          request,
          answer: { status, contentType: type, body: fromText(body) },
        }),
      ),
    addAnswer: (answer) => kept(addAnswer(answer)),
  };
};
