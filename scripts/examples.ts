/** Runs every example, each against a reference server of its own. Needs a build. */
import { readdirSync } from "node:fs";
import { execute } from "./run.ts";

/** What runs the others. */
const start = "start.ts";

process.chdir(`${import.meta.dirname}/..`);
for (const example of readdirSync("examples").filter((file) => file !== start)) {
  const { code, output, seconds } = await execute(["node", `examples/${start}`, example]);
  console.log(`${code === 0 ? "ok  " : "FAIL"} examples/${example} (${seconds} s)`);
  if (code !== 0) {
    console.log(output);
    process.exitCode = 1;
  }
}
