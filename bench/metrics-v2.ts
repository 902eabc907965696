/**
 * Metrics in bulk over API v2: `run.metrics`, beside a loop by hand that checks the replies. Prints a table.
 *
 * `npm run build && node bench/metrics-v2.ts [points]`; default: 200,000, four requests at a time.
 */
import { startServer } from "./support/child.ts";
import { heading, inTurns, row, startContender } from "./support/contender.ts";

const count = Number(process.argv[2] ?? 200_000);
const host = await startServer("sink-server-v2");

heading("sent by", "points/s", "CPU µs/point", "by hand / it");
const all = await inTurns(
  {
    "`run.metrics`": startContender("contenders/syvain-v2", host),
    "by hand, on undici": startContender("contenders/undici-v2", host),
  },
  { task: "metrics", count, concurrency: 4 },
  { rounds: 7 },
);
const byHand = all.get("by hand, on undici")!;
for (const [name, { seconds, cpu }] of all) {
  row(
    name,
    Math.round(count / seconds).toLocaleString("en"),
    ((cpu / count) * 1e6).toFixed(2),
    (byHand.cpu / cpu).toFixed(2),
  );
}
process.exit();
