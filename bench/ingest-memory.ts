/**
 * What `Metrics.ingestAll` keeps in memory while millions of events from a generator go through it to a server in another process.
 *
 * `npm run build && node --expose-gc bench/ingest-memory.ts [events]`; default: 10,000,000. Prints a table.
 */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient";
import { Effect, Layer } from "effect";
import { Metrics, SyvainMetrics } from "syvain-metrics-effect";
import { startServer } from "./support/child.ts";

const total = Number(process.argv[2] ?? 10_000_000);
const MiB = 1024 * 1024;

function* events() {
  for (let step = 0; step < total; step++) {
    yield { clientEventId: `loss/${step}`, name: "loss", value: 1 / (step + 1), step };
  }
}

const row = (...cells: ReadonlyArray<string | number>) => console.log(`| ${cells.join(" | ")} |`);
const started = performance.now();
let next = 0;
const measure = (events: number) => {
  globalThis.gc?.();
  const { heapUsed, rss } = process.memoryUsage();
  const seconds = (performance.now() - started) / 1000;
  row(
    events.toLocaleString("en"),
    (heapUsed / MiB).toFixed(1),
    (rss / MiB).toFixed(0),
    seconds.toFixed(1),
  );
};

row("events stored", "heap after gc, MiB", "resident, MiB", "seconds");
row("---", "---", "---", "---");
measure(0);
const host = await startServer("sink-server");
const live = SyvainMetrics.layer({ apiKey: "key", host }).pipe(
  Layer.provideMerge(NodeHttpClient.layerUndici),
);
const result = await Effect.runPromise(
  Metrics.ingestAll("e", events(), {
    onProgress: ({ acknowledged }) =>
      Effect.sync(() => {
        if (acknowledged < next) return;
        next += total / 10;
        measure(acknowledged);
      }),
  }).pipe(Effect.provide(live)),
);
measure(result.accepted);
if (result.accepted !== total) throw new Error(`${result.accepted} of ${total} were stored`);
process.exit();
