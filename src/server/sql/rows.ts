/** Events of several series, sorted together. */
import * as Effect from "effect/Effect";
import type * as SqlClient from "effect/sql/SqlClient";
import type * as SqlError from "effect/sql/SqlError";
import type * as Statement from "effect/sql/Statement";
import { noStep } from "../buckets.ts";
import type { Bounds, Direction, Event, RowQuery, SeriesEvent, SortKey } from "../store.ts";
import { makeFragments } from "./fragments.ts";
import { sequencesOfBatch } from "./limits.ts";

/** Up to so many series are each read in their order, and only as far as needed. */
const maxSeriesInOrder = 32;

interface EventRow {
  readonly series: number;
  readonly step: number;
  readonly time: number;
  readonly sequence: number;
  readonly value: number;
  readonly server_time: number;
  readonly revision: number;
}

const toEvent = (row: EventRow): Event => ({
  value: row.value,
  step: row.step === noStep ? null : row.step,
  clientTime: row.time,
  serverTime: row.server_time,
  revision: row.revision,
  sequence: row.sequence,
});

const hasStepBounds = ({ fromStep, toStep }: Bounds): boolean =>
  fromStep !== undefined || toStep !== undefined;

/** By what points lie in order: steps, and then perhaps times. */
const isInOrder = ({ series, sortBy: [first, second, ...rest] }: RowQuery): boolean =>
  series.length <= maxSeriesInOrder &&
  first === "step" &&
  (second === undefined || second === "clientTime") &&
  rest.length === 0;

export const makeRows = (sql: SqlClient.SqlClient) => {
  const { where, when, word } = makeFragments(sql);

  const columns = word(
    "p.series, p.step, p.time, p.sequence, p.value, b.time AS server_time, b.revision",
  );
  const batchOfPoint = word(`JOIN batches b ON b.number = p.sequence / ${sequencesOfBatch}`);

  const isWithin = ({ fromStep, toStep, fromTime, toTime }: Bounds) => [
    when(fromStep, (from) => sql`p.step >= ${from}`),
    when(toStep, (to) => sql`p.step <= ${to}`),
    when(fromTime, (from) => sql`p.time >= ${from}`),
    when(toTime, (to) => sql`p.time <= ${to}`),
  ];

  const orderBy = (keys: ReadonlyArray<SortKey>, direction: Direction) => {
    const way = direction.toUpperCase();
    const terms = {
      series: `place ${way}`,
      step: `CASE WHEN step < 0 THEN 1 ELSE 0 END, step ${way}`,
      clientTime: `time ${way}`,
      serverTime: `server_time ${way}`,
    };
    return word(["ORDER BY", ...keys.map((key) => `${terms[key]},`), `sequence ${way}`].join(" "));
  };

  /** All rows of all series. */
  const together = (query: RowQuery) => {
    const places = query.series.map(({ series, place }) => `(${series.id}, ${place})`);
    return sql`
      SELECT ${columns}, chosen.column2 AS place
      FROM (VALUES ${word(places.join(", "))}) AS chosen
      CROSS JOIN points p ${batchOfPoint}
      WHERE ${where([
        sql`p.series = chosen.column1`,
        hasStepBounds(query) ? sql`p.step >= 0` : undefined,
        ...isWithin(query),
      ])}`;
  };

  /** Of each series those with steps and those without lie in order: no more are read than can be among the first. */
  const apart = (query: RowQuery) => {
    const { series, sortBy, direction, limit } = query;
    const way = word(direction.toUpperCase());
    const byTime = sortBy.includes("clientTime") ? sql`p.time ${way},` : word("");
    const part = (id: number, place: number, isOfPart: Statement.Fragment) => sql`
      SELECT * FROM (
        SELECT ${columns}, ${word(place)} AS place
        FROM points p ${batchOfPoint}
        WHERE ${where([sql`p.series = ${word(id)}`, isOfPart, ...isWithin(query)])}
        ORDER BY p.step ${way}, ${byTime} p.sequence ${way} LIMIT ${limit}
      ) AS part`;
    const parts = series.flatMap(({ series: { id }, place }) => [
      part(id, place, sql`p.step >= 0`),
      ...(hasStepBounds(query) ? [] : [part(id, place, sql`p.step = ${word(noStep)}`)]),
    ]);
    return sql.join(" UNION ALL ", false)(parts);
  };

  return (query: RowQuery): Effect.Effect<ReadonlyArray<SeriesEvent>, SqlError.SqlError> => {
    if (query.series.length === 0) return Effect.succeed([]);
    const indexOf = new Map(query.series.map(({ series }, index) => [series.id, index]));
    return Effect.map(
      sql<EventRow>`
        SELECT * FROM (${isInOrder(query) ? apart(query) : together(query)}) AS found
        ${orderBy(query.sortBy, query.direction)} LIMIT ${query.limit}`,
      (rows) => rows.map((row) => ({ index: indexOf.get(row.series)!, event: toEvent(row) })),
    );
  };
};
