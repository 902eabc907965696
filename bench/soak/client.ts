/**
 * The process of the client: records events as a program of a user does, and makes a call again that has used up its
 * retries.
 */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient";
import * as Effect from "effect/Effect";
import * as HttpClient from "effect/http/HttpClient";
import * as Layer from "effect/Layer";
import * as Predicate from "effect/Predicate";
import * as Schedule from "effect/Schedule";
import * as Experiments from "../../src/Experiments.ts";
import * as Metrics from "../../src/Metrics.ts";
import type { MetricsApiError } from "../../src/internal/base/errors.ts";
import * as SyvainMetrics from "../../src/SyvainMetrics.ts";
import { type Events, eventsOf } from "./events.ts";

export interface Options extends Events {
  readonly host: string;
  readonly apiKey: string;
  readonly concurrency: number;
  /** Of an attempt, in milliseconds: an answer that stalls costs as much. */
  readonly timeout: number;
}

/** Memory after a garbage collection. */
export interface Sample {
  readonly events: number;
  readonly heap: number;
  readonly rss: number;
}

/** What the client believes. */
export interface Believed {
  readonly experimentIds: ReadonlyArray<string>;
  readonly calls: number;
  /** Calls that failed, by reason, and were made again. */
  readonly again: Readonly<Record<string, number>>;
  readonly requests: number;
  readonly refused: number;
  /** Events in calls that succeeded. */
  readonly acknowledged: number;
  readonly samples: ReadonlyArray<Sample>;
}

const options: Options = JSON.parse(process.argv[2]!);

const again: Record<string, number> = {};
let requests = 0;
let refused = 0;
let acknowledged = 0;
const samples: Array<Sample> = [];

const counting = Layer.effect(
  HttpClient.HttpClient,
  Effect.map(HttpClient.HttpClient, (client) =>
    client.pipe(
      HttpClient.tapRequest(() => Effect.sync(() => requests++)),
      HttpClient.tapError(({ reason }) =>
        Effect.sync(() => {
          const cause = "cause" in reason ? reason.cause : undefined;
          if (Predicate.hasProperty(cause, "code") && cause.code === "ECONNREFUSED") refused++;
        }),
      ),
    ),
  ),
).pipe(Layer.provide(NodeHttpClient.layerUndici));

/** What another call with the same events may repair; anything else ends the soak. */
const repairable = new Set([
  "Transport",
  "Timeout",
  "ServerStatus",
  "RateLimited",
  "InvalidJson",
  "UnexpectedShape",
]);

const untilDone = <A, R>(call: Effect.Effect<A, MetricsApiError, R>) =>
  call.pipe(
    Effect.tapError((error) =>
      Effect.sync(() => {
        const why = error._tag === "MetricsApiRequestError" ? error.notRetried : undefined;
        const reason = `${error.reason._tag}${why === undefined ? "" : ` (${why})`}`;
        again[reason] = (again[reason] ?? 0) + 1;
      }),
    ),
    Effect.retry({
      while: ({ reason }) => repairable.has(reason._tag),
      schedule: Schedule.spaced("100 millis"),
    }),
  );

const sample = Effect.sync(() => {
  globalThis.gc!();
  const { heapUsed: heap, rss } = process.memoryUsage();
  samples.push({ events: acknowledged, heap, rss });
});

const program = Effect.gen(function* () {
  const experimentIds = yield* Effect.forEach(
    Array.from({ length: options.experiments }, (_, i) => `soak-${i}`),
    (slug) =>
      Effect.map(untilDone(Experiments.create({ slug })), ({ experiment }) => experiment.id),
    { concurrency: options.concurrency },
  );

  const batches = Math.ceil(options.events / options.batch);
  let done = 0;
  yield* sample;
  yield* Effect.forEach(
    Array.from({ length: batches }, (_, n) => n),
    (n) =>
      Effect.gen(function* () {
        const { experiment, metrics } = eventsOf(options, n);
        yield* untilDone(Metrics.ingest(experimentIds[experiment]!, metrics));
        acknowledged += metrics.length;
        if (++done % Math.ceil(batches / 10) === 0 || done === batches) yield* sample;
      }),
    { concurrency: options.concurrency, discard: true },
  );

  const believed: Believed = {
    experimentIds,
    calls: experimentIds.length + batches,
    again,
    requests,
    refused,
    acknowledged,
    samples,
  };
  process.send!(believed);
});

// Without its parent it has nothing left to do.
const orphaned = () => process.exit(1);
process.once("disconnect", orphaned);
await Effect.runPromise(
  program.pipe(
    Effect.provide(
      SyvainMetrics.layer({
        apiKey: options.apiKey,
        host: options.host,
        timeout: options.timeout,
        ingestTimeout: options.timeout,
      }).pipe(Layer.provideMerge(counting)),
    ),
  ),
);
process.off("disconnect", orphaned).disconnect();
