/** The command in a process of its own. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cli } from "./build.ts";

/** A program, up to its end. */
export const runProgram = (program: string, ...args: ReadonlyArray<string>) => {
  const child = spawn(program, args);
  const output = { stdout: "", stderr: "" };
  child.stdout.on("data", (chunk) => (output.stdout += chunk));
  child.stderr.on("data", (chunk) => (output.stderr += chunk));
  const exit = once(child, "close").then(([code, signal]) => ({ code, signal, ...output }));
  return { child, output, exit };
};

export const run = (...args: ReadonlyArray<string>) => runProgram(process.execPath, cli, ...args);

type Program = ReturnType<typeof runProgram>;

/** A server that has said where it is, and with which key: that which it prints. */
export const listening = async (server: Program) => {
  while (!server.output.stdout.includes("Ctrl-C")) {
    await Promise.race([
      once(server.child.stdout, "data"),
      server.exit.then(({ stderr }) => Promise.reject(new Error(stderr))),
    ]);
  }
  const [, host, key] = /SYVAIN_METRICS_HOST=(\S+) SYVAIN_METRICS_API_KEY=(\S+)/.exec(
    server.output.stdout,
  )!;
  return { ...server, host: host!, key: key! };
};

export const serve = (...args: ReadonlyArray<string>) =>
  listening(run("serve", "--port", "0", ...args));

/** A request as any client writes it, and its answer. */
export const call = async (
  { host, key }: { readonly host: string; readonly key: string },
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
) => {
  const response = await fetch(`${host}/api/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json", ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const json = await response.json();
  return { status: response.status, headers: response.headers, data: json.data, error: json.error };
};
