/**
 * A functional client for the Syvain Metrics REST API on Effect: one namespace per module.
 */
export * as Annotations from "./Annotations.ts";
export * as Auth from "./Auth.ts";
export * as ClientEventId from "./ClientEventId.ts";
export * as Collector from "./Collector.ts";
export * as ConfigService from "./ConfigService.ts";
export * as Experiments from "./Experiments.ts";
export * as Folders from "./Folders.ts";
export * as IdempotencyKey from "./IdempotencyKey.ts";
export * as IngestionKeyCache from "./IngestionKeyCache.ts";
export * as IngestionKeys from "./IngestionKeys.ts";
export * as MetricReporter from "./MetricReporter.ts";
export * as Metrics from "./Metrics.ts";
export * as MetricsApiError from "./internal/base/errors.ts";
export * as PersistedIngestionKeyCache from "./PersistedIngestionKeyCache.ts";
export * as RequestPolicy from "./RequestPolicy.ts";
export * as ResponseInfo from "./ResponseInfo.ts";
export * as RetryBudget from "./RetryBudget.ts";
export * as Spool from "./Spool.ts";
export * as SyvainMetrics from "./SyvainMetrics.ts";
export * as Telemetry from "./Telemetry.ts";
