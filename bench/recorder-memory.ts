/**
 * What a recorder keeps in memory while the service answers nothing, and everything waits in files.
 *
 * `npm run build && node --expose-gc bench/recorder-memory.ts [events]`; default: 10,000,000. Prints a table.
 */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient";
import * as NodeServices from "@effect/platform-node/NodeServices";
import { Effect, Layer, References } from "effect";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Collector, Spool, SyvainMetrics } from "syvain-metrics-effect";
import { startServer } from "./support/child.ts";
import { heading } from "./support/contender.ts";
import { columns, measureMemory } from "./support/memory.ts";

const total = Number(process.argv[2] ?? 10_000_000);
const directory = mkdtempSync(join(tmpdir(), "bench-"));
const host = await startServer("sink-server", "silent");

const live = Collector.layer({ shutdownTimeout: "10 millis" }).pipe(
  Layer.provide(Spool.layerFileSystem(directory)),
  Layer.provide(SyvainMetrics.layer({ apiKey: "key", host })),
  Layer.provide([NodeHttpClient.layerUndici, NodeServices.layer]),
);

const program = Effect.gen(function* () {
  heading("events recorded", ...columns);
  measureMemory(0);
  const recorder = yield* Collector.experiment({ slug: "bench" });
  const metadata = { split: "train" };
  for (let step = 1; step <= total; step++) {
    yield* recorder.metric("loss", 1 / step, { step, metadata });
    if (step === 1000 || step % (total / 10) === 0) measureMemory(step);
  }
  const { dropped } = yield* recorder.summary;
  if (dropped > 0) throw new Error(`${dropped} were dropped`);
});

await Effect.runPromise(
  program.pipe(
    Effect.scoped,
    Effect.provide(live),
    Effect.provideService(References.MinimumLogLevel, "None"),
  ),
);
rmSync(directory, { recursive: true });
process.exit();
