import type * as DateTime from "effect/DateTime";
import * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";
import * as SchemaGetter from "effect/SchemaGetter";
import {
  count,
  Id,
  NonNegativeInt,
  openLiterals,
  optional,
  QueryString,
  Timestamp,
  wireStruct,
} from "../schema.ts";
import { defineV1 } from "./generation.ts";
import { MetricInput } from "./metricInput.ts";
import { MetricRow } from "./metricRow.ts";

// -----------------------------------------------------------------------------
// Reading
// -----------------------------------------------------------------------------

/**
 * What rows can be sorted by.
 *
 * @category models
 */
export type SortBy = "step" | "clientTimestamp" | "serverTimestamp";

/**
 * Which rows of one experiment or several, in which order, and how many. What is left out does not narrow; bounds are inclusive.
 *
 * @category models
 */
export interface RowOptions<By extends string = SortBy> {
  readonly fromStep?: number | undefined;
  readonly toStep?: number | undefined;
  /** Compared with the time that the client gave. */
  readonly fromTime?: DateTime.Utc | undefined;
  readonly toTime?: DateTime.Utc | undefined;
  /** The most important first. Default: the service's. */
  readonly sortBy?: ReadonlyArray<By> | undefined;
  /** Default: the service's. */
  readonly sortDirection?: "asc" | "desc" | undefined;
  /** The largest number of rows. Default: the service's. There is no second page. */
  readonly limit?: number | undefined;
  /** Ask for the description and metadata of the experiment as they were when the event came. Default: the service's. */
  readonly includeExperimentMetaAsOf?: boolean | undefined;
}

/** Several words in one value, with commas between them. */
const sortBy = <const Names extends { readonly [by: string]: string }>(names: Names) => {
  const byWire = new Map(Object.entries(names).map(([by, wire]) => [wire, by]));
  const isBy = (by: string): by is Extract<keyof Names, string> => Object.hasOwn(names, by);
  return Schema.String.pipe(
    Schema.decodeTo(
      Schema.Array(
        Schema.String.pipe(
          Schema.refine(isBy, { expected: `one of ${Object.keys(names).join(", ")}` }),
        ),
      ),
      {
        decode: SchemaGetter.transform((text) =>
          text === "" ? [] : text.split(",").map((wire) => byWire.get(wire) ?? wire),
        ),
        encode: SchemaGetter.transform((all) => all.map((by) => names[by] ?? by).join(",")),
      },
    ),
  );
};

const times = {
  step: "step",
  clientTimestamp: "client_timestamp",
  serverTimestamp: "server_timestamp",
} as const;

const rowOptions = {
  fromStep: optional(Schema.Int),
  toStep: optional(Schema.Int),
  fromTime: optional(Timestamp),
  toTime: optional(Timestamp),
};

const order = {
  sortDirection: optional(Schema.Literals(["asc", "desc"])),
  limit: optional(Schema.Int),
  includeExperimentMetaAsOf: optional(Schema.Boolean),
};

const rows = wireStruct({ rows: Schema.Array(MetricRow) });

export const listMetrics = defineV1({
  name: "Metrics.list",
  summary: "List the metrics of an experiment.",
  method: "GET",
  path: "/experiments/:experiment_id/metrics",
  query: wireStruct({
    metricName: optional(QueryString),
    metadataKey: optional(QueryString),
    metadataValue: optional(QueryString),
    metadataValueJson: optional(QueryString),
    step: optional(Schema.Int),
    ...rowOptions,
    sortBy: optional(sortBy(times)),
    ...order,
  }),
  success: rows,
  status: 200,
  auth: "apiKey",
  repeat: "safe",
  timeout: "timeout",
});

/**
 * One series of a comparison: a metric of an experiment, narrowed to the events that carry `metadataKey`, and to those with one value of it.
 *
 * @category models
 */
export interface ComparisonSeries {
  readonly experimentId: string;
  readonly metricName: string;
  readonly metadataKey?: string | undefined;
  /** A string that the value is. Needs `metadataKey`. */
  readonly metadataValue?: string | undefined;
  /** The JSON text of the value, for one that is no string, instead of `metadataValue`. Needs `metadataKey`. */
  readonly metadataValueJson?: string | undefined;
}

const isJsonText = (text: string): boolean => {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
};

/**
 * The schema of {@link ComparisonSeries}.
 *
 * @category models
 */
export const ComparisonSeries = wireStruct({
  experimentId: Id,
  metricName: QueryString.check(Schema.isNonEmpty()),
  metadataKey: optional(QueryString.check(Schema.isNonEmpty())),
  metadataValue: optional(QueryString),
  metadataValueJson: optional(
    QueryString.check(Schema.makeFilter(isJsonText, { expected: "JSON text" })),
  ),
})
  .check(
    Schema.makeFilter(
      ({ metadataKey, metadataValue, metadataValueJson }) =>
        metadataKey !== undefined ||
        (metadataValue === undefined && metadataValueJson === undefined),
      { expected: "a metadataKey beside the value" },
    ),
    Schema.makeFilter(
      ({ metadataValue, metadataValueJson }) =>
        metadataValue === undefined || metadataValueJson === undefined,
      { expected: "metadataValue or metadataValueJson, not both" },
    ),
  )
  .annotate({ identifier: "ComparisonSeries" });

export const compareMetrics = defineV1({
  name: "Metrics.compare",
  summary: "The rows of several series. Each `series` is JSON.",
  method: "GET",
  path: "/metrics",
  query: wireStruct({
    // A comparison of nothing has no `series` in its query.
    series: Schema.Array(Schema.fromJsonString(ComparisonSeries)).pipe(
      Schema.withDecodingDefaultKey(Effect.succeed([])),
    ),
    ...rowOptions,
    sortBy: optional(sortBy({ ...times, series: "series" })),
    ...order,
  }),
  success: rows,
  status: 200,
  auth: "apiKey",
  repeat: "safe",
  timeout: "timeout",
});

// -----------------------------------------------------------------------------
// Writing
// -----------------------------------------------------------------------------

/** How many events one request takes. */
export const maxEvents = 1000;

/**
 * What became of the metrics of a request.
 *
 * @category models
 */
export interface IngestResult {
  readonly ok: boolean;
  /** `"sync"`: they can be read; `"queued"`: they will be. Any other string decodes too. */
  readonly mode: "sync" | "queued" | (string & {});
}

export const ingestMetrics = defineV1({
  name: "Metrics.ingest",
  summary: "Store metrics. `sync=true` answers when they can be read.",
  method: "POST",
  path: "/experiments/:experiment_id/ingest",
  query: wireStruct({ sync: optional(Schema.Boolean) }),
  payload: wireStruct(
    {
      metrics: Schema.Array(MetricInput).check(count(0, maxEvents, "events")),
    },
    { metrics: "data" },
  ),
  success: wireStruct({ ok: Schema.Boolean, mode: openLiterals(["sync", "queued"]) }),
  status: 200,
  auth: "ingestionKey",
  repeat: "keyed",
  timeout: "ingestTimeout",
});

// -----------------------------------------------------------------------------
// Catalog
// -----------------------------------------------------------------------------

/**
 * A metric name that was recorded, with the metadata keys seen on it.
 *
 * @category models
 */
export interface CatalogMetric {
  readonly metricName: string;
  readonly metadataKeys: ReadonlyArray<string>;
}

/**
 * The schema of {@link CatalogMetric}.
 *
 * @category models
 */
export const CatalogMetric = wireStruct({
  metricName: Schema.String,
  metadataKeys: Schema.Array(Schema.String),
}).annotate({ identifier: "CatalogMetric" });

/**
 * The values seen under the metadata keys of a metric.
 *
 * @category models
 */
export interface CatalogValues {
  readonly metricName: string;
  /** How many events were looked at. */
  readonly scannedEventCount: number;
  readonly keys: ReadonlyArray<{
    readonly key: string;
    readonly values: ReadonlyArray<Schema.Json>;
    /** How many different values there are, those left out for the limit too. */
    readonly valueCount: number;
  }>;
}

/**
 * The schema of {@link CatalogValues}.
 *
 * @category models
 */
export const CatalogValues = wireStruct({
  metricName: Schema.String,
  scannedEventCount: NonNegativeInt,
  keys: Schema.Array(
    wireStruct({
      key: Schema.String,
      values: Schema.Array(Schema.Json),
      valueCount: NonNegativeInt,
    }),
  ),
}).annotate({ identifier: "CatalogValues" });

export const listMetricCatalog = defineV1({
  name: "Metrics.listCatalog",
  summary: "The metric names that an experiment recorded.",
  method: "GET",
  path: "/experiments/:experiment_id/catalog",
  query: wireStruct({ limit: optional(Schema.Int) }),
  success: wireStruct({ metrics: Schema.Array(CatalogMetric) }),
  status: 200,
  auth: "apiKey",
  repeat: "safe",
  timeout: "timeout",
});

export const inspectMetricCatalogValues = defineV1({
  name: "Metrics.inspectCatalogValues",
  summary: "The values seen under the metadata keys of a metric.",
  method: "GET",
  path: "/experiments/:experiment_id/catalog/:metric_name",
  query: wireStruct(
    { keys: optional(Schema.Array(QueryString)), limit: optional(Schema.Int) },
    { keys: "key" },
  ),
  success: wireStruct({ metadata: CatalogValues }),
  status: 200,
  auth: "apiKey",
  repeat: "safe",
  timeout: "timeout",
});
