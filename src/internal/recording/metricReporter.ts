import * as DateTime from "effect/DateTime";
import type * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Metric from "effect/Metric";
import * as Schedule from "effect/Schedule";
import type { MetricsApiAuthError } from "../base/errors.ts";
import { durationSetting } from "../base/settings.ts";
import type { Recorder } from "./service.ts";

// -----------------------------------------------------------------------------
// Options
// -----------------------------------------------------------------------------

/**
 * @category options
 */
export interface ReportOptions {
  /** Which metrics are reported. Default: all. */
  readonly filter?: ((metric: Metric.Metric.Snapshot) => boolean) | undefined;
  /**
   * Metadata that every event gets beside the attributes of its metric, such as the rank of the process. Default:
   * none.
   */
  readonly metadata?: { readonly [key: string]: string | number | boolean } | undefined;
}

/**
 * @category options
 */
export interface Options extends ReportOptions {
  readonly recorder: Recorder;
  /** A duration between reports, or a schedule of them. Default: 10 seconds. */
  readonly interval?: Duration.Input | Schedule.Schedule<unknown> | undefined;
}

/** One number of a metric, and what tells it from the others of its name. */
interface Point {
  readonly name: string;
  readonly value: number;
  readonly metadata: { readonly [key: string]: string };
}

/** The numbers of a metric, under the names and labels that OpenMetrics gives them. */
const pointsOf = (metric: Metric.Metric.Snapshot): ReadonlyArray<Point> => {
  const { id: name } = metric;
  const metadata = { ...metric.attributes };
  const point = (suffix: string, value: number | bigint, more?: Point["metadata"]): Point => ({
    name: name + suffix,
    value: Number(value),
    metadata: more === undefined ? metadata : { ...metadata, ...more },
  });
  /** Nothing observed has no least and no greatest. */
  const spread = ({ count, max, min, sum }: Metric.HistogramState | Metric.SummaryState) => [
    point("_count", count),
    point("_sum", sum),
    ...(count === 0 ? [] : [point("_min", min), point("_max", max)]),
  ];
  switch (metric.type) {
    case "Counter":
      return [point("", metric.state.count)];
    case "Gauge":
      return [point("", metric.state.value)];
    case "Frequency":
      return Array.from(metric.state.occurrences, ([key, count]) => point("", count, { key }));
    case "Histogram":
      return [
        ...metric.state.buckets.map(([boundary, count]) =>
          point("_bucket", count, { le: String(boundary) }),
        ),
        ...spread(metric.state),
      ];
    case "Summary":
      return [
        ...metric.state.quantiles.flatMap(([quantile, value]) =>
          value === undefined ? [] : [point("", value, { quantile: String(quantile) })],
        ),
        ...spread(metric.state),
      ];
  }
};

// -----------------------------------------------------------------------------
// Reporting
// -----------------------------------------------------------------------------

/**
 * Records how all metrics stand, once.
 *
 * **Details**
 *
 * A counter and a gauge are a series of their own name. A frequency is one per word, with the word under `key` in the
 * metadata. A histogram is `{name}_bucket`, one per boundary, which stands under `le`, and `{name}_count`, `_sum`,
 * `_min` and `_max`; a summary is `{name}`, one per `quantile`, and the same four. The attributes of a metric are in
 * the metadata. Events of one report have one timestamp and no step.
 *
 * @example
 * ```ts
 * import { type Collector, MetricReporter } from "syvain-metrics-effect";
 *
 * const requests = (recorder: Collector.Recorder) =>
 *   MetricReporter.report(recorder, { filter: ({ id }) => id.startsWith("http_") });
 * ```
 *
 * @category reporting
 */
export const report = (recorder: Recorder, options: ReportOptions = {}): Effect.Effect<void> =>
  Effect.gen(function* () {
    const timestamp = yield* DateTime.now;
    for (const metric of yield* Metric.snapshot) {
      if (options.filter?.(metric) === false) continue;
      for (const { metadata, name, value } of pointsOf(metric)) {
        yield* recorder.metric(name, value, {
          timestamp,
          metadata: { ...options.metadata, ...metadata },
        });
      }
    }
  });

/**
 * Reports at an interval while the layer lives, and once more at its end.
 *
 * Fails with `MetricsApiAuthError` (`InvalidSetting`) when the layer is built for an interval that is no positive
 * duration.
 *
 * **Gotchas**
 *
 * Provide it inside the scope of the recorder, say around what `recorder.run` runs: the last report is recorded when
 * the layer closes.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect";
 * import { Collector, MetricReporter } from "syvain-metrics-effect";
 *
 * const reported = <A, E, R>(job: Effect.Effect<A, E, R>) =>
 *   Effect.gen(function* () {
 *     const recorder = yield* Collector.experiment({ slug: "app" });
 *     const reporting = MetricReporter.layer({ recorder, interval: "1 minute" });
 *     return yield* recorder.run(Effect.provide(job, reporting));
 *   });
 * ```
 *
 * @category layers
 */
export const layer = (options: Options): Layer.Layer<never, MetricsApiAuthError> => {
  const { interval = "10 seconds", recorder } = options;
  const reporting = report(recorder, options);
  return Layer.effectDiscard(
    Effect.gen(function* () {
      const schedule = Schedule.isSchedule(interval)
        ? interval
        : Schedule.spaced(yield* durationSetting(interval, "interval"));
      yield* Effect.addFinalizer(() => reporting);
      yield* Effect.forkScoped(Effect.schedule(reporting, schedule));
    }),
  );
};
