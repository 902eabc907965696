/**
 * What recording costs while the service answers nothing: `node --expose-gc bench/record.ts [memory|event|batch] [events]`.
 */
import * as NodeServices from "@effect/platform-node/NodeServices";
import * as Console from "effect/Console";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as References from "effect/References";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as Collector from "../src/Collector.ts";
import * as Spool from "../src/Spool.ts";
import * as Faults from "../src/testing/Faults.ts";
import * as MetricsServer from "../src/testing/MetricsServer.ts";

const [, , kind = "memory", count = "500000"] = process.argv;
const events = Number(count);
const directory = mkdtempSync(join(tmpdir(), "spool-"));

const spool =
  kind === "memory"
    ? Spool.layerMemory()
    : Spool.layerFileSystem(directory, {
        durability: kind === "event" ? "event" : "batch",
      }).pipe(Layer.provide(NodeServices.layer));

const rate = (milliseconds: number, count = events) => `${Math.round(count / milliseconds)} k/s`;
const megabytes = () => {
  globalThis.gc?.();
  return Math.round(process.memoryUsage().rss / 1e6);
};

const program = Effect.gen(function* () {
  const recorder = yield* Collector.experiment({ slug: "record" });
  yield* Faults.delay("1 hour", { times: Infinity });
  const metadata = { split: "train" };
  const memory = megabytes();

  for (let round = 1; round <= 3; round++) {
    const started = performance.now();
    for (let i = 0; i < events; i++) {
      yield* recorder.metric("loss", i / 7, { step: round * events + i, metadata });
    }
    const took = performance.now() - started;
    yield* Console.log(`metric         ${rate(took)}, memory ${memory} -> ${megabytes()} MB`);
  }

  const started = performance.now();
  const chunk = 10_000;
  let took = 0;
  for (let i = 0; i < events; i++) {
    recorder.metricUnsafe("unsafe", i / 7, { step: i, metadata });
    if (i % chunk === 0) {
      took += performance.now();
      yield* Effect.sleep(0);
      took -= performance.now();
    }
  }
  yield* Console.log(`metricUnsafe   ${rate(took + performance.now() - started)}`);

  const times = new Float64Array(Math.min(events, 200_000));
  for (let i = 0; i < times.length; i++) {
    const started = performance.now();
    yield* recorder.metric("latency", i / 7, { step: i, metadata });
    times[i] = (performance.now() - started) * 1000;
  }
  times.sort();
  const at = (part: number) => `${times[Math.floor(times.length * part)]!.toFixed(1)} µs`;
  yield* Console.log(`one metric     p50 ${at(0.5)}, p99 ${at(0.99)}, p99.9 ${at(0.999)}`);
});

await Effect.runPromise(
  program.pipe(
    Effect.scoped,
    Effect.provide(
      Collector.layer({ shutdownTimeout: "10 millis" }).pipe(
        Layer.provideMerge(spool),
        Layer.provideMerge(MetricsServer.layerClient()),
      ),
    ),
    Effect.provideService(References.MinimumLogLevel, "None"),
  ),
);
rmSync(directory, { recursive: true });
