/**
 * Any number of events, in requests of a bounded size, a few at a time.
 */
import type * as Cause from "effect/Cause";
import * as Effect from "effect/Effect";
import type { HttpClient } from "effect/http/HttpClient";
import * as Redacted from "effect/Redacted";
import * as Stream from "effect/Stream";
import {
  InvalidRequest,
  type MetricsApiError,
  MetricsApiRequestError,
  MetricsApiResponseError,
} from "../base/errors.ts";
import { formatIssue, type Issue, scrubPath } from "../base/issue.ts";
import { countInWords, isCount } from "../base/settings.ts";
import type { IngestionKeyCache } from "../keys/cache.ts";
import { callWithIngestionKey } from "../keys/callWithIngestionKey.ts";
import { ConfigService } from "../request/config.ts";
import { makeScrub } from "../request/scrub.ts";
import { urlTemplate } from "../wire/operation.ts";
import type { MetricInput } from "../wire/v1/metricInput.ts";
import { ingestMetrics, maxEvents } from "../wire/v1/metrics.ts";
import { type Batch, bodyOf, type Checked, Gathering, halvesOf } from "./batches.ts";
import { encodeBySchema, plainEvent } from "./event.ts";
import type { IngestAllOptions, IngestAllResult, InvalidEvent } from "./models.ts";

/** What has become of the batches so far. */
class Account {
  acknowledged = 0;
  batches = 0;
  mode: IngestAllResult["mode"];
  readonly invalid: Array<InvalidEvent> = [];
  /** Events from the start of the input, without a gap, that are stored or left out: where to go on from. */
  settled = 0;
  /** By the batch's number: the index behind its last event. */
  readonly #done = new Map<number, number>();
  #next = 0;

  add(count: number, mode: NonNullable<IngestAllResult["mode"]>): void {
    this.acknowledged += count;
    this.batches++;
    this.mode = this.mode === undefined || this.mode === mode ? mode : "mixed";
  }

  /** Batches end in any order, and those behind one that has not ended do not count. */
  settle(batch: number, end: number): void {
    this.#done.set(batch, end);
    for (;;) {
      const settled = this.#done.get(this.#next);
      if (settled === undefined) return;
      this.#done.delete(this.#next++);
      this.settled = settled;
    }
  }

  get result(): IngestAllResult {
    const { acknowledged, batches, mode } = this;
    const invalid = this.invalid.toSorted((a, b) => a.index - b.index);
    return { acknowledged, batches, mode, invalid };
  }
}

/** The end of the input, when it is not a good one. */
class Broken<E> {
  readonly cause: Cause.Cause<E>;
  constructor(cause: Cause.Cause<E>) {
    this.cause = cause;
  }
}

/** An event that fails the call. */
class Refused {
  readonly index: number;
  readonly issue: Issue;
  constructor(index: number, issue: Issue) {
    this.index = index;
    this.issue = issue;
  }
}

const isTooLarge = (error: MetricsApiError): boolean =>
  error._tag === "MetricsApiRequestError" && error.status === 413;

/** The same error, and how many events are safe. */
const withAcknowledged = (error: MetricsApiError, acknowledged: number): MetricsApiError => {
  switch (error._tag) {
    case "MetricsApiRequestError":
      return new MetricsApiRequestError({ ...error, acknowledged });
    case "MetricsApiResponseError":
      return new MetricsApiResponseError({ ...error, acknowledged });
    case "MetricsApiAuthError":
      return error;
  }
};

const invalidRequest = (host: string, issue: Issue, acknowledged: number) =>
  new MetricsApiRequestError({
    operation: ingestMetrics.name,
    method: ingestMetrics.method,
    url: host + urlTemplate(ingestMetrics),
    attempts: 0,
    retryable: false,
    acknowledged,
    reason: new InvalidRequest({
      ...issue,
      message: `invalid request, its batch was not sent: ${formatIssue(issue)}`,
    }),
  });

const isIssue = (checked: Checked | Issue): checked is Issue =>
  typeof checked === "object" && "path" in checked;

/** Reads an event: whatever becomes of the object afterwards, this is what is sent. */
const read = (event: MetricInput): Checked | Issue => plainEvent(event) ?? encodeBySchema(event);

/** A generator may give out one object again and again, so each is read before the next is asked for. */
function* readEach(events: Iterable<MetricInput>): Generator<Checked | Issue> {
  for (const event of events) yield read(event);
}

/** What is there whole can be read by the chunk, which is faster. */
const reading = <E, R>(
  events: Stream.Stream<MetricInput, E, R> | Iterable<MetricInput>,
): Stream.Stream<Checked | Issue, E, R> => {
  if (Stream.isStream(events)) return Stream.map(events, read);
  return Array.isArray(events)
    ? Stream.map(Stream.fromIterable(events), read)
    : Stream.fromIterable(readEach(events));
};

interface Sending extends Batch {
  /** The how-manieth batch it is. */
  readonly number: number;
  /** The index behind its last event. */
  readonly end: number;
}

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
    if (wrong !== undefined) return Effect.fail(invalidRequest(host, wrong, 0));
    const scrub = makeScrub([Redacted.value(apiKey)]);
    /** A path may name a field of the input's. */
    const shown = ({ path, expected }: Issue): Issue => ({
      path: scrubPath(path, scrub),
      expected,
    });
    const { onInvalid = "fail", onProgress, sync } = options;
    const account = new Account();
    const gathering = new Gathering({
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

    /** The batches that are full with these events, up to the first that fails the call. */
    const gather = (events: ReadonlyArray<Checked | Issue>): ReadonlyArray<Sending | Refused> => {
      const full: Array<Sending | Refused> = [];
      for (const checked of events) {
        if (!isIssue(checked)) {
          const batch = gathering.add(checked, index);
          if (batch !== undefined) full.push(sending(batch, index));
        } else if (onInvalid === "collect") {
          account.invalid.push({ index, reason: formatIssue(shown(checked)) });
        } else {
          full.push(new Refused(index, checked));
          return full;
        }
        index++;
        if (gathering.isFull) full.push(...rest());
      }
      return full;
    };

    const send = (
      batch: Batch,
    ): Effect.Effect<void, MetricsApiError, ConfigService | HttpClient | IngestionKeyCache> =>
      callWithIngestionKey(ingestMetrics, {
        params: { experiment_id: experimentId },
        query: sync === undefined ? undefined : { sync },
        body: bodyOf(batch),
      }).pipe(
        Effect.map(({ mode }) => account.add(batch.events.length, mode)),
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
        Effect.mapError((error) => withAcknowledged(error, account.settled)),
        Effect.andThen(
          Effect.suspend(() => {
            account.settle(batch.number, batch.end);
            const { acknowledged, batches, invalid } = account;
            return onProgress?.({ acknowledged, batches, invalid }) ?? Effect.void;
          }),
        ),
      );

    // In order, so that what ends the call early does so when all batches before it have ended.
    return Stream.chunks(reading(events)).pipe(
      Stream.catchCause((cause) => Stream.succeed(new Broken(cause))),
      Stream.mapAccum(
        () => undefined,
        (_, item): readonly [undefined, ReadonlyArray<Sending | Refused | Broken<E>>] => [
          undefined,
          item instanceof Broken ? [...rest(), item] : gather(item),
        ],
        { onHalt: rest },
      ),
      Stream.takeUntil((item) => item instanceof Refused),
      Stream.mapEffect(
        (item) =>
          item instanceof Broken || item instanceof Refused
            ? Effect.succeed<Refused | Broken<E> | undefined>(item)
            : Effect.as(deliver(item), undefined),
        { concurrency: options.concurrency ?? 4 },
      ),
      Stream.runForEach((end): Effect.Effect<void, MetricsApiError | E> => {
        if (end instanceof Broken) return Effect.failCause(end.cause);
        if (end instanceof Refused) {
          const { index, issue } = end;
          const { path, expected } = shown(issue);
          return Effect.fail(
            invalidRequest(host, { path: [index, ...path], expected }, account.settled),
          );
        }
        return Effect.void;
      }),
      Effect.map(() => account.result),
    );
  });
