import type * as DateTime from "effect/DateTime";
import * as Schema from "effect/Schema";
import { Metric, metadataOrEmpty, MetricInput } from "./metric.ts";
import { define } from "./operation.ts";
import { plainMetricPage } from "./plainMetricPage.ts";
import {
  Id,
  type Metadata,
  nextCursor,
  NonNegativeInt,
  optional,
  paged,
  QueryString,
  Timestamp,
  wireStruct,
} from "./schema.ts";

/** One series of a comparison: a metric of an experiment, narrowed to the events that carry `metadataKey`, and to those with one value of it. */
export interface ComparisonMetricSeries {
  readonly experimentId: string;
  readonly metricName: string;
  readonly metadataKey?: string | undefined;
  readonly metadataValue?: Schema.Json | undefined;
}

export const ComparisonMetricSeries = wireStruct({
  experimentId: Id,
  metricName: Schema.NonEmptyString,
  metadataKey: optional(Schema.String),
  metadataValue: optional(Schema.Json),
}).annotate({ identifier: "ComparisonMetricSeries" });

/** One point of a comparison. */
export interface ComparisonRow {
  readonly experimentId: string;
  readonly metricName: string;
  readonly step: number | null;
  readonly timestamp: DateTime.Utc | null;
  readonly value: number;
  readonly metadata: Metadata;
}

export const ComparisonRow = wireStruct({
  experimentId: Id,
  metricName: Schema.String,
  step: Schema.NullOr(Schema.Int),
  timestamp: Schema.NullOr(Timestamp),
  value: Schema.Finite,
  metadata: metadataOrEmpty,
}).annotate({ identifier: "ComparisonRow" });

/** A metric name that was recorded, with the metadata keys seen on it. */
export interface CatalogMetric {
  readonly metricName: string;
  readonly metadataKeys: ReadonlyArray<string>;
  /** How many events carry the name. */
  readonly count: number;
}

export const CatalogMetric = wireStruct({
  metricName: Schema.String,
  metadataKeys: Schema.Array(Schema.String),
  count: NonNegativeInt,
}).annotate({ identifier: "CatalogMetric" });

/** A value seen under a metadata key of a metric. */
export interface CatalogValue {
  readonly value: Schema.Json;
  /** How many events carry the value. */
  readonly count: number;
}

export const CatalogValue = wireStruct({
  value: Schema.Json,
  count: NonNegativeInt,
}).annotate({ identifier: "CatalogValue" });

export const listMetrics = define({
  name: "Metrics.list",
  summary: "List the metrics of an experiment, of one name or all.",
  method: "GET",
  path: "/experiments/:experiment_id/metrics",
  query: wireStruct(paged({ name: optional(QueryString) })),
  success: wireStruct({ metrics: Schema.Array(Metric), nextCursor }),
  plainly: plainMetricPage,
  status: 200,
  auth: "apiKey",
  retry: "safe",
  timeout: "timeout",
});

export const ingestMetrics = define({
  name: "Metrics.ingest",
  summary: "Store metrics. `sync=true` answers when they can be read.",
  method: "POST",
  path: "/experiments/:experiment_id/metrics",
  query: wireStruct({ sync: optional(Schema.Boolean) }),
  payload: wireStruct({ metrics: Schema.Array(MetricInput) }),
  success: wireStruct({ accepted: NonNegativeInt, duplicates: NonNegativeInt }),
  status: 202,
  auth: "ingestionKey",
  retry: "keyed",
  timeout: "ingestTimeout",
});

export const compareMetrics = define({
  name: "Metrics.compare",
  summary: "The points of several series side by side.",
  method: "POST",
  path: "/metrics/compare",
  payload: wireStruct({
    series: Schema.Array(ComparisonMetricSeries),
    limit: optional(Schema.Int.check(Schema.isGreaterThanOrEqualTo(1))),
  }),
  success: wireStruct({ rows: Schema.Array(ComparisonRow) }),
  status: 200,
  auth: "apiKey",
  retry: "keyed",
  timeout: "timeout",
});

const experimentIds = optional(Schema.Array(Id));

export const listMetricCatalog = define({
  name: "Metrics.listCatalog",
  summary: "The metric names that were recorded, in some experiments or all.",
  method: "GET",
  path: "/metrics/catalog",
  query: wireStruct(paged({ experimentIds }), { experimentIds: "experiment_id" }),
  success: wireStruct({ metrics: Schema.Array(CatalogMetric), nextCursor }),
  status: 200,
  auth: "apiKey",
  retry: "safe",
  timeout: "timeout",
});

export const inspectMetricCatalogValues = define({
  name: "Metrics.inspectCatalogValues",
  summary: "The values seen under one metadata key of one metric.",
  method: "GET",
  path: "/metrics/catalog/values",
  query: wireStruct(paged({ metricName: QueryString, metadataKey: QueryString, experimentIds }), {
    experimentIds: "experiment_id",
  }),
  success: wireStruct({ values: Schema.Array(CatalogValue), nextCursor }),
  status: 200,
  auth: "apiKey",
  retry: "safe",
  timeout: "timeout",
});
