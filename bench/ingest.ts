/**
 * Bulk ingest, beside a loop by hand that sends the same batches, and other clients that send as many events in batches of the same size.
 * Prints a table.
 *
 * `npm run build && npm ci --prefix bench/peers && node bench/ingest.ts [events]`; default: 1,000,000.
 */
import { startServer } from "./support/child.ts";
import { heading, inTurns, rowsOf, startContender } from "./support/contender.ts";

const count = Number(process.argv[2] ?? 1_000_000);
const host = await startServer("sink-server");
const ours = { "this library": startContender("contenders/syvain", host) };
const limits = {
  "bare effect, unchecked": startContender("contenders/effect", host),
  "by hand, on undici": startContender("contenders/undici", host),
};
const peers = {
  "@influxdata/influxdb-client": startContender("peers/influx", host),
  "posthog-node": startContender("peers/posthog", host),
  "@opentelemetry/exporter-logs-otlp-http": startContender("peers/otlp", host),
};

heading("events", "client", "events/s", "this library / it", "CPU µs/event", "this library / it");
for (const [kind, contenders] of [
  ["plain", { ...ours, ...limits, ...peers }],
  ["full", { ...ours, ...limits }],
] as const) {
  const order = { task: `ingest ${kind}`, count, concurrency: 4 };
  const all = await inTurns(contenders, order, {
    rounds: 5,
    warmUp: { ...order, count: Math.min(count, 200_000) },
  });
  rowsOf(kind, all, count);
}
