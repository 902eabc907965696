/**
 * A program with a ManagedRuntime that it never disposes: records into a number of experiments at a time, and has then nothing to do. What it is
 * to do comes as JSON in the environment variable JOB.
 */
import * as NodeServices from "@effect/platform-node/NodeServices";
import * as Effect from "effect/Effect";
import * as FetchHttpClient from "effect/http/FetchHttpClient";
import * as Layer from "effect/Layer";
import * as ManagedRuntime from "effect/ManagedRuntime";
import * as Schedule from "effect/Schedule";
import * as Scope from "effect/Scope";
import * as Collector from "../../src/Collector.ts";
import * as Spool from "../../src/Spool.ts";
import * as SyvainMetrics from "../../src/SyvainMetrics.ts";
import { api } from "./api.ts";

export interface Undisposed {
  readonly host: string;
  readonly apiKey: string;
  /** A directory; memory by default. */
  readonly spool?: string;
  readonly recorders: number;
  readonly events: number;
  /** Wait until all is delivered. */
  readonly flush?: boolean;
}

const { apiKey, events, flush, host, recorders, spool }: Undisposed = JSON.parse(
  process.env["JOB"]!,
);

const runtime = ManagedRuntime.make(
  Collector.layer({ api, interval: "100 millis" }).pipe(
    Layer.provide(
      spool === undefined
        ? Spool.layerMemory()
        : Layer.provide(Spool.layerFileSystem(spool), NodeServices.layer),
    ),
    Layer.provide(
      SyvainMetrics.layer({
        apiKey,
        host,
        retry: Schedule.spaced("20 millis").pipe(Schedule.upTo({ times: 4 })),
      }),
    ),
    Layer.provide(FetchHttpClient.layer),
  ),
);

const one = (n: number) =>
  Effect.gen(function* () {
    const recorder = yield* Collector.experiment({ slug: `run-${n}` });
    for (let step = 0; step < events; step++) yield* recorder.metric("loss", 1, { step });
    return recorder;
  });

await runtime.runPromise(
  Effect.gen(function* () {
    const open = yield* Effect.forEach(
      Array.from({ length: recorders }, (_, n) => n),
      one,
      { concurrency: "unbounded" },
    );
    if (flush === true) {
      yield* Effect.forEach(open, (recorder) => recorder.flushOrFail, { concurrency: "unbounded" });
    }
  }).pipe(Effect.provideService(Scope.Scope, Scope.makeUnsafe())),
);
console.log("nothing to do");
