/** Events through a service that fails all the time, and what became of them. Prints tables: `node bench/soak.ts [events]`. */
import { availableParallelism } from "node:os";
import { soak } from "./soak/run.ts";

const [events = "200000", seed = "1"] = process.argv.slice(2);
const report = await soak({
  events: Number(events),
  batch: 20,
  experiments: 20,
  concurrency: 16,
  rate: 0.2,
  seed,
  downEvery: 1000,
});

const { server, heap } = report;
const count = (value: number) => value.toLocaleString("en");
const table = (head: string, rows: ReadonlyArray<readonly [string, string | number]>) =>
  console.log(
    [
      `| ${head} | |`,
      "| --- | ---: |",
      ...rows.map(
        ([name, value]) => `| ${name} | ${typeof value === "number" ? count(value) : value} |`,
      ),
      "",
    ].join("\n"),
  );
const MB = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;
const at = (share: number) => heap[Math.round(share * (heap.length - 1))] ?? 0;

console.log(`Node ${process.version}, ${availableParallelism()} cores, seed ${seed}\n`);
table("the events", [
  ["sent", report.options.events],
  ["stored, read back", report.stored],
  ["missing", report.missing],
  ["stored twice, or not as sent", report.wrong],
  ["reported as accepted", report.accepted],
  ["reported as duplicates", report.duplicates],
]);
table("the requests", [
  ["calls", report.calls],
  ["HTTP requests", report.attempts],
  ...Object.entries(report.again).map(
    ([reason, times]) => [`calls that failed, made again by the caller: ${reason}`, times] as const,
  ),
]);
table("the faults", [
  ...Object.entries(server.faults).map(([name, times]) => [name, times ?? 0] as const),
  ["refused connections", report.refused],
  ["lost on open connections while the port was closed", server.lostWhileDown + server.downs],
]);
table("the client", [
  ["heap after a tenth of the events", MB(at(0))],
  ["heap after half of them", MB(at(0.5))],
  ["heap at the end", MB(at(1))],
  ["growth", MB(at(1) - at(0))],
  ["ingesting", `${report.ingestSeconds.toFixed(0)} s`],
  ["all, reading back too", `${report.seconds.toFixed(0)} s`],
]);
if (report.missing > 0 || report.wrong > 0) process.exitCode = 1;
