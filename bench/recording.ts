/**
 * What it costs a job to record one event, beside a client that does the like, with a service that answers and with
 * one that does not; and what it costs until all of them are delivered, beside the service's own collectors. Prints
 * two tables.
 *
 * `npm run build && npm ci --prefix bench/peers && node bench/recording.ts [events]`; default: 500,000.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startServer } from "./support/child.ts";
import {
  type Contender,
  heading,
  inTurns,
  row,
  startContender,
  type Took,
} from "./support/contender.ts";
import { startPython } from "./support/python.ts";

const origin = await startServer("sink-server");
const spools = mkdtempSync(join(tmpdir(), "bench-"));
process.env["SPOOLS"] = spools;
process.once("exit", () => rmSync(spools, { recursive: true, force: true }));

const startRecorder = (service: string) => {
  const recorder = startContender("contenders/recorder", service, true);
  const of =
    (kind: string): Contender =>
    (order) =>
      recorder({ ...order, task: `${kind} ${order.task}` });
  return {
    "recorder.metric, memory": of("memory"),
    "recorder.metric, files": of("files"),
    "recorder.metricUnsafe, memory": of("unsafe"),
  };
};
const start = (service: string) => {
  return {
    ...startRecorder(service),
    "influx writePoint": startContender("peers/influx-write-point", service, true),
    nothing: startContender("contenders/nothing", service, true),
  };
};
const services = {
  answers: start(origin),
  "answers nothing": start(await startServer("sink-server", "silent")),
};
/** Every contender with every service, in one round. */
const contenders = Object.fromEntries(
  Object.entries(services).flatMap(([service, all]) =>
    Object.entries(all).map(([name, contender]) => [`${name} | ${service}`, contender]),
  ),
);

const measure = (task: string, count: number, rounds: number) =>
  inTurns(contenders, { task, count, concurrency: 1 }, { rounds });
const events = Number(process.argv[2] ?? 500_000);
const rates = await measure("rate", events, 5);
const latencies = await measure("latency", events / 5, 5);
const steady = await measure("steady", events / 50, 5);

const fixed = (digits: number, value: number | undefined) => (value ?? Number.NaN).toFixed(digits);
const delay = ({ figures }: Took) =>
  `${fixed(2, figures["delayP50"])} / ${fixed(2, figures["delayP99"])}`;

heading(
  "",
  "the service",
  "ns per event",
  "events/s",
  "one call, µs: mean / p50 / p99 / p99.9",
  "timers at 10,000 a second, ms: p50 / p99",
);
for (const [name, { seconds }] of rates) {
  const { figures } = latencies.get(name)!;
  row(
    name,
    fixed(0, (seconds / events) * 1e9),
    `${fixed(0, events / seconds / 1000)} k`,
    ["mean", "p50", "p99", "p999"].map((part) => fixed(2, figures[part])).join(" / "),
    delay(steady.get(name)!),
  );
}

// Fewer than either keeps in memory, and a recorder that never had to drop any.
const block = events / 10;
const [v1, v2] = [startPython("collector.py", origin), startPython("collector.py", origin, "v2")];
const collectors = {
  ...startRecorder(origin),
  ...(v1 && { "syvain-metrics-collector 0.0.62": v1 }),
  ...(v2 && { "syvain-metrics-collector 0.0.352": v2 }),
};
const order = { count: block, concurrency: 1 };
const delivered = await inTurns(collectors, { task: "deliver", ...order }, { rounds: 5 });
const calls = await inTurns(collectors, { task: "latency", ...order }, { rounds: 5 });
console.log();
heading(
  "recorded, and all delivered",
  "events/s",
  "CPU µs/event",
  "`recorder.metric`, memory / it",
  "one call meanwhile, µs: p50 / p99",
);
const ours = delivered.get("recorder.metric, memory")!;
for (const [name, { seconds, cpu }] of delivered) {
  row(
    name,
    `${fixed(0, block / seconds / 1000)} k`,
    fixed(2, (cpu / block) * 1e6),
    fixed(2, seconds / ours.seconds),
    ["p50", "p99"].map((part) => fixed(2, calls.get(name)!.figures[part])).join(" / "),
  );
}
process.exit();
