/**
 * Series, read to their end: all of it, or a failure.
 */
import * as Effect from "effect/Effect";
import type * as HttpClient from "effect/http/HttpClient";
import * as Stream from "effect/Stream";
import type { MetricsApiError } from "../base/errors.ts";
import type { Arrived, Interpret } from "../request/attempt.ts";
import { callStream } from "../request/call.ts";
import type { ConfigService } from "../request/config.ts";
import type { CallError, Exchange } from "../request/exchange.ts";
import { cutShort, misshapen } from "../request/failures.ts";
import { lines } from "../request/lines.ts";
import {
  querySeries,
  type SeriesBatch,
  type SeriesEnd,
  type SeriesOrder,
  type SeriesSelection,
} from "../wire/v1/series.ts";

/**
 * @category options
 */
export interface SeriesOptions {
  /** The order of the points of each series. Default: by step, ascending. */
  readonly order?: SeriesOrder | undefined;
}

const isEnd = (line: SeriesBatch | SeriesEnd): line is SeriesEnd => "kind" in line;

/** The batches as they arrive. The last line says how many there were; a stream without it was cut short. */
const batches = (exchange: Exchange, arrived: Arrived): Stream.Stream<SeriesBatch, CallError> =>
  Stream.suspend(() => {
    let ended = false;
    let batchCount = 0;
    let rowCount = 0;
    const disagrees = (expected: string) =>
      Stream.fail(misshapen(exchange, arrived.answer, { path: [], expected }));
    return lines(querySeries, exchange, arrived).pipe(
      Stream.flatMap((line): Stream.Stream<SeriesBatch, CallError> => {
        if (ended) return disagrees("nothing behind the record that ends the stream");
        if (!isEnd(line)) {
          batchCount++;
          rowCount += line.data.value.length;
          return Stream.succeed(line);
        }
        ended = true;
        return line.batchCount === batchCount && line.rowCount === rowCount
          ? Stream.empty
          : disagrees(
              `${line.batchCount} batches of ${line.rowCount} rows in all, as its last record says; there were ${batchCount} of ${rowCount}`,
            );
      }),
      Stream.concat(Stream.suspend(() => (ended ? Stream.empty : Stream.fail(cutShort(exchange))))),
    );
  });

const call = <A>(
  series: ReadonlyArray<SeriesSelection>,
  { order = { axis: "step", direction: "asc" } }: SeriesOptions,
  interpret: Interpret<A>,
) => callStream(querySeries, { payload: { series, order, stream: true } }, interpret);

/** Reading to the end is a part of the attempt, so that what was cut short is asked for again. */
export const readSeries = (
  series: ReadonlyArray<SeriesSelection>,
  options: SeriesOptions = {},
): Effect.Effect<
  ReadonlyArray<SeriesBatch>,
  MetricsApiError,
  ConfigService | HttpClient.HttpClient
> => call(series, options, (exchange, arrived) => Stream.runCollect(batches(exchange, arrived)));

export const streamSeries = (
  series: ReadonlyArray<SeriesSelection>,
  options: SeriesOptions = {},
): Stream.Stream<SeriesBatch, MetricsApiError, ConfigService | HttpClient.HttpClient> =>
  Stream.unwrap(
    call(series, options, (exchange, arrived) => Effect.succeed(batches(exchange, arrived))),
  );
