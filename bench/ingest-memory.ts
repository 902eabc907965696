/**
 * What `Metrics.ingestAll` keeps in memory while millions of events from a generator go through it to a server in
 * another process.
 *
 * `npm run build && node --expose-gc bench/ingest-memory.ts [events]`; default: 10,000,000. Prints a table.
 */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient";
import { Effect, Layer } from "effect";
import { Metrics, SyvainMetrics } from "syvain-metrics-effect";
import { startServer } from "./support/child.ts";
import { heading } from "./support/contender.ts";
import { columns, measureMemory } from "./support/memory.ts";

const total = Number(process.argv[2] ?? 10_000_000);

function* events() {
  for (let step = 0; step < total; step++) {
    yield { clientEventId: `loss/${step}`, name: "loss", value: 1 / (step + 1), step };
  }
}

let next = 0;
heading("events stored", ...columns);
measureMemory(0);
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
        measureMemory(acknowledged);
      }),
  }).pipe(Effect.provide(live)),
);
measureMemory(result.acknowledged);
if (result.acknowledged !== total)
  throw new Error(`${result.acknowledged} of ${total} were stored`);
process.exit();
