/** Runs a program as a step of a check: what it printed is shown only if it fails. */
import { spawn } from "node:child_process";

const limit = 60_000;

/** Answers whether the program ended by itself, with exit code 0, within a minute. */
export const run = async (
  title: string,
  command: ReadonlyArray<string>,
  cwd = process.cwd(),
): Promise<boolean> => {
  const started = performance.now();
  let output = "";
  // A process group of its own, so that what it started ends with it.
  const child = spawn(command[0]!, command.slice(1), {
    cwd,
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  const timer = setTimeout(() => {
    output += `\nstill running after ${limit / 1000} s\n`;
    process.kill(-child.pid!, "SIGKILL");
  }, limit);
  child.stdout.on("data", (chunk) => (output += chunk));
  child.stderr.on("data", (chunk) => (output += chunk));
  const ok = await new Promise<boolean>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve(code === 0));
  }).finally(() => clearTimeout(timer));

  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`${ok ? "ok  " : "FAIL"} ${title} (${seconds} s)`);
  if (!ok) console.log(output);
  return ok;
};
