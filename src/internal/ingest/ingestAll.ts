/**
 * Any number of events, in requests of a bounded size, a few at a time.
 */
import * as Effect from "effect/Effect";
import type { HttpClient } from "effect/http/HttpClient";
import * as Redacted from "effect/Redacted";
import * as Stream from "effect/Stream";
import type { MetricsApiError } from "../base/errors.ts";
import { formatIssue, type Issue, scrubPath } from "../base/issue.ts";
import { countInWords, isCount } from "../base/settings.ts";
import type { IngestionKeyCache } from "../keys/cache.ts";
import { callWithIngestionKey } from "../keys/callWithIngestionKey.ts";
import { invalidInput, type Placed, Refused, Settled, withAcknowledged } from "../request/bulk.ts";
import { ConfigService } from "../request/config.ts";
import type { Batch } from "../request/gathering.ts";
import { makeScrub } from "../request/scrub.ts";
import type { MetricInput } from "../wire/v1/metricInput.ts";
import { ingestMetrics, maxEvents } from "../wire/v1/metrics.ts";
import { halvesOf, makeGathering } from "./batches.ts";
import type { IngestAllOptions, IngestAllResult, InvalidEvent } from "./models.ts";

/** What has become of the batches so far. */
class Account {
  acknowledged = 0;
  batches = 0;
  mode: IngestAllResult["mode"];
  readonly invalid: Array<InvalidEvent> = [];
  readonly settled = new Settled();

  add(count: number, mode: NonNullable<IngestAllResult["mode"]>): void {
    this.acknowledged += count;
    this.batches++;
    this.mode = this.mode === undefined || this.mode === mode ? mode : "mixed";
  }

  get result(): IngestAllResult {
    const { acknowledged, batches, mode } = this;
    const invalid = this.invalid.toSorted((a, b) => a.index - b.index);
    return { acknowledged, batches, mode, invalid };
  }
}

/** The end of the input, when it is not a good one. */
class Broken<E> {
  readonly failure: Effect.Effect<never, E>;
  constructor(failure: Effect.Effect<never, E>) {
    this.failure = failure;
  }
}

const isTooLarge = (error: MetricsApiError): boolean =>
  error._tag === "MetricsApiRequestError" && error.status === 413;

type Sending = Batch & Placed;

/** What comes of the input, in order. */
type Item<E> = Sending | Refused | Broken<E>;

/** A limit that cannot be one. */
const wrongOption = (options: IngestAllOptions): Issue | undefined => {
  for (const name of ["concurrency", "maxBatchEvents", "maxBatchBytes"] as const) {
    const limit = options[name];
    if (limit !== undefined && !isCount(limit)) return { path: [name], expected: countInWords };
  }
  return (options.maxBatchEvents ?? 0) > maxEvents
    ? { path: ["maxBatchEvents"], expected: `at most ${maxEvents}` }
    : undefined;
};

export const ingestAll = <E = never, R = never>(
  experimentId: string,
  events: Stream.Stream<MetricInput, E, R> | Iterable<MetricInput>,
  options: IngestAllOptions = {},
): Effect.Effect<
  IngestAllResult,
  MetricsApiError | E,
  ConfigService | HttpClient | IngestionKeyCache | R
> =>
  Effect.flatMap(ConfigService, ({ apiKey, host }) => {
    const wrong = wrongOption(options);
    if (wrong !== undefined) return Effect.fail(invalidInput(ingestMetrics, host, wrong, 0));
    const scrub = makeScrub([Redacted.value(apiKey)]);
    /** A path may name a field of the input's. */
    const shown = ({ path, expected }: Issue): Issue => ({
      path: scrubPath(path, scrub),
      expected,
    });
    const { onInvalid = "fail", onProgress, sync } = options;
    const account = new Account();
    const gathering = makeGathering({
      maxEvents: options.maxBatchEvents ?? maxEvents,
      maxBytes: options.maxBatchBytes ?? 1024 * 1024,
    });
    let index = 0;
    let number = 0;

    const sending = (batch: Batch, end: number): Sending => ({ ...batch, number: number++, end });

    /** What there is. */
    const rest = (): ReadonlyArray<Sending> => {
      const batch = gathering.take();
      return batch === undefined ? [] : [sending(batch, index)];
    };

    /**
     * The batches that are full with these events, up to the first that fails the call. A generator may give out one
     * object again and again, so each is read before the next is asked for.
     */
    function* gather(events: Iterable<MetricInput>): Generator<Sending | Refused> {
      for (const event of events) {
        const added = gathering.add(event, index);
        if (added !== undefined) {
          if ("body" in added) {
            yield sending(added, index);
          } else if (onInvalid === "collect") {
            account.invalid.push({ index, reason: formatIssue(shown(added)) });
          } else {
            yield new Refused(index, added);
            return;
          }
        }
        index++;
        if (gathering.isFull) yield* rest();
      }
    }

    /** The same of all events there are, and what is left then. */
    function* gatherAll(events: Iterable<MetricInput>): Generator<Item<E>> {
      try {
        yield* gather(events);
        yield* rest();
      } catch (error) {
        yield* rest();
        yield new Broken(Effect.die(error));
      }
    }

    const items: Stream.Stream<Item<E>, never, R> = Stream.isStream(events)
      ? Stream.chunks(events).pipe(
          Stream.catchCause((cause) => Stream.succeed(new Broken(Effect.failCause(cause)))),
          Stream.mapAccum(
            () => undefined,
            (_, item): readonly [undefined, ReadonlyArray<Item<E>>] => [
              undefined,
              item instanceof Broken ? [...rest(), item] : [...gather(item)],
            ],
            { onHalt: rest },
          ),
        )
      : // One after the other: each is many events.
        Stream.fromIterable(gatherAll(events), { chunkSize: 1 });

    const send = (
      batch: Batch,
    ): Effect.Effect<void, MetricsApiError, ConfigService | HttpClient | IngestionKeyCache> =>
      callWithIngestionKey(ingestMetrics, {
        params: { experiment_id: experimentId },
        query: sync === undefined ? undefined : { sync },
        body: batch.body,
      }).pipe(
        Effect.map(({ mode }) => account.add(batch.indexes.length, mode)),
        Effect.catchIf(isTooLarge, (error) => {
          const [index, more] = batch.indexes;
          if (more !== undefined) {
            const [first, second] = halvesOf(batch);
            return Effect.andThen(send(first), send(second));
          }
          if (onInvalid === "fail" || index === undefined) return Effect.fail(error);
          account.invalid.push({ index, reason: error.reason.message });
          return Effect.void;
        }),
      );

    const deliver = (batch: Sending) =>
      send(batch).pipe(
        Effect.mapError((error) => withAcknowledged(error, account.settled.count)),
        Effect.andThen(
          Effect.suspend(() => {
            account.settled.add(batch);
            const { acknowledged, batches, invalid } = account;
            return onProgress?.({ acknowledged, batches, invalid }) ?? Effect.void;
          }),
        ),
      );

    // In order, so that what ends the call early does so when all batches before it have ended.
    return items.pipe(
      Stream.takeUntil((item) => item instanceof Refused),
      Stream.mapEffect(
        (item) =>
          item instanceof Broken || item instanceof Refused
            ? Effect.succeed<Refused | Broken<E> | undefined>(item)
            : Effect.as(deliver(item), undefined),
        { concurrency: options.concurrency ?? 4 },
      ),
      Stream.runForEach((end): Effect.Effect<void, MetricsApiError | E> => {
        if (end instanceof Broken) return end.failure;
        if (end instanceof Refused) {
          const { index, issue } = end;
          const { path, expected } = shown(issue);
          return Effect.fail(
            invalidInput(
              ingestMetrics,
              host,
              { path: [index, ...path], expected },
              account.settled.count,
            ),
          );
        }
        return Effect.void;
      }),
      Effect.map(() => account.result),
    );
  });
