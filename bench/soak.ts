/**
 * Many events through a proxy that breaks one request in five in every way there is, with real processes and sockets.
 * Prints tables, and fails if anything was lost, stored twice, or kept in memory.
 *
 * `node bench/soak.ts [events]`; 200,000 events by default.
 */
import { availableParallelism } from "node:os";
import * as Effect from "effect/Effect";
import { type Result, soak } from "./soak/run.ts";

const options = {
  events: Number(process.argv[2] ?? 200_000),
  batch: 20,
  experiments: 8,
  concurrency: 32,
  timeout: 2_000,
  rate: 0.2,
};

const mebibytes = (bytes: number) => (bytes / 1024 / 1024).toFixed(1);
const count = (n: number) => n.toLocaleString("en");
/** The first tenth warms up. */
const growthOf = ({ client: { samples } }: Result) => samples.at(-1)!.heap - samples[1]!.heap;
const table = (head: ReadonlyArray<string>, rows: ReadonlyArray<ReadonlyArray<string | number>>) =>
  [head, head.map(() => "---"), ...rows].map((row) => `| ${row.join(" | ")} |`).join("\n");

const show = (result: Result) => {
  const { client, proxy, server, seconds } = result;
  const faults = Object.values(proxy.faults).reduce((sum, n) => sum + n, 0);
  const again = Object.values(client.again).reduce((sum, n) => sum + n, 0);
  return [
    `${availableParallelism()} cores, Node ${process.versions.node}`,
    `${options.concurrency} calls at a time of ${options.batch} events each`,
    table(
      ["", ""],
      [
        ["events", count(options.events)],
        ["calls", count(client.calls)],
        ["requests sent by the client (attempts, mints of keys included)", count(client.requests)],
        ["of these refused by a port that nobody listens on", count(client.refused)],
        ["requests that arrived at the proxy", count(proxy.requests)],
        [
          "of these met by a fault",
          `${count(faults)} (${((100 * faults) / proxy.requests).toFixed(1)} %)`,
        ],
        ["calls made again by the caller", count(again)],
        ["answers that had been given before, to an earlier attempt", count(proxy.replayed)],
        ["events read back, different ones", count(server.stored)],
        ["missing", count(server.missing)],
        ["twice, unknown or with another value", count(server.wrong)],
        ["time", `${seconds.toFixed(0)} s`],
      ],
    ),
    table(["fault", "times"], Object.entries(proxy.faults)),
    again === 0 ? "" : table(["call made again after", "times"], Object.entries(client.again)),
    table(
      ["events stored", "heap after GC, MiB", "RSS, MiB"],
      client.samples.map(({ events, heap, rss }) => [
        count(events),
        mebibytes(heap),
        mebibytes(rss),
      ]),
    ),
    `heap growth after the first tenth: ${mebibytes(growthOf(result))} MiB`,
  ]
    .filter((part) => part !== "")
    .join("\n\n");
};

/** What may not be, in words. */
const broken = (result: Result): ReadonlyArray<string> => {
  const { client, proxy, server } = result;
  return [
    server.missing > 0 && "events are missing",
    server.wrong > 0 && "events are wrong",
    proxy.replayed === 0 && "no answer was given twice",
    client.refused === 0 && "no connection was refused",
    Object.values(proxy.faults).includes(0) && "a kind of fault did not happen",
    growthOf(result) > 4 * 1024 * 1024 && "the heap of the client grew",
  ].filter((problem) => problem !== false);
};

const result = await Effect.runPromise(soak(options));
console.log(show(result));
const problems = broken(result);
for (const problem of problems) console.error(`FAIL: ${problem}`);
process.exitCode = problems.length === 0 ? 0 : 1;
