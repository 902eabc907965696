/**
 * `recorder.metric`, with the spool in memory and in files; `metricUnsafe` beside it. The argument behind the host says
 * over which API.
 */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient";
import * as NodeServices from "@effect/platform-node/NodeServices";
import { Effect, Layer, References, Scope } from "effect";
import { mkdtempSync } from "node:fs";
import { join } from "node:path";
import { Collector, Spool, SyvainMetrics } from "syvain-metrics-effect";
import { contend, host, type Task } from "../support/contender.ts";
import { metadata } from "../support/events.ts";
import { figuresOf, nextStep, steadily, tasksOf, turn } from "../support/recording.ts";

const api = process.argv[3] === "v2" ? "v2" : "v1";

const recorderOn = (spool: Layer.Layer<Spool.Spool, unknown>) => {
  const live = Collector.layer({ api, recoverOnStart: false }).pipe(
    Layer.provide(spool),
    Layer.provide(SyvainMetrics.layer({ apiKey: "key", host })),
    Layer.provide(NodeHttpClient.layerUndici),
  );
  const scope = Scope.makeUnsafe();
  return Effect.runPromise(
    Layer.buildWithScope(live, scope).pipe(
      Effect.flatMap((context) =>
        Effect.provideContext(Collector.experiment({ slug: "bench" }), context),
      ),
      Scope.provide(scope),
      Effect.provideService(References.MinimumLogLevel, "None"),
    ),
  );
};

/** What was recorded is delivered, all of it, before the task ends. */
const delivering =
  (recorder: Collector.Recorder, rate: Task): Task =>
  async (count, concurrency) => {
    await rate(count, concurrency);
    await Effect.runPromise(recorder.flushOrFail);
  };

const tasksOn = (recorder: Collector.Recorder) => {
  const record = () => {
    const step = nextStep();
    return recorder.metric("loss", 1 / step, { step, metadata });
  };
  const rate: Task = (count) =>
    Effect.runPromise(
      Effect.gen(function* () {
        for (let i = 1; i <= count; i++) {
          yield* record();
          if (i % turn === 0) yield* Effect.yieldNow;
        }
      }),
    );
  const latency: Task = (count) =>
    Effect.runPromise(
      Effect.gen(function* () {
        const times = new Float64Array(count);
        for (let i = 0; i < count; i++) {
          const started = performance.now();
          yield* record();
          times[i] = performance.now() - started;
          if (i % turn === 0) yield* Effect.yieldNow;
        }
        return figuresOf(times);
      }),
    );
  const steady: Task = (count) =>
    steadily(count, (due) =>
      Effect.runPromise(
        Effect.gen(function* () {
          for (let n = due(); n >= 0; n = due()) {
            for (let i = 0; i < n; i++) yield* record();
            yield* Effect.sleep("1 millis");
          }
        }),
      ),
    );
  return { rate, latency, steady, deliver: delivering(recorder, rate) };
};

const memory = await recorderOn(Spool.layerMemory());
const files = await recorderOn(
  Spool.layerFileSystem(mkdtempSync(join(process.env["SPOOLS"]!, "spool-"))).pipe(
    Layer.provide(NodeServices.layer),
  ),
);
const prefixed = (prefix: string, tasks: { readonly [name: string]: Task }) =>
  Object.fromEntries(Object.entries(tasks).map(([name, task]) => [`${prefix} ${name}`, task]));
const unsafe = tasksOf(() => {
  const step = nextStep();
  memory.metricUnsafe("loss", 1 / step, { step, metadata });
});

contend({
  ...prefixed("memory", tasksOn(memory)),
  ...prefixed("files", tasksOn(files)),
  ...prefixed("unsafe", { ...unsafe, deliver: delivering(memory, unsafe.rate) }),
});
