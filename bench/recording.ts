/**
 * What it costs a job to record one event, beside clients that do the like, with a service that answers and with one that does not. Prints a table.
 *
 * `npm run build && npm ci --prefix bench/peers && node bench/recording.ts`
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

const origin = await startServer("recording-server");
const spools = mkdtempSync(join(tmpdir(), "bench-"));
process.env["SPOOLS"] = spools;
process.once("exit", () => rmSync(spools, { recursive: true, force: true }));

const start = (service: string) => {
  const recorder = startContender("contenders/recorder", service, true);
  const of =
    (kind: string): Contender =>
    (order) =>
      recorder({ ...order, task: `${kind} ${order.task}` });
  return {
    "recorder.metric, memory": of("memory"),
    "recorder.metric, files": of("files"),
    "recorder.metricUnsafe, memory": of("unsafe"),
    "posthog-node capture": startContender("peers/posthog-capture", service, true),
    "influx writePoint": startContender("peers/influx-write-point", service, true),
    nothing: startContender("contenders/nothing", service, true),
  };
};
const services = { answers: start(origin), "answers nothing": start(`${origin}/black`) };
/** Every contender with every service, in one round. */
const contenders = Object.fromEntries(
  Object.entries(services).flatMap(([service, all]) =>
    Object.entries(all).map(([name, contender]) => [`${name} | ${service}`, contender]),
  ),
);

const measure = (task: string, count: number, rounds: number) =>
  inTurns(contenders, { task, count, concurrency: 1 }, { rounds });
const events = 500_000;
const rates = await measure("rate", events, 5);
const latencies = await measure("latency", 100_000, 5);
const steady = await measure("steady", 10_000, 5);

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
process.exit();
