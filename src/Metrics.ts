/**
 * Metrics: recording them, reading them, comparing them, and the catalog of what was recorded.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect";
import type { HttpClient } from "effect/http/HttpClient";
import * as Sink from "effect/Sink";
import * as Stream from "effect/Stream";
import type { ConfigService } from "./ConfigService.ts";
import type { IngestionKeyCache } from "./IngestionKeyCache.ts";
import { Metric, MetricInput } from "./internal/contract/metric.ts";
import {
  CatalogMetric,
  CatalogValue,
  compareMetrics,
  ComparisonMetricSeries,
  ComparisonRow,
  ingestMetrics,
  inspectMetricCatalogValues,
  listMetricCatalog,
  listMetrics,
} from "./internal/contract/metrics.ts";
import type { Metadata } from "./internal/contract/schema.ts";
import { ingestAll as internalIngestAll } from "./internal/ingest/ingestAll.ts";
import type {
  IngestAllOptions,
  IngestAllProgress,
  IngestAllResult,
  InvalidEvent,
} from "./internal/ingest/models.ts";
import { paginate } from "./internal/paginate.ts";
import { call } from "./internal/road/call.ts";
import { callWithIngestionKey } from "./internal/road/callWithIngestionKey.ts";
import type { MetricsApiError } from "./MetricsApiError.ts";

// -----------------------------------------------------------------------------
// Models
// -----------------------------------------------------------------------------

export {
  /**
   * A metric name that was recorded, and its schema.
   *
   * @category models
   * @since 0.1.0
   */
  CatalogMetric,
  /**
   * A value seen under a metadata key, and its schema.
   *
   * @category models
   * @since 0.1.0
   */
  CatalogValue,
  /**
   * One series of a comparison, and its schema.
   *
   * @category models
   * @since 0.1.0
   */
  ComparisonMetricSeries,
  /**
   * One point of a comparison, and its schema.
   *
   * @category models
   * @since 0.1.0
   */
  ComparisonRow,
  /**
   * A stored measurement, and its schema.
   *
   * @category models
   * @since 0.1.0
   */
  Metric,
  /**
   * A measurement to store, and its schema.
   *
   * @category models
   * @since 0.1.0
   */
  MetricInput,
};

export type {
  IngestAllOptions,
  IngestAllProgress,
  IngestAllResult,
  InvalidEvent,
  /**
   * User metadata: any JSON object, never renamed, in either direction.
   *
   * @category models
   * @since 0.1.0
   */
  Metadata,
};

/**
 * @category models
 * @since 0.1.0
 */
export interface ListOptions {
  /** Only the metrics of this name. Default: all. */
  readonly name?: string | undefined;
  /** `nextCursor` of the page before. Default: from the start. */
  readonly cursor?: string | undefined;
  /** The largest number of metrics on a page. Default: the service's. */
  readonly limit?: number | undefined;
}

/**
 * @category models
 * @since 0.1.0
 */
export interface MetricPage {
  readonly metrics: ReadonlyArray<Metric>;
  /** `null` on the last page. */
  readonly nextCursor: string | null;
}

/**
 * @category models
 * @since 0.1.0
 */
export interface CompareOptions {
  /** The largest number of points of each series. Default: the service's. */
  readonly limit?: number | undefined;
}

/**
 * @category models
 * @since 0.1.0
 */
export interface IngestOptions {
  /** Answer when the metrics can be read, not when they are accepted. Default: `false`. */
  readonly sync?: boolean | undefined;
}

/**
 * What became of the metrics of a request: each was accepted, or was there already under its `clientEventId`.
 *
 * @category models
 * @since 0.1.0
 */
export interface IngestResult {
  readonly accepted: number;
  readonly duplicates: number;
}

/**
 * @category models
 * @since 0.1.0
 */
export interface CatalogOptions {
  /** Only what these experiments recorded. Default: all. */
  readonly experimentIds?: ReadonlyArray<string> | undefined;
  /** `nextCursor` of the page before. Default: from the start. */
  readonly cursor?: string | undefined;
  /** The largest number of entries on a page. Default: the service's. */
  readonly limit?: number | undefined;
}

/**
 * @category models
 * @since 0.1.0
 */
export interface CatalogPage {
  readonly metrics: ReadonlyArray<CatalogMetric>;
  /** `null` on the last page. */
  readonly nextCursor: string | null;
}

/**
 * @category models
 * @since 0.1.0
 */
export interface CatalogValuesOptions extends CatalogOptions {
  readonly metricName: string;
  readonly metadataKey: string;
}

/**
 * @category models
 * @since 0.1.0
 */
export interface CatalogValuesPage {
  readonly values: ReadonlyArray<CatalogValue>;
  /** `null` on the last page. */
  readonly nextCursor: string | null;
}

// -----------------------------------------------------------------------------
// Endpoints
// -----------------------------------------------------------------------------

/**
 * One page of the metrics of an experiment.
 *
 * @see {@link stream} for all of them
 *
 * @category endpoints
 * @since 0.1.0
 */
export const list = (
  experimentId: string,
  options?: ListOptions,
): Effect.Effect<MetricPage, MetricsApiError, ConfigService | HttpClient> =>
  call(listMetrics, { params: { experiment_id: experimentId }, query: options });

/**
 * All metrics of an experiment, page after page, each fetched when it is needed.
 *
 * @category endpoints
 * @since 0.1.0
 */
export const stream = (
  experimentId: string,
  options?: ListOptions,
): Stream.Stream<Metric, MetricsApiError, ConfigService | HttpClient> =>
  paginate(
    listMetrics,
    options?.cursor,
    (cursor) => list(experimentId, { ...options, cursor }),
    (page) => page.metrics,
  );

/**
 * The points of several series side by side: the rows themselves.
 *
 * @category endpoints
 * @since 0.1.0
 */
export const compare = (
  series: ReadonlyArray<ComparisonMetricSeries>,
  options?: CompareOptions,
): Effect.Effect<ReadonlyArray<ComparisonRow>, MetricsApiError, ConfigService | HttpClient> =>
  Effect.map(
    call(compareMetrics, { payload: { series, limit: options?.limit } }),
    ({ rows }) => rows,
  );

/**
 * Stores metrics, in one request, under the ingestion key of the experiment, which is minted when there is none yet.
 *
 * **Details**
 *
 * One event is stored per `clientEventId`, however often it is sent. A value that is not finite fails the call before anything is sent.
 *
 * @category endpoints
 * @since 0.1.0
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
 * from the start of the input are stored: go on from there. An event that cannot be sent fails the call before its batch is sent, with
 * `InvalidRequest` and its index first in the `path`, or is left out and reported (`onInvalid: "collect"`). A stream that fails does so
 * here, when the events that came before are stored.
 *
 * **Gotchas**
 *
 * A batch waits until it is full, or until the input ends: it is for events that are there, not for those that are yet to come.
 *
 * @category endpoints
 * @since 0.1.0
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
 * @category endpoints
 * @since 0.1.0
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

/**
 * One page of the metric names that were recorded.
 *
 * @see {@link streamCatalog} for all of them
 *
 * @category endpoints
 * @since 0.1.0
 */
export const listCatalog = (
  options?: CatalogOptions,
): Effect.Effect<CatalogPage, MetricsApiError, ConfigService | HttpClient> =>
  call(listMetricCatalog, { query: options });

/**
 * All metric names that were recorded, page after page, each fetched when it is needed.
 *
 * @category endpoints
 * @since 0.1.0
 */
export const streamCatalog = (
  options?: CatalogOptions,
): Stream.Stream<CatalogMetric, MetricsApiError, ConfigService | HttpClient> =>
  paginate(
    listMetricCatalog,
    options?.cursor,
    (cursor) => listCatalog({ ...options, cursor }),
    (page) => page.metrics,
  );

/**
 * One page of the values seen under a metadata key of a metric.
 *
 * @see {@link streamCatalogValues} for all of them
 *
 * @category endpoints
 * @since 0.1.0
 */
export const inspectCatalogValues = (
  options: CatalogValuesOptions,
): Effect.Effect<CatalogValuesPage, MetricsApiError, ConfigService | HttpClient> =>
  call(inspectMetricCatalogValues, { query: options });

/**
 * All values seen under a metadata key of a metric, page after page, each fetched when it is needed.
 *
 * @category endpoints
 * @since 0.1.0
 */
export const streamCatalogValues = (
  options: CatalogValuesOptions,
): Stream.Stream<CatalogValue, MetricsApiError, ConfigService | HttpClient> =>
  paginate(
    inspectMetricCatalogValues,
    options.cursor,
    (cursor) => inspectCatalogValues({ ...options, cursor }),
    (page) => page.values,
  );
