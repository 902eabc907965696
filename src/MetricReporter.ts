/**
 * Reports the metrics of the application itself, those of Effect's `Metric` registry, through a recorder.
 *
 * @since 0.1.0
 */
import * as DateTime from "effect/DateTime";
import type * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Metric from "effect/Metric";
import * as Schedule from "effect/Schedule";
import type { Recorder } from "./Collector.ts";
import type { MetricsApiAuthError } from "./MetricsApiError.ts";
import { durationSetting } from "./internal/setting.ts";
import { pointsOf } from "./internal/reporter/series.ts";

// -----------------------------------------------------------------------------
// Options
// -----------------------------------------------------------------------------

/**
 * @category options
 * @since 0.1.0
 */
export interface ReportOptions {
  /** Which metrics are reported. Default: all. */
  readonly filter?: ((metric: Metric.Metric.Snapshot) => boolean) | undefined;
  /** Metadata that every event gets beside the attributes of its metric, such as the rank of the process. Default: none. */
  readonly metadata?: { readonly [key: string]: string | number | boolean } | undefined;
}

/**
 * @category options
 * @since 0.1.0
 */
export interface Options extends ReportOptions {
  readonly recorder: Recorder;
  /** A duration between reports, or a schedule of them. Default: 10 seconds. */
  readonly interval?: Duration.Input | Schedule.Schedule<unknown> | undefined;
}

// -----------------------------------------------------------------------------
// Reporting
// -----------------------------------------------------------------------------

/**
 * Records how all metrics stand, once.
 *
 * **Details**
 *
 * A counter and a gauge are a series of their own name. A frequency is one per word, with the word under `key` in the metadata. A histogram is
 * `{name}_bucket`, one per boundary, which stands under `le`, and `{name}_count`, `_sum`, `_min` and `_max`; a summary is `{name}`, one per `quantile`, and the same four.
 * The attributes of a metric are in the metadata. Events of one report have one timestamp and no step.
 *
 * @category reporting
 * @since 0.1.0
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
 * Fails with `MetricsApiAuthError` (`InvalidSetting`) when the layer is built for an interval that is no positive duration.
 *
 * **Gotchas**
 *
 * Provide it inside the scope of the recorder, say around what `recorder.run` runs: the last report is recorded when the layer closes.
 *
 * @category layers
 * @since 0.1.0
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
