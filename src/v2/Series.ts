/**
 * Series: the points of metrics, in columns.
 *
 * @module
 */
import type * as Effect from "effect/Effect";
import type { HttpClient } from "effect/http/HttpClient";
import type * as Stream from "effect/Stream";
import type { MetricsApiError } from "../internal/base/errors.ts";
import type { ConfigService } from "../internal/request/config.ts";
import {
  readSeries,
  type SeriesOptions,
  streamSeries as internalStream,
} from "../internal/series/columns.ts";
import type { Series } from "../internal/wire/v2/series.ts";

export type { SeriesOptions } from "../internal/series/columns.ts";
export type { Series } from "../internal/wire/v2/series.ts";

/**
 * All points of the series of an experiment: one `Series` for each name and each different metadata, in the order of
 * `names`, or by name.
 *
 * **Details**
 *
 * It answers all of it or fails: a stream that was cut short is asked for again under the retry schedule. Of the
 * stream `timeout` bounds the wait for its headers and each silence after them, `deadline` the whole. More than 1,000
 * names are asked for in turns. Times and values are `Float64Array`s, and steps, of which old events have none, an
 * array with `null` there; there is no object for a point.
 *
 * **Gotchas**
 *
 * All of it is in memory in the end. For more than fits there, use {@link stream}.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect";
 * import { Series } from "syvain-metrics-effect/v2";
 *
 * const lowest = (experimentId: string) =>
 *   Effect.map(Series.read(experimentId, { names: ["loss"], where: { split: "val" } }), (series) =>
 *     series.map(({ values }) => values.reduce((a, b) => Math.min(a, b), Infinity)),
 *   );
 * ```
 *
 * @category endpoints
 */
export const read: (
  experimentId: string,
  options?: SeriesOptions,
) => Effect.Effect<ReadonlyArray<Series>, MetricsApiError, ConfigService | HttpClient> = readSeries;

/**
 * The same as it arrives, in the memory of one batch: a long series comes in several of them.
 *
 * **Gotchas**
 *
 * It cannot take back what it gave out: a stream that was cut short, or whose counts disagree, fails when it ends.
 * What was cut short is a `MetricsApiRequestError` that is `retryable`.
 *
 * @example
 * ```ts
 * import * as Stream from "effect/Stream";
 * import { Series } from "syvain-metrics-effect/v2";
 *
 * const points = (experimentId: string) =>
 *   Series.stream(experimentId).pipe(
 *     Stream.runFold(() => 0, (sum, { values }) => sum + values.length),
 *   );
 * ```
 *
 * @category endpoints
 */
export const stream: (
  experimentId: string,
  options?: SeriesOptions,
) => Stream.Stream<Series, MetricsApiError, ConfigService | HttpClient> = internalStream;
