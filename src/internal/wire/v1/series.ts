/**
 * The queries that later releases of v1 added. Unlike the rest of v1 they are camelCase on the wire.
 */
import * as Schema from "effect/Schema";
import { count, Id, NonNegativeInt, optional } from "../schema.ts";
import { defineV1 } from "./generation.ts";

// -----------------------------------------------------------------------------
// Series
// -----------------------------------------------------------------------------

/** How many series, or experiments, one query takes. */
const maxSelections = 64;
/** How many filters one series takes. */
const maxFilters = 32;

/**
 * Which series: those of an experiment, of one metric or all, whose metadata has these keys, with these values where one is given.
 *
 * @category models
 */
export interface SeriesSelection {
  readonly experimentId: string;
  readonly metricName?: string | undefined;
  /** At most 32. */
  readonly metadataFilter?:
    | ReadonlyArray<{ readonly key: string; readonly value?: string | undefined }>
    | undefined;
}

/**
 * The schema of {@link SeriesSelection}.
 *
 * @category models
 */
export const SeriesSelection = Schema.Struct({
  experimentId: Id,
  metricName: optional(Schema.String.check(Schema.isNonEmpty())),
  metadataFilter: optional(
    Schema.Array(
      Schema.Struct({
        key: Schema.String.check(Schema.isNonEmpty()),
        value: optional(Schema.String),
      }),
    ).check(count(0, maxFilters, "filters")),
  ),
}).annotate({ identifier: "SeriesSelection" });

/**
 * The order of the points of each series.
 *
 * @category models
 */
export interface SeriesOrder {
  readonly axis: "step" | "timestamp";
  readonly direction: "asc" | "desc";
}

/** A column of a million numbers is looked through in a loop; a schema for each of them would take a second. */
const column = <A>(is: (value: unknown) => value is A, expected: string) =>
  Schema.Unknown.pipe(
    Schema.refine(
      (value): value is ReadonlyArray<A> => Array.isArray(value) && value.every((one) => is(one)),
      { expected: `an array of ${expected}` },
    ),
  );

const isFiniteNumber = (value: unknown): value is number => Number.isFinite(value);
const isStep = (value: unknown): value is number | null =>
  value === null || Number.isSafeInteger(value);

/**
 * Points of one series, those with the very same metadata, in columns of one length.
 *
 * @category models
 */
export interface SeriesBatch {
  readonly experimentId: string;
  readonly metricName: string;
  /** Tells the metadata from others. */
  readonly metadataHash: string;
  readonly metadata: { readonly [key: string]: string };
  readonly data: {
    readonly steps: ReadonlyArray<number | null>;
    /** Unix milliseconds. */
    readonly timestamp: ReadonlyArray<number>;
    readonly value: ReadonlyArray<number>;
  };
}

/**
 * The schema of {@link SeriesBatch}.
 *
 * @category models
 */
export const SeriesBatch = Schema.Struct({
  experimentId: Schema.String,
  metricName: Schema.String,
  metadataHash: Schema.String,
  metadata: Schema.Record(Schema.String, Schema.String),
  data: Schema.Struct({
    steps: column(isStep, "integers and null"),
    timestamp: column(isFiniteNumber, "finite numbers"),
    value: column(isFiniteNumber, "finite numbers"),
  }).check(
    Schema.makeFilter(
      ({ steps, timestamp, value }) =>
        steps.length === timestamp.length && timestamp.length === value.length,
      { expected: "columns of one length" },
    ),
  ),
}).annotate({ identifier: "SeriesBatch" });

/** The last line of a stream: how much there was. */
export interface SeriesEnd {
  readonly kind: "complete";
  readonly batchCount: number;
  readonly rowCount: number;
}

export const SeriesEnd = Schema.Struct({
  kind: Schema.Literal("complete"),
  batchCount: NonNegativeInt,
  rowCount: NonNegativeInt,
}).annotate({ identifier: "SeriesEnd" });

export const querySeries = defineV1({
  name: "Metrics.querySeries",
  summary:
    "The points of series, in columns, one batch a line; the last line says how many there were.",
  method: "POST",
  path: "/query/series",
  payload: Schema.Struct({
    series: Schema.Array(SeriesSelection).check(count(1, maxSelections, "series")),
    order: Schema.Struct({
      axis: Schema.Literals(["step", "timestamp"]),
      direction: Schema.Literals(["asc", "desc"]),
    }),
    stream: Schema.Boolean,
  }),
  success: Schema.Union([SeriesEnd, SeriesBatch]),
  stream: "application/vnd.syvain.metric-series+ndjson",
  status: 200,
  auth: "apiKey",
  repeat: "safe",
  timeout: "timeout",
});

// -----------------------------------------------------------------------------
// Catalog
// -----------------------------------------------------------------------------

/**
 * A metric name that an experiment recorded, with the metadata keys seen on it.
 *
 * @category models
 */
export interface ExperimentCatalogMetric {
  readonly experimentId: string;
  readonly metricName: string;
  readonly metadataKeys: ReadonlyArray<string>;
}

/**
 * The schema of {@link ExperimentCatalogMetric}.
 *
 * @category models
 */
export const ExperimentCatalogMetric = Schema.Struct({
  experimentId: Schema.String,
  metricName: Schema.String,
  metadataKeys: Schema.Array(Schema.String),
}).annotate({ identifier: "ExperimentCatalogMetric" });

export const queryMetricCatalog = defineV1({
  name: "Metrics.queryCatalog",
  summary: "The metric names that several experiments recorded.",
  method: "POST",
  path: "/query/metric-catalog",
  payload: Schema.Struct({
    experimentIds: Schema.Array(Id).check(count(1, maxSelections, "experiments")),
  }),
  success: Schema.Array(ExperimentCatalogMetric),
  status: 200,
  auth: "apiKey",
  repeat: "safe",
  timeout: "timeout",
});
