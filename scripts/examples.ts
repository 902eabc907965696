/** Runs every example, each against a reference server of its own. Needs a build. */
import { spawn } from "node:child_process";
import { once } from "node:events";
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

// What one looks at in a browser: the address that is printed has the page, until Ctrl-C.
const { DISPLAY: _, WAYLAND_DISPLAY: __, ...env } = process.env;
const staying = spawn(process.execPath, [`examples/${start}`, "--open"], {
  env,
  stdio: ["ignore", "pipe", "inherit"],
});
let shown = "";
for await (const chunk of staying.stdout) {
  shown += String(chunk);
  const [, host] = /(\S+)#key=\S+\n[^]*Ctrl-C/.exec(shown) ?? [];
  if (host === undefined) continue;
  const page = await (await fetch(host)).text();
  staying.kill("SIGINT");
  if (page.includes("<script")) shown = "";
}
const [code] = staying.exitCode === null ? await once(staying, "exit") : [staying.exitCode];
const isGood = code === 0 && shown === "";
console.log(`${isGood ? "ok  " : "FAIL"} examples/${start} --open`);
if (!isGood) {
  console.log(shown);
  process.exitCode = 1;
}
