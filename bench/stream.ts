/**
 * `Metrics.stream`, beside a loop by hand that asks for the same pages. Prints a table.
 *
 * `npm run build && node bench/stream.ts [metrics]`; default: 1,000,000.
 */
import { startServer } from "./support/child.ts";
import { heading, inTurns, rowsOf, startContender } from "./support/contender.ts";

const count = Number(process.argv[2] ?? 1_000_000);
const host = await startServer("page-server");
const contenders = {
  "this library": startContender("contenders/syvain", host),
  "bare effect, unchecked": startContender("contenders/effect", host),
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
  rowsOf(kind, all, count);
}
