/**
 * Series of API v2 read to their end, beside loops by hand over the same stream: `Series.read` beside one that keeps
 * the columns of each series, and `Series.stream` beside one that looks at each batch and lets it go. Prints a table.
 *
 * `npm run build && node bench/series-v2.ts [points]`; default: 1,000,000, in one series and in a thousand.
 */
import { startServer } from "./support/child.ts";
import { type Contender, heading, inTurns, row, startContender } from "./support/contender.ts";

const points = Number(process.argv[2] ?? 1_000_000);
const host = await startServer("series-server-v2");

/** A process of its own for each, since what was resident most is asked of it. */
const reading =
  (file: string, task: string): (() => Contender) =>
  () => {
    const contender = startContender(`contenders/${file}`, host);
    return (order) => contender({ ...order, task: `${task} ${order.task}` });
  };
const contenders = {
  "`Series.read`": reading("syvain-v2", "read"),
  "by hand, on undici": reading("undici-v2", "read"),
  "`Series.stream`": reading("syvain-v2", "stream"),
  "by hand, on undici, nothing kept": reading("undici-v2", "stream"),
};

heading("series", "read by", "points/s", "CPU µs/point", "by hand / it", "most resident, MiB");
for (const series of [1, 1000]) {
  const all = await inTurns(
    Object.fromEntries(Object.entries(contenders).map(([name, start]) => [name, start()])),
    { task: String(series), count: points, concurrency: 1 },
    { rounds: 7 },
  );
  for (const [name, { seconds, cpu, figures }] of all) {
    const isKept = name === "`Series.read`" || name === "by hand, on undici";
    const byHand = all.get(isKept ? "by hand, on undici" : "by hand, on undici, nothing kept")!;
    row(
      series,
      name,
      Math.round(points / seconds).toLocaleString("en"),
      ((cpu / points) * 1e6).toFixed(2),
      (byHand.cpu / cpu).toFixed(2),
      figures["peak"]!.toFixed(0),
    );
  }
}
process.exit();
