/**
 * A job in a process of its own, to be killed: records metrics into an experiment through a file spool, and prints a line for each one whose
 * `metric()` has returned. What it is to do comes as JSON in the environment variable JOB.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime";
import * as NodeServices from "@effect/platform-node/NodeServices";
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient";
import type * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Schedule from "effect/Schedule";
import { writeSync } from "node:fs";
import * as Collector from "../../src/Collector.ts";
import * as Spool from "../../src/Spool.ts";
import * as SyvainMetrics from "../../src/SyvainMetrics.ts";
import { api } from "./api.ts";

export interface Job {
  readonly host: string;
  readonly apiKey: string;
  readonly spool: string;
  readonly slug: string;
  readonly durability?: "event" | "batch";
  /** Tells the series of this process apart. */
  readonly life: number;
  /** How many events; for ever by default. */
  readonly events?: number;
  /** Wait this long between events. */
  readonly every?: Duration.Input;
  /** Compute for so many milliseconds before each event, and let nothing else have its turn. */
  readonly compute?: number;
  /** How the job ends when its events are recorded. Default: it returns. */
  readonly end?: "return" | "fail" | "die" | "interrupt" | "timeout" | "wait" | "recover";
  readonly shutdownTimeout?: Duration.Input;
  readonly lease?: Duration.Input;
  readonly interval?: Duration.Input;
  readonly quiet?: boolean;
}

const job: Job = JSON.parse(process.env["JOB"]!);

const print = (line: string) => Effect.sync(() => void writeSync(1, `${line}\n`));

const live = Collector.layer({
  api,
  shutdownTimeout: job.shutdownTimeout,
  interval: job.interval,
  recoverOnStart: job.end !== "recover",
}).pipe(
  Layer.provideMerge(
    Spool.layerFileSystem(job.spool, {
      durability: job.durability ?? "event",
      lease: job.lease ?? "500 millis",
    }),
  ),
  Layer.provideMerge(
    SyvainMetrics.layer({
      apiKey: job.apiKey,
      host: job.host,
      retry: Schedule.spaced("20 millis").pipe(Schedule.upTo({ times: 4 })),
    }),
  ),
  Layer.provide([NodeHttpClient.layerUndici, NodeServices.layer]),
);

const ends = {
  return: Effect.void,
  fail: Effect.fail(new Error("the job failed")),
  die: Effect.die(new Error("the job died")),
  interrupt: Effect.interrupt,
  timeout: Effect.timeout(Effect.never, "10 millis"),
  wait: Effect.never,
  recover: Effect.void,
};

const record = Effect.gen(function* () {
  const recorder = yield* Collector.experiment({ slug: job.slug });
  yield* print("open");
  const work = Effect.gen(function* () {
    const { compute, events = Infinity, life, every, quiet } = job;
    for (let step = 0; step < events; step++) {
      if (compute !== undefined) {
        for (const until = Date.now() + compute; Date.now() < until;);
      }
      yield* recorder.metric("loss", step / 7, { step, metadata: { life: String(life) } });
      if (quiet !== true) yield* print(`${life}/${step} ${Date.now()}`);
      if (every !== undefined) yield* Effect.sleep(every);
    }
    yield* print("recorded");
  });
  yield* recorder.run(Effect.andThen(work, ends[job.end ?? "return"]));
});

const recover = Effect.gen(function* () {
  for (;;) {
    const recovery = yield* Collector.recover;
    yield* print(JSON.stringify(recovery));
    if (recovery.remaining === 0) return;
  }
});

(job.end === "recover" ? recover : Effect.scoped(record)).pipe(
  Effect.provide(live),
  NodeRuntime.runMain({ disableErrorReporting: true }),
);
