/**
 * What becomes of a job's metrics when its process is killed, when many record together, and when it ends while the
 * server answers nothing. With `--write`, the tables go to bench/KILL.md. Takes about half an hour. With
 * `RECORDING_API=v2` in the environment all of it is recorded over API v2, and goes to bench/KILL-v2.md.
 */
import * as Effect from "effect/Effect";
import { writeFileSync } from "node:fs";
import { api } from "../test/support/api.ts";
import { endings, endOne, events } from "../test/support/endings.ts";
import { killAgainAndAgain } from "../test/support/kill.ts";
import { recordTogether } from "../test/support/processes-together.ts";

const times = Number(process.env["TIMES"] ?? 300);
const lines: Array<string> = [];
const say = (...more: ReadonlyArray<string>) => {
  lines.push(...more);
  console.log(more.join("\n"));
};
const row = (...cells: ReadonlyArray<string | number>) => `| ${cells.join(" | ")} |`;

say(
  api === "v1" ? "# Killed, together, cut off" : "# Killed, together, cut off: over API v2",
  "",
  "Real processes, a reference server on a real port; one small machine (2 cores, Node 24).",
  `Run it again with \`${api === "v1" ? "" : "RECORDING_API=v2 "}node bench/kill.ts --write\`.`,
  "",
  "## Killed",
  "",
  "A job records and is SIGKILLed at a random point; the next one on the same spool directory takes over what it left,",
  "and goes on. Meanwhile the server drops connections, before and after acting. Some record as fast as they can; some",
  "compute for 50 ms before each event, and never give the event loop a turn by themselves.",
  `${times} kills each, then one recovery. An event counts as recorded when its \`metric()\` had returned.`,
  "",
  row(
    "durability",
    "job",
    "kills",
    "recorded",
    "stored",
    "stored twice",
    "missing",
    "oldest missing",
    "left in the spool",
  ),
  row("---", "---", "---", "---", "---", "---", "---", "---", "---"),
);
for (const options of [
  { durability: "event", interval: 1000, longest: 1000 },
  { durability: "batch", interval: 1000, longest: 2500 },
  { durability: "event", interval: 1000, longest: 1000, compute: 50 },
  { durability: "batch", interval: 1000, longest: 2500, compute: 50 },
] as const) {
  const outcome = await Effect.runPromise(killAgainAndAgain({ kills: times, ...options }));
  const { durability, interval } = options;
  const { kills, missing, oldestMissing, recorded, remaining, stored, twice } = outcome;
  const name = durability === "event" ? "`event`" : `\`batch\`, ${interval} ms`;
  say(
    row(
      name,
      "compute" in options ? "computes all the time" : "records all the time",
      kills,
      recorded,
      stored,
      twice,
      missing,
      missing === 0 ? "" : `${oldestMissing} ms`,
      remaining,
    ),
  );
}
say(
  "",
  "More is stored than was recorded when an event was on the disk and its call had not yet returned.",
  "",
  "## Together",
  "",
  "Processes that record into one experiment at a time, through one spool directory. With a short lease, many are",
  "taken for gone while they are alive.",
  "",
  row("processes", "events each", "lease", "distinct events stored", "stored twice", "experiments"),
  row("---", "---", "---", "---", "---", "---"),
);
for (const lease of ["10 seconds", "300 millis"] as const) {
  const { distinct, experiments, stored } = await Effect.runPromise(
    recordTogether({ processes: 16, events: 10_000, lease }),
  );
  say(row(16, 10_000, lease, distinct, stored - distinct, experiments));
}

const shutdownTimeout = 1000;
say(
  "",
  "## Cut off",
  "",
  "From the first event on, the server takes requests and answers none. The process must end within",
  `\`shutdownTimeout\` (here ${shutdownTimeout} ms) and half a second. Then the server answers again, and another process`,
  `recovers: are all ${events} events there, and is the experiment what it should be?`,
  "",
  row("ends by", "times", "in time", "slowest", "status", "right", "all events there"),
  row("---", "---", "---", "---", "---", "---", "---"),
);
const each = 13;
for (const ending of endings) {
  const found = [];
  for (let n = 0; n < each; n++) {
    found.push(await Effect.runPromise(endOne(ending, { blackHole: true, shutdownTimeout })));
  }
  say(
    row(
      ending.name,
      each,
      found.filter(({ took }) => took <= shutdownTimeout + 500).length,
      `${Math.max(...found.map(({ took }) => took))} ms`,
      ending.status,
      found.filter(({ status }) => status === ending.status).length,
      found.filter(({ stored }) => stored === events).length,
    ),
  );
}
if (process.argv.includes("--write")) {
  const file = api === "v1" ? "KILL.md" : "KILL-v2.md";
  writeFileSync(`${import.meta.dirname}/${file}`, `${lines.join("\n")}\n`);
}
