/**
 * `Metrics.stream`, beside a loop by hand that asks for the same pages. Prints a table.
 *
 * `npm run build && node bench/stream.ts [metrics]`; default: 1,000,000.
 */
import { startServer } from "./support/child.ts";
import { heading, inTurns, row, startContender } from "./support/contender.ts";

const count = Number(process.argv[2] ?? 1_000_000);
const host = await startServer("page-server");
const contenders = {
  "this library": startContender("contenders/syvain", host),
  "by hand, on undici": startContender("contenders/undici", host),
};

heading(
  "metrics",
  "client",
  "metrics/s",
  "this library / it",
  "CPU µs/metric",
  "this library / it",
);
for (const kind of ["plain", "full"]) {
  const order = { task: `stream ${kind}`, count, concurrency: 1 };
  const all = await inTurns(contenders, order, {
    rounds: 5,
    warmUp: { ...order, count: Math.min(count, 200_000) },
  });
  const us = all.get("this library")!;
  for (const [name, { seconds, cpu }] of all) {
    row(
      kind,
      name,
      Math.round(count / seconds).toLocaleString("en"),
      (seconds / us.seconds).toFixed(2),
      ((cpu / count) * 1e6).toFixed(2),
      (us.cpu / cpu).toFixed(2),
    );
  }
}
