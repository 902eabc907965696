/** The command in a process of its own, as someone runs it: with a terminal or without, with a home of its own. */
import * as Effect from "effect/Effect";
import * as FetchHttpClient from "effect/http/FetchHttpClient";
import type { HttpClient } from "effect/http/HttpClient";
import * as Layer from "effect/Layer";
import type * as Scope from "effect/Scope";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ConfigService } from "../../src/ConfigService.ts";
import { quoted } from "../../src/internal/base/shellQuote.ts";
import * as SyvainMetrics from "../../src/v2/SyvainMetrics.ts";
import { cli } from "./build.ts";
import { serve } from "./serving.ts";

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Started {
  /** What it printed so far. */
  readonly output: { stdout: string; stderr: string };
  /** When it has printed that, on stdout. */
  readonly printed: (text: string) => Promise<void>;
  readonly type: (text: string) => void;
  readonly kill: (signal: NodeJS.Signals) => void;
  readonly ended: Promise<Ended>;
}

/** `input` is all that stdin has; without it stdin stays open, as that of a terminal does. */
const start = (
  program: string,
  args: ReadonlyArray<string>,
  env: NodeJS.ProcessEnv,
  input: string | undefined,
): Started => {
  const child = spawn(program, args, { env });
  const output = { stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (chunk) => (output.stdout += chunk));
  child.stderr.setEncoding("utf8").on("data", (chunk) => (output.stderr += chunk));
  // One that does not read all of it has ended before.
  child.stdin.on("error", () => {});
  if (input !== undefined) child.stdin.end(input);
  let over = false;
  const ended = once(child, "close").then(([code]) => {
    over = true;
    return { code, ...output };
  });
  return {
    output,
    printed: async (text) => {
      while (!output.stdout.includes(text)) {
        if (over) throw new Error(`ended without ${text}:\n${output.stdout}\n${output.stderr}`);
        await Promise.race([once(child.stdout, "data"), ended]);
      }
    },
    type: (text) => void child.stdin.write(text),
    kill: (signal) => void child.kill(signal),
    ended,
  };
};

/** Someone at a shell, whose home is gone when the test is over. */
export const someone = (more: NodeJS.ProcessEnv = {}) => {
  const home = mkdtempSync(join(tmpdir(), "command-"));
  const env: NodeJS.ProcessEnv = {
    PATH: process.env["PATH"],
    HOME: home,
    TERM: "xterm-256color",
    ...more,
  };
  return {
    home,
    file: (name: string) => join(home, name),
    start: (...args: ReadonlyArray<string>) => start(process.execPath, [cli, ...args], env, ""),
    /** With a stdin that stays open. */
    startOpen: (...args: ReadonlyArray<string>) =>
      start(process.execPath, [cli, ...args], env, undefined),
    run: (...args: ReadonlyArray<string>) => start(process.execPath, [cli, ...args], env, "").ended,
    runWith: (input: string, ...args: ReadonlyArray<string>) =>
      start(process.execPath, [cli, ...args], env, input).ended,
    /** As `$0` of a line of a shell. */
    shell: (line: string) =>
      start("sh", ["-c", line.replaceAll("$0", `"$0" ${quoted(cli)}`), process.execPath], env, "")
        .ended,
    /** On a terminal of 80 columns, whose output is all in `stdout`. */
    startInTerminal: (...args: ReadonlyArray<string>) => {
      const command = [process.execPath, cli, ...args].map(quoted).join(" ");
      const inside = `stty cols 80 rows 30; exec ${command}`;
      return start("script", ["-qefc", inside, "/dev/null"], env, undefined);
    },
    end: () => rmSync(home, { recursive: true, force: true }),
  };
};

export type Someone = ReturnType<typeof someone>;

/** A server, on SQLite unless it is told otherwise, and someone whose environment names it. */
export const served = async (...args: ReadonlyArray<string>) => {
  const data = mkdtempSync(join(tmpdir(), "command-data-"));
  const server = await serve(...(args.length === 0 ? ["--data", data] : args));
  const { host, key } = server;
  const me = someone({ SYVAIN_METRICS_HOST: host, SYVAIN_METRICS_API_KEY: key });
  const client = Layer.merge(SyvainMetrics.layer({ apiKey: key, host }), FetchHttpClient.layer);
  return {
    ...me,
    host,
    key,
    /** By the library. */
    do: <A, E>(effect: Effect.Effect<A, E, ConfigService | HttpClient | Scope.Scope>) =>
      Effect.runPromise(Effect.scoped(Effect.provide(effect, client))),
    end: async () => {
      me.end();
      server.child.kill();
      await server.exit;
      rmSync(data, { recursive: true, force: true });
    },
  };
};

export type Served = Awaited<ReturnType<typeof served>>;
