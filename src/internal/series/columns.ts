/**
 * Series of one experiment, in columns: all of them or a failure, or as they arrive.
 */
import * as Effect from "effect/Effect";
import type * as HttpClient from "effect/http/HttpClient";
import * as Result from "effect/Result";
import * as Stream from "effect/Stream";
import type { MetricsApiError } from "../base/errors.ts";
import { bodyOf, enclose } from "../events/call.ts";
import { newMessageId } from "../events/messageId.ts";
import { dataOf } from "../events/refused.ts";
import type { Arrived } from "../request/attempt.ts";
import { byApiKey, callWith } from "../request/call.ts";
import type { ConfigService } from "../request/config.ts";
import type { CallError, Exchange } from "../request/exchange.ts";
import { cutShort, garbled, misshapen } from "../request/failures.ts";
import { readLines } from "../request/lines.ts";
import { errorEvent, readReply } from "../wire/v2/envelope.ts";
import * as wire from "../wire/v2/series.ts";
import type { Series } from "../wire/v2/series.ts";

/**
 * Which series, and in which order their points.
 *
 * @category options
 */
export interface SeriesOptions {
  /** Only those of these names. Default: all. */
  readonly names?: ReadonlyArray<string> | undefined;
  /** Only those whose metadata has these values. Default: any. */
  readonly where?: { readonly [key: string]: string } | undefined;
  /** Only those whose metadata has these keys. Default: any. */
  readonly has?: ReadonlyArray<string> | undefined;
  /** What the points are in the order of. Default: `"step"`. */
  readonly x?: "step" | "timestamp" | undefined;
}

type Needs = ConfigService | HttpClient.HttpClient;

/** More names than one query takes are asked for in turns; the same name twice is one. */
const turnsOf = (options: SeriesOptions): ReadonlyArray<SeriesOptions> => {
  const { names } = options;
  // What is no array is refused where it is encoded.
  if (!Array.isArray(names)) return [options];
  const distinct = [...new Set<string>(names)];
  const turns: Array<SeriesOptions> = [];
  for (let at = 0; at < distinct.length; at += wire.maxNames) {
    turns.push({ ...options, names: distinct.slice(at, at + wire.maxNames) });
  }
  return turns;
};

/** Asks once; `f` makes of the batches what the call answers. That is a part of the attempt. */
const ask = <A>(
  operation: typeof wire.readSeries | typeof wire.streamSeries,
  experimentId: string,
  options: SeriesOptions,
  f: (batches: Stream.Stream<Series, CallError>) => Effect.Effect<A, CallError>,
): Effect.Effect<A, MetricsApiError, Needs> =>
  Effect.suspend(() => {
    const messageId = newMessageId();
    const input = { payload: { ...options, experimentId } };
    return callWith(
      operation,
      enclose(operation, input, bodyOf, messageId),
      byApiKey,
      (exchange, arrived) => f(batches(exchange, arrived, messageId)),
    );
  });

// -----------------------------------------------------------------------------
// As they arrive
// -----------------------------------------------------------------------------

/** What has come of the series of one name. */
interface Seen {
  batches: number;
  points: number;
  complete: boolean;
}

/**
 * The batches as they arrive, held against what the stream says of itself. One that does not come to its end was cut
 * short.
 */
const batches = (
  exchange: Exchange,
  arrived: Arrived,
  messageId: string,
): Stream.Stream<Series, CallError> =>
  Stream.suspend(() => {
    const { answer } = arrived;
    const seen = new Map<string, Seen>();
    let done = false;

    const of = (name: string): Seen => {
      const known = seen.get(name) ?? { batches: 0, points: 0, complete: false };
      seen.set(name, known);
      return known;
    };
    const wrong = (expected: string) =>
      Result.fail(misshapen(exchange, answer, { path: [], expected }));
    const nothing = Result.succeed(undefined);

    const take = (record: wire.SeriesRecord): Result.Result<Series | undefined, CallError> => {
      if (done) return wrong("nothing behind the record that ends the stream");
      switch (record._tag) {
        case "Batch": {
          const ofName = of(record.batch.name);
          if (ofName.complete) return wrong("no points behind the record that ends their series");
          ofName.batches++;
          ofName.points += record.batch.values.length;
          return Result.succeed(record.batch);
        }
        case "Complete": {
          const ofName = of(record.name);
          if (ofName.complete) return wrong("one record that ends each series");
          ofName.complete = true;
          return ofName.batches === record.batches && ofName.points === record.points
            ? nothing
            : wrong(
                `${record.batches} batches of ${record.points} points of a series, as its last record says; ` +
                  `there were ${ofName.batches} of ${ofName.points}`,
              );
        }
        case "Done": {
          done = true;
          const all = [...seen.values()];
          const batches = all.reduce((sum, { batches }) => sum + batches, 0);
          const points = all.reduce((sum, { points }) => sum + points, 0);
          if (!all.every(({ complete }) => complete))
            return wrong("a record that ends each series");
          return all.length === record.series &&
            batches === record.batches &&
            points === record.points
            ? nothing
            : wrong(
                `${record.batches} batches of ${record.points} points of ${record.series} series in all, ` +
                  `as the last record says; there were ${batches} of ${points} of ${all.length}`,
              );
        }
      }
    };

    return readLines(exchange, arrived, (json) => {
      const reply = readReply(json, messageId);
      if (reply === undefined) return Result.fail(garbled(exchange));
      if (reply.event === errorEvent) {
        return Result.flatMap(dataOf(exchange, answer, reply, errorEvent, []), () => nothing);
      }
      const record = wire.readRecord(reply);
      return Result.isFailure(record)
        ? Result.fail(misshapen(exchange, answer, record.failure))
        : take(record.success);
    }).pipe(
      Stream.concat(Stream.suspend(() => (done ? Stream.empty : Stream.fail(cutShort(exchange))))),
    );
  });

export const streamSeries = (
  experimentId: string,
  options: SeriesOptions = {},
): Stream.Stream<Series, MetricsApiError, Needs> =>
  Stream.flatMap(Stream.fromIterable(turnsOf(options)), (turn) =>
    Stream.unwrap(ask(wire.streamSeries, experimentId, turn, Effect.succeed)),
  );

// -----------------------------------------------------------------------------
// Whole
// -----------------------------------------------------------------------------

/** What tells the series of one name apart; the order of the keys does not. */
const partitionOf = ({ metadata }: Series): string =>
  JSON.stringify(Object.entries(metadata).toSorted(([a], [b]) => (a < b ? -1 : 1)));

/** A long series comes in several batches. */
const joined = (parts: ReadonlyArray<Series>): ReadonlyArray<Series> => {
  const [first, more] = parts;
  if (first === undefined || more === undefined) return parts;
  const length = parts.reduce((sum, { values }) => sum + values.length, 0);
  const steps = Array<number | null>(length);
  const timestampsMs = new Float64Array(length);
  const values = new Float64Array(length);
  let offset = 0;
  for (const part of parts) {
    timestampsMs.set(part.timestampsMs, offset);
    values.set(part.values, offset);
    // `flatMap` takes six times as long.
    for (const step of part.steps) steps[offset++] = step;
  }
  return [{ ...first, steps, timestampsMs, values }];
};

/** Batches, by name and by what tells those of one name apart, in the order in which they came. */
type Parts = Map<string, Map<string, Array<Series>>>;

const add = (all: Parts, batch: Series): void => {
  const ofName = all.get(batch.name) ?? new Map<string, Array<Series>>();
  all.set(batch.name, ofName);
  const partition = partitionOf(batch);
  const parts = ofName.get(partition);
  if (parts === undefined) ofName.set(partition, [batch]);
  else parts.push(batch);
};

/** Reading to the end is a part of the attempt, so that what was cut short is asked for again. */
const readOnce = (
  experimentId: string,
  options: SeriesOptions,
): Effect.Effect<ReadonlyArray<Series>, MetricsApiError, Needs> =>
  ask(wire.readSeries, experimentId, options, (batches) =>
    Effect.suspend(() => {
      const all: Parts = new Map();
      return Effect.map(
        Stream.runForEach(batches, (batch) => Effect.sync(() => add(all, batch))),
        () =>
          (options.names ?? [...all.keys()].toSorted()).flatMap((name) =>
            [...(all.get(name)?.values() ?? [])].flatMap(joined),
          ),
      );
    }),
  );

export const readSeries = (
  experimentId: string,
  options: SeriesOptions = {},
): Effect.Effect<ReadonlyArray<Series>, MetricsApiError, Needs> =>
  Effect.map(
    Effect.forEach(turnsOf(options), (turn) => readOnce(experimentId, turn)),
    (turns) => turns.flat(),
  );
