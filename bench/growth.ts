/**
 * What one event of bulk ingest costs in CPU time when there are a hundred times as many. Prints a table.
 *
 * `npm run build && node bench/growth.ts [events]`, at most 10,000,000 by default; the client is in a process of its
 * own, and so is the server, which reads every body and keeps nothing.
 */
import { startServer } from "./support/child.ts";
import { heading, median, row, startContender } from "./support/contender.ts";

const client = startContender("contenders/syvain", await startServer("sink-server"));
const ingest = (count: number) => client({ task: "ingest plain", count, concurrency: 4 });

const most = Number(process.argv[2] ?? 10_000_000);
const counts = [most / 100, most / 10, most];
const rounds = 3;
const perEvent = new Map(counts.map((count) => [count, [] as Array<number>]));

await ingest(most / 10);
for (let round = 0; round < rounds; round++) {
  for (const count of counts) {
    // As many events at each size, or the smallest would be measured for a moment only.
    const times = most / count;
    let cpu = 0;
    for (let i = 0; i < times; i++) cpu += (await ingest(count)).cpu;
    perEvent.get(count)!.push((cpu / times / count) * 1e6);
  }
}

const base = median(perEvent.get(most / 10)!);
heading("events", "CPU µs per event", "over that of a tenth of the most");
for (const [count, times] of perEvent) {
  const each = median(times);
  const over = (each / base - 1) * 100;
  row(count.toLocaleString("en"), each.toFixed(3), `${over < 0 ? "" : "+"}${over.toFixed(1)} %`);
}
process.exit();
