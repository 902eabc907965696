/**
 * Series, in columns: a line of the stream is some points of one series, and others say how many there were.
 */
import * as Predicate from "effect/Predicate";
import * as Result from "effect/Result";
import * as Schema from "effect/Schema";
import * as SchemaTransformation from "effect/SchemaTransformation";
import type { Issue } from "../../base/issue.ts";
import { Id } from "../schema.ts";
import type { Answered } from "./envelope.ts";
import { defineEvent, organizationEvent } from "./generation.ts";

/** How many names one query takes. */
export const maxNames = 1000;

const Key = Schema.String.check(Schema.isNonEmpty());

/** The question as it is sent. */
const Query = Schema.Struct({
  experimentId: Schema.String,
  filter: Schema.Array(
    Schema.Struct({
      metadataKey: Schema.String,
      metadataValue: Schema.optionalKey(Schema.String),
    }),
  ),
  xAxis: Schema.Literals(["step", "timestamp"]),
  seriesNames: Schema.optionalKey(Schema.Array(Schema.String)),
});

/** The question as it is asked here. */
const Asked = Schema.Struct({
  experimentId: Id,
  names: Schema.optional(Schema.Array(Schema.String.check(Schema.isNonEmpty()))),
  where: Schema.optional(Schema.Record(Key, Schema.String)),
  has: Schema.optional(Schema.Array(Key)),
  x: Schema.optional(Schema.Literals(["step", "timestamp"])),
});

const query = {
  ...organizationEvent,
  path: "/query/series",
  event: "syvain.v2.query.experimentseries",
  reply: "syvain.v2.query.experimentseries.done",
  payload: Query.pipe(
    Schema.decodeTo(
      Asked,
      SchemaTransformation.transform<typeof Asked.Encoded, typeof Query.Type>({
        decode: ({ experimentId, filter, seriesNames, xAxis }) => ({
          experimentId,
          names: seriesNames,
          where: Object.fromEntries(
            filter.flatMap(({ metadataKey, metadataValue }) =>
              metadataValue === undefined ? [] : [[metadataKey, metadataValue]],
            ),
          ),
          has: filter.flatMap(({ metadataKey, metadataValue }) =>
            metadataValue === undefined ? [metadataKey] : [],
          ),
          x: xAxis,
        }),
        encode: ({ experimentId, names, where = {}, has = [], x = "step" }) => ({
          experimentId,
          filter: [
            ...Object.entries(where).map(([metadataKey, metadataValue]) => ({
              metadataKey,
              metadataValue,
            })),
            ...has.map((metadataKey) => ({ metadataKey })),
          ],
          xAxis: x,
          ...(names === undefined ? {} : { seriesNames: names }),
        }),
      }),
    ),
  ),
  success: Schema.Unknown,
  stream: "application/x-ndjson",
  repeat: "safe",
} as const;

export const readSeries = defineEvent({
  ...query,
  name: "Series.read",
  summary: "The points of the series of an experiment, in columns, line by line.",
});

/** The same under its other public name. */
export const streamSeries = defineEvent({
  ...query,
  name: "Series.stream",
  summary: "The same as they arrive.",
});

// -----------------------------------------------------------------------------
// Records
// -----------------------------------------------------------------------------

/**
 * Points of one series, those of one name with the very same metadata, in columns of one length.
 *
 * @category models
 */
export interface Series {
  readonly experimentId: string;
  readonly name: string;
  readonly metadata: { readonly [key: string]: string };
  /** Old events may have none. */
  readonly steps: ReadonlyArray<number | null>;
  /** Unix milliseconds. */
  readonly timestampsMs: Float64Array;
  readonly values: Float64Array;
}

/** How much there was. */
interface Counts {
  readonly batches: number;
  readonly points: number;
}

/** What a line of the stream says. */
export type SeriesRecord =
  | { readonly _tag: "Batch"; readonly batch: Series }
  /** All of one name was given out. */
  | ({ readonly _tag: "Complete"; readonly name: string } & Counts)
  /** All of it was. */
  | ({ readonly _tag: "Done"; readonly series: number } & Counts);

type Read<A> = Result.Result<A, Issue>;

const wrong = (path: ReadonlyArray<string>, expected: string): Read<never> =>
  Result.fail({ path: ["data", ...path], expected });

const isCount = (value: unknown): value is number =>
  Number.isSafeInteger(value) && Number(value) >= 0;

/** A column of a million numbers is looked through in a loop, in which it becomes a typed array. */
const numbersOf = (column: unknown): Float64Array | undefined => {
  if (!Array.isArray(column)) return undefined;
  const numbers = new Float64Array(column.length);
  for (let i = 0; i < numbers.length; i++) {
    const value: unknown = column[i];
    if (typeof value !== "number" || !Number.isFinite(value)) return undefined;
    numbers[i] = value;
  }
  return numbers;
};

const isSteps = (column: unknown): column is ReadonlyArray<number | null> => {
  if (!Array.isArray(column)) return false;
  for (let i = 0; i < column.length; i++) {
    if (column[i] !== null && !Number.isSafeInteger(column[i])) return false;
  }
  return true;
};

const isFlat = (metadata: unknown): metadata is Series["metadata"] =>
  Predicate.isObject(metadata) &&
  Object.values(metadata).every((value) => typeof value === "string");

const batchOf = ({
  experimentId,
  seriesName: name,
  metadata,
  data,
}: Fields): Read<SeriesRecord> => {
  if (typeof experimentId !== "string") return wrong(["experimentId"], "string");
  if (typeof name !== "string") return wrong(["seriesName"], "string");
  if (!isFlat(metadata)) return wrong(["metadata"], "a flat object of strings");
  if (!Predicate.isObject(data)) return wrong(["data"], "columns");
  const { step: steps, timestampMs, value } = data as Fields;
  if (!isSteps(steps)) return wrong(["data", "step"], "an array of integers and null");
  const timestampsMs = numbersOf(timestampMs);
  if (timestampsMs === undefined)
    return wrong(["data", "timestampMs"], "an array of finite numbers");
  const values = numbersOf(value);
  if (values === undefined) return wrong(["data", "value"], "an array of finite numbers");
  return steps.length === values.length && timestampsMs.length === values.length
    ? Result.succeed({
        _tag: "Batch",
        batch: { experimentId, name, metadata, steps, timestampsMs, values },
      })
    : wrong(["data"], "columns of one length");
};

type Fields = { readonly [name: string]: unknown };

/** A line of the stream, of a refusal all but its words. */
export const readRecord = ({ event, data }: Answered): Read<SeriesRecord> => {
  if (!Predicate.isObject(data)) return wrong([], "a JSON object");
  const fields = data as Fields;
  if (event === "syvain.v2.query.series.data") return batchOf(fields);
  const { batches, points, series, seriesName: name } = fields;
  if (event === "syvain.v2.query.experimentseries.series") {
    return typeof name === "string" && isCount(batches) && isCount(points)
      ? Result.succeed({ _tag: "Complete", name, batches, points })
      : wrong([], "a seriesName, and how many batches and points");
  }
  if (event === readSeries.reply) {
    return isCount(series) && isCount(batches) && isCount(points)
      ? Result.succeed({ _tag: "Done", series, batches, points })
      : wrong([], "how many series, batches and points");
  }
  return Result.fail({ path: ["event"], expected: "a record of a series" });
};
