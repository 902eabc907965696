/**
 * Metrics: recording them, reading them, comparing them, and the catalog of what was recorded.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import type { HttpClient } from "effect/http/HttpClient";
import * as Sink from "effect/Sink";
import * as Stream from "effect/Stream";
import type { MetricsApiError } from "./internal/base/errors.ts";
import { ingestAll as internalIngestAll } from "./internal/ingest/ingestAll.ts";
import type { IngestAllOptions, IngestAllResult } from "./internal/ingest/models.ts";
import type { IngestionKeyCache } from "./internal/keys/cache.ts";
import { callWithIngestionKey } from "./internal/keys/callWithIngestionKey.ts";
import { call } from "./internal/request/call.ts";
import type { ConfigService } from "./internal/request/config.ts";
import {
  readSeries,
  type SeriesOptions,
  streamSeries as internalStreamSeries,
} from "./internal/series/series.ts";
import type { MetricInput } from "./internal/wire/v1/metricInput.ts";
import type { MetricRow } from "./internal/wire/v1/metricRow.ts";
import {
  type CatalogMetric,
  type CatalogValues,
  compareMetrics,
  type ComparisonSeries,
  ingestMetrics,
  type IngestResult,
  inspectMetricCatalogValues,
  listMetricCatalog,
  listMetrics,
  type RowOptions,
  type SortBy,
} from "./internal/wire/v1/metrics.ts";
import {
  type ExperimentCatalogMetric,
  queryMetricCatalog,
  type SeriesBatch,
  type SeriesSelection,
} from "./internal/wire/v1/series.ts";

// -----------------------------------------------------------------------------
// Models
// -----------------------------------------------------------------------------

export type {
  IngestAllOptions,
  IngestAllProgress,
  IngestAllResult,
  InvalidEvent,
} from "./internal/ingest/models.ts";
export type { SeriesOptions } from "./internal/series/series.ts";
export type { Metadata } from "./internal/wire/schema.ts";
export { MetricInput } from "./internal/wire/v1/metricInput.ts";
export { MetricRow } from "./internal/wire/v1/metricRow.ts";
export {
  CatalogMetric,
  CatalogValues,
  ComparisonSeries,
  type IngestResult,
  type RowOptions,
  type SortBy,
} from "./internal/wire/v1/metrics.ts";
export {
  ExperimentCatalogMetric,
  SeriesBatch,
  type SeriesOrder,
  SeriesSelection,
} from "./internal/wire/v1/series.ts";

/**
 * @category options
 */
export interface ListOptions extends RowOptions {
  /** Only the metric of this name. Default: all. */
  readonly metricName?: string | undefined;
  /** Only events that carry this key in their metadata. Default: all. */
  readonly metadataKey?: string | undefined;
  /** Only those where its value is this string. */
  readonly metadataValue?: string | undefined;
  /** Only those where its value is this, as JSON text, for a value that is no string. */
  readonly metadataValueJson?: string | undefined;
  /** Only events of this step. */
  readonly step?: number | undefined;
}

/**
 * @category options
 */
export interface CompareOptions extends RowOptions<SortBy | "series"> {}

/**
 * @category options
 */
export interface IngestOptions {
  /** Answer when the metrics can be read, not when they are accepted. Default: the service's, which is `false`. */
  readonly sync?: boolean | undefined;
}

/**
 * @category options
 */
export interface CatalogOptions {
  /** The largest number of entries. Default: the service's. */
  readonly limit?: number | undefined;
}

/**
 * @category options
 */
export interface CatalogValuesOptions {
  /** Only the values of these metadata keys. Default: all. */
  readonly keys?: ReadonlyArray<string> | undefined;
  /** The largest number of values of each key. Default: the service's. */
  readonly limit?: number | undefined;
}

// -----------------------------------------------------------------------------
// Reading
// -----------------------------------------------------------------------------

/**
 * The rows of an experiment.
 *
 * **Gotchas**
 *
 * The service cuts off what is beyond its limit, and there is no second page: for all points of a series, use {@link querySeries}.
 *
 * @example
 * ```ts
 * import { Metrics } from "syvain-metrics-effect";
 *
 * const lastLosses = (experimentId: string) =>
 *   Metrics.list(experimentId, {
 *     metricName: "loss",
 *     metadataKey: "split",
 *     metadataValue: "val",
 *     sortBy: ["step"],
 *     sortDirection: "desc",
 *     limit: 100,
 *   });
 * ```
 *
 * @category endpoints
 */
export const list = (
  experimentId: string,
  options?: ListOptions,
): Effect.Effect<
  { readonly rows: ReadonlyArray<MetricRow> },
  MetricsApiError,
  ConfigService | HttpClient
> => call(listMetrics, { params: { experiment_id: experimentId }, query: options });

/**
 * The rows of several series, of any experiments.
 *
 * @example
 * ```ts
 * import { Metrics } from "syvain-metrics-effect";
 *
 * const twoRuns = Metrics.compare(
 *   [
 *     { experimentId: "run-1-id", metricName: "loss" },
 *     { experimentId: "run-2-id", metricName: "loss" },
 *   ],
 *   { sortBy: ["series", "step"] },
 * );
 * ```
 *
 * @category endpoints
 */
export const compare = (
  series: ReadonlyArray<ComparisonSeries>,
  options?: CompareOptions,
): Effect.Effect<
  { readonly rows: ReadonlyArray<MetricRow> },
  MetricsApiError,
  ConfigService | HttpClient
> => call(compareMetrics, { query: { ...options, series } });

/**
 * All points of some series, in columns: one batch for each metric and each different metadata.
 *
 * **Details**
 *
 * It is asked for as a stream, and answers all of it or fails: a stream that was cut short is asked for again under the retry schedule. Of
 * the stream `timeout` bounds the wait for its headers and each silence after them, `deadline` the whole. 1 to 64 series, at most 32 filters each.
 *
 * **Gotchas**
 *
 * Later releases of v1 have it, and 0.0.62 does not.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect";
 * import { Metrics } from "syvain-metrics-effect";
 *
 * const losses = (experimentId: string) =>
 *   Effect.map(Metrics.querySeries([{ experimentId, metricName: "loss" }]), (batches) =>
 *     batches.flatMap(({ data }) => data.value),
 *   );
 * ```
 *
 * @category endpoints
 */
export const querySeries: (
  series: ReadonlyArray<SeriesSelection>,
  options?: SeriesOptions,
) => Effect.Effect<ReadonlyArray<SeriesBatch>, MetricsApiError, ConfigService | HttpClient> =
  readSeries;

/**
 * The same batch by batch, as they arrive, in the memory of one batch.
 *
 * **Gotchas**
 *
 * It cannot take back what it gave out: a stream that was cut short, or whose counts disagree, fails when it ends. What was cut short is a
 * `MetricsApiRequestError` that is `retryable`.
 *
 * @example
 * ```ts
 * import * as Stream from "effect/Stream";
 * import { Metrics } from "syvain-metrics-effect";
 *
 * const points = (experimentId: string) =>
 *   Metrics.streamSeries([{ experimentId }]).pipe(
 *     Stream.runFold(() => 0, (sum, { data }) => sum + data.value.length),
 *   );
 * ```
 *
 * @category endpoints
 */
export const streamSeries: (
  series: ReadonlyArray<SeriesSelection>,
  options?: SeriesOptions,
) => Stream.Stream<SeriesBatch, MetricsApiError, ConfigService | HttpClient> = internalStreamSeries;

// -----------------------------------------------------------------------------
// Writing
// -----------------------------------------------------------------------------

/**
 * Stores metrics, in one request, under the ingestion key of the experiment, which is minted when there is none yet.
 *
 * **Details**
 *
 * One event is stored per `clientEventId`, however often it is sent. A value that is not finite, or more than 1,000 events, fails the call
 * before anything is sent.
 *
 * @example
 * ```ts
 * import { ClientEventId, Metrics } from "syvain-metrics-effect";
 *
 * const store = (experimentId: string) =>
 *   Metrics.ingest(
 *     experimentId,
 *     [
 *       {
 *         clientEventId: ClientEventId.make({ run: "run-1", name: "loss", step: 0 }),
 *         name: "loss",
 *         value: 2.31,
 *         step: 0,
 *       },
 *     ],
 *     { sync: true },
 *   );
 * ```
 *
 * @category endpoints
 */
export const ingest = (
  experimentId: string,
  metrics: ReadonlyArray<MetricInput>,
  options?: IngestOptions,
): Effect.Effect<IngestResult, MetricsApiError, ConfigService | HttpClient | IngestionKeyCache> =>
  callWithIngestionKey(ingestMetrics, {
    params: { experiment_id: experimentId },
    query: options,
    payload: { metrics },
  });

/**
 * Stores any number of metrics: in as many requests as it takes, four at a time, in bounded memory.
 *
 * **Details**
 *
 * A batch is one request, with the retries of any other; it closes at 1,000 events or 1 MiB of body, whichever comes first. One that the
 * service finds too large (413) is halved. A batch that fails fails the call with its error, of which `acknowledged` says how many events
 * from the start of the input are stored, or left out: go on from there. An event that cannot be sent fails the call before its batch is sent, with
 * `InvalidRequest` and its index first in the `path`, or is left out and reported (`onInvalid: "collect"`). A stream that fails does so
 * here, when the events that came before are stored.
 *
 * **Gotchas**
 *
 * A batch waits until it is full, or until the input ends: it is for events that are there, not for those that are yet to come.
 *
 * @example
 * ```ts
 * import { ClientEventId, Metrics } from "syvain-metrics-effect";
 *
 * const losses = [2.31, 1.87, 1.52];
 *
 * const store = (experimentId: string) =>
 *   Metrics.ingestAll(
 *     experimentId,
 *     losses.map((value, step) => ({
 *       clientEventId: ClientEventId.make({ run: "run-1", name: "loss", step }),
 *       name: "loss",
 *       value,
 *       step,
 *     })),
 *   );
 * ```
 *
 * @category endpoints
 */
export const ingestAll: <E = never, R = never>(
  experimentId: string,
  events: Stream.Stream<MetricInput, E, R> | Iterable<MetricInput>,
  options?: IngestAllOptions,
) => Effect.Effect<
  IngestAllResult,
  MetricsApiError | E,
  ConfigService | HttpClient | IngestionKeyCache | R
> = internalIngestAll;

/**
 * {@link ingestAll} as the end of a stream.
 *
 * @example
 * ```ts
 * import * as Stream from "effect/Stream";
 * import { Metrics } from "syvain-metrics-effect";
 *
 * const store = (experimentId: string) =>
 *   Stream.fromIterable([2.31, 1.87]).pipe(
 *     Stream.zipWithIndex,
 *     Stream.map(([value, step]) => ({ clientEventId: `run-1/loss/${step}`, name: "loss", value, step })),
 *     Stream.run(Metrics.sink(experimentId)),
 *   );
 * ```
 *
 * @category endpoints
 */
export const sink = (
  experimentId: string,
  options?: IngestAllOptions,
): Sink.Sink<
  IngestAllResult,
  MetricInput,
  never,
  MetricsApiError,
  ConfigService | HttpClient | IngestionKeyCache
> =>
  Sink.fromTransform((upstream) =>
    Effect.map(
      internalIngestAll(experimentId, Stream.fromPull(Effect.succeed(upstream)), options),
      (result) => [result],
    ),
  );

// -----------------------------------------------------------------------------
// Catalog
// -----------------------------------------------------------------------------

/**
 * The metric names that an experiment recorded, with the metadata keys seen on each.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect";
 * import { Metrics } from "syvain-metrics-effect";
 *
 * const names = (experimentId: string) =>
 *   Effect.map(Metrics.listCatalog(experimentId), ({ metrics }) =>
 *     metrics.map(({ metricName }) => metricName),
 *   );
 * ```
 *
 * @category endpoints
 */
export const listCatalog = (
  experimentId: string,
  options?: CatalogOptions,
): Effect.Effect<
  { readonly metrics: ReadonlyArray<CatalogMetric> },
  MetricsApiError,
  ConfigService | HttpClient
> => call(listMetricCatalog, { params: { experiment_id: experimentId }, query: options });

/**
 * The values seen under the metadata keys of a metric.
 *
 * @example
 * ```ts
 * import { Metrics } from "syvain-metrics-effect";
 *
 * const splits = (experimentId: string) =>
 *   Metrics.inspectCatalogValues(experimentId, "loss", { keys: ["split"], limit: 10 });
 * ```
 *
 * @category endpoints
 */
export const inspectCatalogValues = (
  experimentId: string,
  metricName: string,
  options?: CatalogValuesOptions,
): Effect.Effect<
  { readonly metadata: CatalogValues },
  MetricsApiError,
  ConfigService | HttpClient
> =>
  call(inspectMetricCatalogValues, {
    params: { experiment_id: experimentId, metric_name: metricName },
    query: options,
  });

/**
 * The metric names that several experiments recorded, 1 to 64 of them.
 *
 * **Gotchas**
 *
 * Later releases of v1 have it, and 0.0.62 does not.
 *
 * @example
 * ```ts
 * import { Metrics } from "syvain-metrics-effect";
 *
 * const catalog = Metrics.queryCatalog(["run-1-id", "run-2-id"]);
 * ```
 *
 * @category endpoints
 */
export const queryCatalog = (
  experimentIds: ReadonlyArray<string>,
): Effect.Effect<
  ReadonlyArray<ExperimentCatalogMetric>,
  MetricsApiError,
  ConfigService | HttpClient
> => call(queryMetricCatalog, { payload: { experimentIds } });
