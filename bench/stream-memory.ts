/**
 * What `Series.stream` keeps in memory while millions of points come through it from a server in another process.
 *
 * `npm run build && node --expose-gc bench/stream-memory.ts [points]`; default: 5,000,000. Prints a table.
 */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient";
import { Effect, Layer, Stream } from "effect";
import { Series, SyvainMetrics } from "syvain-metrics-effect/v2";
import { startServer } from "./support/child.ts";
import { heading } from "./support/contender.ts";
import { columns, measureMemory } from "./support/memory.ts";

const total = Number(process.argv[2] ?? 5_000_000);

let points = 0;
let next = 0;
heading("points read", ...columns);
const host = await startServer("series-server-v2");
const live = SyvainMetrics.layer({ apiKey: "key", host }).pipe(
  Layer.provideMerge(NodeHttpClient.layerUndici),
);
await Effect.runPromise(
  Series.stream(`${total}-1`).pipe(
    Stream.runForEach(({ values }) =>
      Effect.sync(() => {
        points += values.length;
        if (points < next) return;
        next += total / 10;
        measureMemory(points);
      }),
    ),
    Effect.provide(live),
  ),
);
measureMemory(points);
if (points !== total) throw new Error(`${points} of ${total} came`);
process.exit();
