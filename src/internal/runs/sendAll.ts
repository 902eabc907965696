/**
 * Any number of points, in requests of a bounded size, a few at a time.
 */
import type * as Cause from "effect/Cause";
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import type * as HttpClient from "effect/http/HttpClient";
import * as Redacted from "effect/Redacted";
import * as Stream from "effect/Stream";
import type { MetricsApiError } from "../base/errors.ts";
import { formatIssue, type Issue, scrubPath } from "../base/issue.ts";
import { countInWords, isCount } from "../base/settings.ts";
import { invalidInput, type Placed, Refused, Settled, withAcknowledged } from "../request/bulk.ts";
import type { Authorise } from "../request/call.ts";
import { ConfigService } from "../request/config.ts";
import { makeScrub } from "../request/scrub.ts";
import { type MetricPoint, recordMetrics } from "../wire/v2/runs.ts";
import type { InvalidPoint, MetricsOptions, MetricsResult } from "./models.ts";
import { type Batch, Gathering } from "./points.ts";
import { sendBatch } from "./sendBatch.ts";

/** The end of the input, when it is not a good one. */
class Broken<E> {
  readonly cause: Cause.Cause<E>;
  constructor(cause: Cause.Cause<E>) {
    this.cause = cause;
  }
}

type Sending = Batch & Placed;

export const sendAll = <E, R, RA>(
  experimentId: string,
  points: Stream.Stream<MetricPoint, E, R> | Iterable<MetricPoint>,
  { concurrency = 4, onInvalid = "fail" }: MetricsOptions,
  authorise: Authorise<RA>,
): Effect.Effect<
  MetricsResult,
  MetricsApiError | E,
  ConfigService | HttpClient.HttpClient | R | RA
> =>
  Effect.gen(function* () {
    const { apiKey, host } = yield* ConfigService;
    const clock = yield* Clock.Clock;
    const scrub = makeScrub([Redacted.value(apiKey)]);

    const shown = ({ path, expected }: Issue): Issue => ({
      path: scrubPath(path, scrub),
      expected,
    });
    const invalidRequest = (issue: Issue, acknowledged: number) =>
      invalidInput(recordMetrics, host, shown(issue), acknowledged);
    if (!isCount(concurrency)) {
      return yield* invalidRequest({ path: ["concurrency"], expected: countInWords }, 0);
    }

    const gathering = new Gathering(experimentId, () => clock.currentTimeMillisUnsafe());
    const invalid: Array<InvalidPoint> = [];
    let acknowledged = 0;
    let batches = 0;
    let index = 0;
    let number = 0;
    const settled = new Settled();

    const sending = (batch: Batch | undefined): ReadonlyArray<Sending> =>
      batch === undefined ? [] : [{ ...batch, number: number++, end: index }];

    /**
     * The batches that are full with these points, up to the first that fails the call. Each is read before the next
     * is asked for.
     */
    function* gather(points: Iterable<MetricPoint>): Generator<Sending | Refused> {
      for (const point of points) {
        const added = gathering.add(point, index);
        if (added === undefined || "body" in added) {
          yield* sending(added);
        } else if (onInvalid === "fail") {
          yield new Refused(index, added);
          return;
        } else {
          invalid.push({ index, reason: formatIssue(shown(added)), code: undefined });
        }
        index++;
        if (gathering.isFull) yield* sending(gathering.take());
      }
    }
    const gathered: Stream.Stream<Sending | Refused, E, R> = Stream.isStream(points)
      ? Stream.flatMap(Stream.chunks(points), (chunk) => Stream.fromArray([...gather(chunk)]))
      : Stream.fromIterable(gather(points), { chunkSize: 1 });
    const rest = Stream.suspend(() => Stream.fromArray(sending(gathering.take())));

    const deliver = (batch: Sending) =>
      sendBatch(experimentId, batch, authorise).pipe(
        Effect.flatMap(({ left, refused }) => {
          if (left !== undefined) return Effect.fail(left.error);
          const [first] = refused;
          if (first !== undefined && onInvalid === "fail") {
            return Effect.fail(first.error);
          }
          for (const { index, error } of refused) {
            invalid.push({ index, reason: error.reason.message, code: error.code });
          }
          acknowledged += batch.ids.length - refused.length;
          batches++;
          settled.add(batch);
          return Effect.void;
        }),
        Effect.mapError((error) => withAcknowledged(error, settled.count)),
      );

    // In order, so that what ends the call early does so when all batches before it have ended.
    yield* Stream.concat(gathered, rest).pipe(
      Stream.catchCause((cause) => Stream.concat(rest, Stream.succeed(new Broken(cause)))),
      Stream.takeUntil((item) => item instanceof Refused),
      Stream.mapEffect(
        (item) =>
          item instanceof Broken || item instanceof Refused
            ? Effect.succeed<Refused | Broken<E> | undefined>(item)
            : Effect.as(deliver(item), undefined),
        { concurrency },
      ),
      Stream.runForEach((end): Effect.Effect<void, MetricsApiError | E> => {
        if (end instanceof Broken) return Effect.failCause(end.cause);
        return end instanceof Refused
          ? Effect.fail(
              invalidRequest(
                { path: [end.index, ...end.issue.path], expected: end.issue.expected },
                settled.count,
              ),
            )
          : Effect.void;
      }),
    );
    return { acknowledged, batches, invalid: invalid.toSorted((a, b) => a.index - b.index) };
  });
