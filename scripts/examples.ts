/** Runs every example, each against a reference server of its own. Needs a build. `npm test` runs those named *.test.ts. */
import { readdirSync } from "node:fs";
import { run } from "./run.ts";

const programs = ["quickstart.ts", "train.ts", "http-handler.ts"];
/** What runs the others. */
const start = "start.ts";

process.chdir(`${import.meta.dirname}/..`);
const forgotten = readdirSync("examples").filter(
  (file) =>
    file.endsWith(".ts") && !file.endsWith(".test.ts") && ![start, ...programs].includes(file),
);
if (forgotten.length > 0)
  throw new Error(`not run by scripts/examples.ts: ${forgotten.join(", ")}`);

for (const program of programs) {
  if (!(await run(`examples/${program}`, ["node", `examples/${start}`, program])))
    process.exitCode = 1;
}
