/** The store on a SQL database. What the databases do in their own ways is the driver's. */
import * as Effect from "effect/Effect";
import * as Option from "effect/Option";
import type * as SqlClient from "effect/sql/SqlClient";
import * as SqlError from "effect/sql/SqlError";
import type * as Statement from "effect/sql/Statement";
import * as Stream from "effect/Stream";
import type { Metadata } from "../../internal/wire/schema.ts";
import { digest } from "../json.ts";
import type {
  Annotation,
  Answer,
  Batch,
  Bounds,
  Description,
  Direction,
  Experiment,
  ExperimentFilter,
  Folder,
  Ingested,
  IngestionKey,
  KeptAnswer,
  Points,
  RowQuery,
  Series,
  SeriesEvent,
  SortKey,
  Status,
  Store,
  StoreError,
} from "../store.ts";
import { toStoreError } from "./errors.ts";
import { answersBetween, maxAnswers, sequencesOfBatch } from "./limits.ts";
import { noStep } from "./packed.ts";
import { fromText, toPattern, toText } from "./text.ts";

export interface Driver {
  readonly sql: SqlClient.SqlClient;
  /** What is kept of a token. */
  readonly hash: (token: string) => string;
  /** So that one transaction runs at a time, in whatever process: first in each. */
  readonly lock: Effect.Effect<void, SqlError.SqlError>;
  /** What a statement answers, all numbers, in columns. */
  readonly columns: (
    statement: Statement.Statement<unknown>,
  ) => Effect.Effect<ReadonlyArray<ArrayLike<number>>, SqlError.SqlError>;
  readonly ingest: (batch: Batch) => Effect.Effect<Ingested, SqlError.SqlError>;
}

/** By step they lie in this order and can be read on from anywhere; by time each part is a search through all. */
const pointsAtOnce = { step: 10_000, timestamp: 250_000 };

/** Up to so many series are each read in their order, and only as far as needed. */
const maxSeriesInOrder = 32;

/** No time comes before it, and no step after it. */
const start = -Number.MAX_SAFE_INTEGER;
const end = 2 ** 53;

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

interface EventRow {
  readonly series: number;
  readonly step: number;
  readonly time: number;
  readonly sequence: number;
  readonly value: number;
  readonly server_time: number;
  readonly revision: number;
}

// -----------------------------------------------------------------------------
// Store
// -----------------------------------------------------------------------------

export const makeSqlStore = ({ sql, hash, lock, columns, ingest }: Driver): Store["Service"] => {
  const kept = <A>(self: Effect.Effect<A, SqlError.SqlError>): Effect.Effect<A, StoreError> =>
    Effect.catch(self, toStoreError);
  const write = (statement: Statement.Statement<unknown>): Effect.Effect<void, StoreError> =>
    kept(Effect.asVoid(statement));
  const all = <Row extends object, A>(statement: Statement.Statement<Row>, to: (row: Row) => A) =>
    kept(Effect.map(statement, (rows) => rows.map(to)));
  const first = <Row extends object, A>(statement: Statement.Statement<Row>, to: (row: Row) => A) =>
    kept(Effect.map(statement, ([row]) => (row === undefined ? undefined : to(row))));

  const where = (conditions: ReadonlyArray<Statement.Fragment | undefined>) =>
    sql.and(conditions.filter((one) => one !== undefined));
  const when = <A>(value: A | undefined, condition: (value: A) => Statement.Fragment) =>
    value === undefined ? undefined : condition(value);
  const word = (text: string | number) => sql.literal(String(text));

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
  // Rows
  // ---------------------------------------------------------------------------

  const isWithin = ({ fromTime, toTime }: Bounds) => [
    when(fromTime, (from) => sql`p.time >= ${from}`),
    when(toTime, (to) => sql`p.time <= ${to}`),
  ];
  const hasStep = ({ fromStep, toStep }: Bounds) => [
    when(fromStep, (from) => sql`p.step >= ${from}`),
    when(toStep, (to) => sql`p.step <= ${to}`),
  ];

  const bySequence = (keys: ReadonlyArray<SortKey>, direction: Direction, table = "") => {
    const way = direction.toUpperCase();
    const columnsOf = {
      series: `place ${way}`,
      step: `CASE WHEN ${table}step < 0 THEN 1 ELSE 0 END, ${table}step ${way}`,
      clientTime: `${table}time ${way}`,
      serverTime: `server_time ${way}`,
    };
    return word(
      `ORDER BY ${[...keys.map((key) => columnsOf[key]), `${table}sequence ${way}`].join(", ")}`,
    );
  };

  const eventColumns = word(
    "p.series, p.step, p.time, p.sequence, p.value, b.time AS server_time, b.revision",
  );
  const batchOfPoint = word(`JOIN batches b ON b.number = p.sequence / ${sequencesOfBatch}`);

  /** All of several series. */
  const together = (query: RowQuery) => {
    const places = query.series.map(({ series, place }) => `(${series.id}, ${place})`);
    const isBounded = query.fromStep !== undefined || query.toStep !== undefined;
    return sql`
      SELECT ${eventColumns}, chosen.column2 AS place
      FROM (VALUES ${word(places.join(", "))}) AS chosen
      CROSS JOIN points p ${batchOfPoint}
      WHERE ${where([
        sql`p.series = chosen.column1`,
        isBounded ? sql`p.step >= 0` : undefined,
        ...hasStep(query),
        ...isWithin(query),
      ])}`;
  };

  /** Of each series those with steps and those without lie in order: no more are read than can be among the first. */
  const apart = ({ series, sortBy, direction, limit, ...bounds }: RowQuery) => {
    const way = word(direction.toUpperCase());
    const time = sortBy.includes("clientTime") ? sql`p.time ${way},` : word("");
    const isBounded = bounds.fromStep !== undefined || bounds.toStep !== undefined;
    const part = (id: number, place: number, isOfStep: Statement.Fragment, withStep: boolean) => {
      const step = withStep ? sql`p.step ${way},` : word("");
      return sql`
        SELECT * FROM (
          SELECT ${eventColumns}, ${word(place)} AS place
          FROM points p ${batchOfPoint}
          WHERE ${where([sql`p.series = ${word(id)}`, isOfStep, ...hasStep(bounds), ...isWithin(bounds)])}
          ORDER BY ${step} ${time} p.sequence ${way} LIMIT ${limit}
        ) AS part`;
    };
    return sql.join(
      " UNION ALL ",
      false,
    )(
      series.flatMap(({ series: { id }, place }) => [
        part(id, place, sql`p.step >= 0`, true),
        ...(isBounded ? [] : [part(id, place, sql`p.step = ${word(noStep)}`, false)]),
      ]),
    );
  };

  const rows = (query: RowQuery): Effect.Effect<ReadonlyArray<SeriesEvent>, StoreError> => {
    if (query.series.length === 0) return Effect.succeed([]);
    const { sortBy, direction } = query;
    const isInOrder =
      sortBy[0] === "step" &&
      (sortBy.length === 1 || (sortBy.length === 2 && sortBy[1] === "clientTime")) &&
      query.series.length <= maxSeriesInOrder;
    const index = new Map(query.series.map(({ series }, i) => [series.id, i]));
    return all(
      sql<EventRow>`
        SELECT * FROM (${isInOrder ? apart(query) : together(query)}) AS found
        ${bySequence(sortBy, direction)} LIMIT ${query.limit}`,
      (row) => ({
        index: index.get(row.series)!,
        event: {
          value: row.value,
          step: row.step === noStep ? null : row.step,
          clientTime: row.time,
          serverTime: row.server_time,
          revision: row.revision,
          sequence: row.sequence,
        },
      }),
    );
  };

  // ---------------------------------------------------------------------------
  // Points
  // ---------------------------------------------------------------------------

  /** Where reading goes on: behind this point. */
  interface Place {
    readonly step: number;
    readonly time: number;
    readonly sequence: number;
  }

  /** A part in order, from one place on. */
  const part = (
    { id }: Series,
    direction: Direction,
    axis: "step" | "timestamp",
    phase: "steps" | "none" | "all",
    { step, time, sequence }: Place,
  ) => {
    const way = word(direction.toUpperCase());
    const behind = word(direction === "asc" ? ">" : "<");
    const isOfPhase = {
      // Upwards the place says it, and a second bound from below would be taken instead of it: a search from the start.
      steps: sql`(step, time, sequence) ${behind} (${step}, ${time}, ${sequence})${direction === "asc" ? word("") : sql` AND step >= 0`}`,
      none: sql`step = ${word(noStep)} AND (time, sequence) ${behind} (${time}, ${sequence})`,
      all: sql`(time, sequence) ${behind} (${time}, ${sequence})`,
    }[phase];
    const order = phase === "steps" ? sql`step ${way}, time ${way}` : sql`time ${way}`;
    return columns(
      sql`SELECT step, time, sequence, value FROM points
        WHERE series = ${id} AND ${isOfPhase} ORDER BY ${order}, sequence ${way} LIMIT ${pointsAtOnce[axis]}`,
    );
  };

  const points = (
    series: Series,
    axis: "step" | "timestamp",
    direction: Direction,
  ): Stream.Stream<Points, StoreError> => {
    const edge = direction === "asc" ? start : end;
    const phaseOf = (phase: "steps" | "none" | "all") =>
      Stream.paginate<Place, Points, StoreError, never>(
        phase === "steps" && direction === "asc"
          ? { step: noStep, time: end, sequence: end }
          : { step: edge, time: edge, sequence: edge },
        (place) =>
          kept(part(series, direction, axis, phase, place)).pipe(
            Effect.map(([steps = [], times = [], sequences = [], values = []]) => {
              const last = steps.length - 1;
              const points: Points = {
                steps: Array.from(steps, (step) => (step === noStep ? null : step)),
                times: Array.from(times),
                values: Array.from(values),
              };
              const next =
                steps.length < pointsAtOnce[axis]
                  ? Option.none<Place>()
                  : Option.some({
                      step: steps[last]!,
                      time: times[last]!,
                      sequence: sequences[last]!,
                    });
              return [steps.length === 0 ? [] : [points], next] as const;
            }),
          ),
      );
    return axis === "step" ? Stream.concat(phaseOf("steps"), phaseOf("none")) : phaseOf("all");
  };

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

  return {
    transaction: (self) =>
      sql
        .withTransaction(Effect.andThen(kept(lock), self))
        .pipe(Effect.catchIf(SqlError.isSqlError, toStoreError)),

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
          ORDER BY e.updated DESC, e.number DESC LIMIT ${filter.limit ?? end - 1}`,
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
              updated = excluded.updated, started = excluded.started, done = excluded.done`;
          yield* sql`
            INSERT INTO descriptions (experiment, revision, body)
            VALUES (${numberOf(id)}, ${revision}, ${JSON.stringify(description)})
            ON CONFLICT (experiment, revision) DO NOTHING`;
        }),
      ),
    touchExperiment: (id, lastEventAt) =>
      write(sql`UPDATE experiments SET last_event = ${lastEventAt} WHERE id = ${toText(id)}`),
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
    rows,
    points,
    ingest: (batch) => kept(ingest(batch)),

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
