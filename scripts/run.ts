/** Runs a program as a step of a check. */
import { spawn } from "node:child_process";

const limit = 60_000;

export interface Ran {
  /** `null` when it was killed after a minute. */
  readonly code: number | null;
  /** What it printed, on stdout and stderr. */
  readonly output: string;
  readonly seconds: string;
}

export const execute = async (
  command: ReadonlyArray<string>,
  options: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv } = {},
): Promise<Ran> => {
  const started = performance.now();
  let output = "";
  // A process group of its own, so that what it started ends with it.
  const child = spawn(command[0]!, command.slice(1), {
    ...options,
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  const timer = setTimeout(() => {
    output += `\nstill running after ${limit / 1000} s\n`;
    process.kill(-child.pid!, "SIGKILL");
  }, limit);
  child.stdout.on("data", (chunk) => (output += chunk));
  child.stderr.on("data", (chunk) => (output += chunk));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  }).finally(() => clearTimeout(timer));
  return { code, output, seconds: ((performance.now() - started) / 1000).toFixed(1) };
};
