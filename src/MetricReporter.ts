/**
 * Reports the metrics of the application itself, those of Effect's `Metric` registry, through a recorder.
 *
 * @module
 */
export {
  layer,
  type Options,
  report,
  type ReportOptions,
} from "./internal/recording/metricReporter.ts";
