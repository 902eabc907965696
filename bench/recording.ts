/**
 * What it costs a job to record one event, beside a client that does the like, with a service that answers and with
 * one that does not; and what it costs until all of them are delivered, over either API, beside the service's own
 * collector that speaks it. Prints three tables.
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

// Of every contender, for when this process ends.
process.setMaxListeners(50);
const origin = await startServer("sink-server");
const spools = mkdtempSync(join(tmpdir(), "bench-"));
process.env["SPOOLS"] = spools;
process.once("exit", () => rmSync(spools, { recursive: true, force: true }));

const startRecorder = (service: string, api: "v1" | "v2") => {
  const recorder = startContender("contenders/recorder", service, true, api);
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
    ...startRecorder(service, "v1"),
    "recorder.metric over v2, memory": startRecorder(service, "v2")["recorder.metric, memory"],
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
const collectors = { v1: "0.0.62", v2: "0.0.352" } as const;
const apis = ["v1", "v2"] as const;
/** All in one run, whose rounds each has its turn in. */
const deliverers = Object.fromEntries(
  apis.flatMap((api) => {
    const collector = startPython("collector.py", origin, api);
    return Object.entries({
      ...startRecorder(origin, api),
      ...(collector && { [`syvain-metrics-collector ${collectors[api]}`]: collector }),
    }).map(([name, contender]) => [`${api} ${name}`, contender] as const);
  }),
);
const order = { count: block, concurrency: 1 };
const delivered = await inTurns(deliverers, { task: "deliver", ...order }, { rounds: 5 });
const calls = await inTurns(deliverers, { task: "latency", ...order }, { rounds: 5 });
for (const api of apis) {
  console.log();
  heading(
    `over ${api}: recorded, and all delivered`,
    "events/s",
    "of the collector's",
    "CPU µs/event",
    "of the collector's",
    "one call meanwhile, µs: p50 / p99",
  );
  const peer = delivered.get(`${api} syvain-metrics-collector ${collectors[api]}`);
  for (const [name, { seconds, cpu }] of delivered) {
    if (!name.startsWith(`${api} `)) continue;
    row(
      name.slice(api.length + 1),
      `${fixed(0, block / seconds / 1000)} k`,
      fixed(2, peer && peer.seconds / seconds),
      fixed(2, (cpu / block) * 1e6),
      fixed(2, peer && cpu / peer.cpu),
      ["p50", "p99"].map((part) => fixed(2, calls.get(name)!.figures[part])).join(" / "),
    );
  }
}
process.exit();
