/**
 * Metrics in bulk over API v2: `run.metrics`, beside a loop by hand that checks the replies, and the service's own
 * client in Python. Prints a table.
 *
 * `npm run build && node bench/metrics-v2.ts [points]`; default: 1,000,000, four requests at a time; a tenth of them, one
 * request at a time, for Python.
 */
import { startServer } from "./support/child.ts";
import { aTenth, heading, inTurns, row, startContender } from "./support/contender.ts";
import { startPython } from "./support/python.ts";

const count = Number(process.argv[2] ?? 1_000_000);
const host = await startServer("sink-server-v2");

const python = startPython("client_v2.py", host, "o41");
heading("sent by", "points/s", "`run.metrics` / it", "CPU µs/point", "it / `run.metrics`");
const all = await inTurns(
  {
    "`run.metrics`": startContender("contenders/syvain-v2", host),
    "by hand, on undici": startContender("contenders/undici-v2", host),
    ...(python && { "o41-metrics-api 0.2.2": aTenth(python) }),
  },
  { task: "metrics", count, concurrency: 4 },
  { rounds: 7 },
);
const ours = all.get("`run.metrics`")!;
for (const [name, { seconds, cpu }] of all) {
  row(
    name,
    Math.round(count / seconds).toLocaleString("en"),
    (seconds / ours.seconds).toFixed(2),
    ((cpu / count) * 1e6).toFixed(2),
    (cpu / ours.cpu).toFixed(2),
  );
}
process.exit();
