/** The client's side: sends every event through the faults, as a program would, reads back what is stored, and counts. */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Schedule from "effect/Schedule";
import * as HttpClient from "effect/http/HttpClient";
import * as Experiments from "../../src/Experiments.ts";
import * as IdempotencyKey from "../../src/IdempotencyKey.ts";
import * as Metrics from "../../src/Metrics.ts";
import type { MetricsApiError } from "../../src/MetricsApiError.ts";
import * as SyvainMetrics from "../../src/SyvainMetrics.ts";
import type { Counts } from "./proxy.ts";

export interface Options {
  readonly events: number;
  readonly batch: number;
  readonly experiments: number;
  readonly concurrency: number;
  /** The share of requests that meet a fault. */
  readonly rate: number;
  readonly seed: string;
  /** After so many requests the server is down for 100 ms. */
  readonly downEvery: number;
}

export interface Report {
  readonly options: Options;
  readonly server: Counts;
  /** Calls of the library's functions, those that the caller made again too. */
  calls: number;
  /** HTTP requests that left. */
  attempts: number;
  /** Of them, those that met a closed port. */
  refused: number;
  /** Calls that failed, which the caller made again, by their reason. */
  readonly again: Record<string, number>;
  /** As the service counted. */
  accepted: number;
  duplicates: number;
  /** Events read back, each counted once. */
  stored: number;
  missing: number;
  /** Read back more than once, or not as they were sent. */
  wrong: number;
  /** The heap in use after a collection, in bytes, after each tenth of the events. */
  readonly heap: Array<number>;
  /** From the first event to the last, and of it all, in seconds. */
  ingestSeconds: number;
  seconds: number;
}

setFlagsFromString("--expose-gc");
const collect: () => void = runInNewContext("gc");

const heapUsed = Effect.gen(function* () {
  // What was just closed is let go of in a later turn.
  for (let i = 0; i < 3; i++) {
    yield* Effect.sleep(20);
    collect();
  }
  return process.memoryUsage().heapUsed;
});

const ask = async <A>(child: ChildProcess, question?: string): Promise<A> => {
  const answer = once(child, "message");
  if (question !== undefined) child.send(question);
  const [message] = await answer;
  return message;
};

const event = (i: number): Metrics.MetricInput => ({
  clientEventId: `event/${i}`,
  name: "loss",
  value: 1 / (i + 1),
  step: i,
  metadata: { split: i % 2 === 0 ? "train" : "val" },
});

const isEvent = (metric: Metrics.Metric, i: number): boolean => {
  const { value, step, metadata } = event(i);
  return (
    metric.value === value &&
    metric.step === step &&
    metric.metadata["split"] === metadata?.["split"]
  );
};

export const soak = async (options: Options): Promise<Report> => {
  const { events, batch, experiments, concurrency, rate, seed, downEvery } = options;
  const child = fork(new URL("server.ts", import.meta.url), [`${rate}`, seed, `${downEvery}`]);
  const { host, apiKey } = await ask<{ readonly host: string; readonly apiKey: string }>(child);
  const report: Omit<Report, "server"> = {
    options,
    calls: 0,
    attempts: 0,
    refused: 0,
    again: {},
    accepted: 0,
    duplicates: 0,
    stored: 0,
    missing: 0,
    wrong: 0,
    heap: [],
    ingestSeconds: 0,
    seconds: 0,
  };

  const counting = Layer.effect(
    HttpClient.HttpClient,
    Effect.map(HttpClient.HttpClient, (client) =>
      client.pipe(
        HttpClient.tapRequest(() => Effect.sync(() => report.attempts++)),
        HttpClient.tapError(({ reason }) =>
          Effect.sync(() => {
            const { code } = Object(reason.cause);
            if (code === "ECONNREFUSED") report.refused++;
          }),
        ),
      ),
    ),
  ).pipe(Layer.provide(NodeHttpClient.layerUndici));

  /** As a program does that will not lose anything: the same again, until it is done. */
  const untilDone = <A, R>(
    call: Effect.Effect<A, MetricsApiError, R>,
  ): Effect.Effect<A, never, R> =>
    Effect.suspend(() => {
      report.calls++;
      return call;
    }).pipe(
      Effect.tapError((error) =>
        Effect.sync(() => {
          const budget = "notRetried" in error ? `, ${error.notRetried}` : "";
          const reason = `${error.reason._tag}${budget}`;
          report.again[reason] = (report.again[reason] ?? 0) + 1;
        }),
      ),
      Effect.retry(Schedule.spaced("100 millis")),
      Effect.orDie,
    );

  const createAll = Effect.forEach(
    Array.from({ length: experiments }, (_, i) => i),
    (i) =>
      untilDone(
        // A key of its own makes even a call that is made again one experiment.
        Experiments.create({ slug: `soak-${i}` }).pipe(IdempotencyKey.withKey(`soak-${i}`)),
      ),
    { concurrency },
  ).pipe(Effect.map((all) => all.map(({ experiment }) => experiment.id)));

  const ingest = (ids: ReadonlyArray<string>, from: number, to: number) =>
    Effect.forEach(
      Array.from({ length: Math.ceil((to - from) / batch) }, (_, i) => from + i * batch),
      (start) => {
        const size = Math.min(batch, to - start);
        const metrics = Array.from({ length: size }, (_, i) => event(start + i));
        const id = ids[Math.floor(start / batch) % ids.length]!;
        return Effect.map(untilDone(Metrics.ingest(id, metrics)), ({ accepted, duplicates }) => {
          report.accepted += accepted;
          report.duplicates += duplicates;
        });
      },
      { concurrency, discard: true },
    );

  const readBack = Effect.fnUntraced(function* (id: string, seen: Uint8Array) {
    let cursor: string | undefined;
    do {
      const page = yield* untilDone(Metrics.list(id, { cursor, limit: 200 }));
      for (const metric of page.metrics) {
        const i = Number(metric.clientEventId.slice("event/".length));
        if (seen[i] !== 0 || !isEvent(metric, i)) report.wrong++;
        else seen[i] = 1;
      }
      cursor = page.nextCursor ?? undefined;
    } while (cursor !== undefined);
  });

  const program = Effect.gen(function* () {
    const ids = yield* createAll;
    const start = performance.now();
    for (let tenth = 0; tenth < 10; tenth++) {
      const at = (n: number) => Math.round((events / batch / 10) * n) * batch;
      yield* ingest(ids, at(tenth), tenth === 9 ? events : at(tenth + 1));
      report.heap.push(yield* heapUsed);
    }
    report.ingestSeconds = (performance.now() - start) / 1000;
    const seen = new Uint8Array(events);
    yield* Effect.forEach(ids, (id) => readBack(id, seen), { concurrency, discard: true });
    report.stored = seen.reduce((sum, one) => sum + one, 0);
    report.missing = events - report.stored;
  });

  const start = performance.now();
  try {
    await Effect.runPromise(
      Effect.provide(
        program,
        SyvainMetrics.layer({ apiKey, host, timeout: "1 second", ingestTimeout: "1 second" }).pipe(
          Layer.merge(counting),
        ),
      ),
    );
    report.seconds = (performance.now() - start) / 1000;
    return { ...report, server: await ask<Counts>(child, "counts") };
  } finally {
    child.disconnect();
  }
};
