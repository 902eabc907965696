/**
 * Bulk ingest, beside a loop by hand that sends the same batches, and other clients that send as many events in
 * batches of the same size. Prints a table.
 *
 * `npm run build && npm ci --prefix bench/peers && node bench/ingest.ts [events]`; default: 1,000,000, and a tenth of
 * them for Python.
 */
import { startServer } from "./support/child.ts";
import {
  aTenth,
  type Contender,
  heading,
  inTurns,
  rowsOf,
  startContender,
} from "./support/contender.ts";
import { startPython } from "./support/python.ts";

const count = Number(process.argv[2] ?? 1_000_000);
const host = await startServer("sink-server");

/** Does its work, and then the server says how many events came. */
const counted =
  (contender: Contender): Contender =>
  async (order) => {
    const took = await contender(order);
    const taken = await (await fetch(`${host}/taken`)).text();
    if (taken !== String(order.count)) throw new Error(`${taken} of ${order.count} came`);
    return took;
  };

const checking =
  (contender: Contender): Contender =>
  (order) =>
    contender({ ...order, task: order.task.replace("ingest", "checked") });

const python = startPython("api_client.py", host);
const all = {
  "this library": counted(startContender("contenders/syvain", host)),
  "bare effect, checked by a schema": checking(counted(startContender("contenders/effect", host))),
  "bare effect, unchecked": counted(startContender("contenders/effect", host)),
  "by hand, on undici": counted(startContender("contenders/undici", host)),
  ...(python && { "syvain-metrics-api-client 0.0.62": aTenth(counted(python)) }),
};
const influx = { "@influxdata/influxdb-client": startContender("peers/influx", host) };

heading("events", "client", "events/s", "this library / it", "CPU µs/event", "this library / it");
for (const [kind, those] of [
  ["plain", { ...all, ...influx }],
  ["full", all],
] as const) {
  const order = { task: `ingest ${kind}`, count, concurrency: 4 };
  const took = await inTurns(those, order, {
    rounds: 5,
    warmUp: { ...order, count: Math.min(count, 200_000) },
  });
  rowsOf(kind, took, count);
}
process.exit();
