/**
 * The real Python clients do their whole work against the built server, on each of its stores: runs the scripts of
 * test/conformance, one after another, and prints which calls each client made.
 *
 * `node scripts/conformance.ts`, after a build. It needs Python 3.12 or newer, on the path or of pyenv; the clients come from
 * PyPI once, and are kept.
 */
import { execFile, spawn, spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isMissing, postgresServer } from "../test/support/postgresServer.ts";
import { findPython, pythons } from "./python.ts";
import { root } from "./tarball.ts";

export interface Check {
  readonly call: string;
  readonly what: string;
  /** Why it does not hold; `null` if it does. */
  readonly reason: string | null;
}

/** What a script prints as its last line. */
export interface Summary {
  readonly client: string;
  readonly checks: ReadonlyArray<Check>;
  /** How often each call was made, and how often by a check that holds. */
  readonly calls: Record<string, { made: number; right: number }>;
}

const fail = (why: string): never => {
  console.error(why);
  process.exit(1);
};

// -----------------------------------------------------------------------------
// Python
// -----------------------------------------------------------------------------

const python = (minor: number): string =>
  findPython(minor) ??
  fail(
    `conformance needs Python 3.${minor} or newer, with venv and pip: ${pythons.join(", ")} are not that`,
  );

/** A virtual environment of Python 3.`minor` or newer with packages in it; answers its interpreter. */
const environment = (name: string, minor: number, ...packages: ReadonlyArray<string>): string => {
  const folder = join(root, "node_modules/.cache/conformance", name);
  const interpreter = join(folder, "bin/python");
  const done = join(folder, "done");
  if (existsSync(done) && existsSync(interpreter)) return interpreter;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"];
  const steps = [
    [python(minor), "-m", "venv", folder],
    [interpreter, ...pip, "--timeout", "20", ...packages],
  ];
  for (const [command, ...args] of steps) {
    // A registry that hangs often answers the next time.
    const attempt = () =>
      spawnSync(command!, args, { encoding: "utf8", timeout: 180_000, killSignal: "SIGKILL" });
    let result = attempt();
    for (let again = 0; again < 2 && result.status !== 0; again++) result = attempt();
    if (result.status !== 0) {
      const why = result.error?.message ?? result.stderr.trim().split("\n").at(-1);
      fail(`${packages.join(" ")} cannot be had: ${why}`);
    }
  }
  // The last thing, so that one that is half made is made again.
  writeFileSync(done, "");
  return interpreter;
};

const v0062 = environment(
  "v0062",
  10,
  "syvain-metrics-api-client==0.0.62",
  "syvain-metrics-collector==0.0.62",
);
const v0349 = environment("v0349", 10, "syvain-metrics-api-client==0.0.349");
// It says that it needs 3.14, and does with 3.12.
const o41 = environment("o41", 12, "--ignore-requires-python", "o41-metrics-api==0.2.2");
const v0352 = environment("v0352", 11, "syvain-metrics-collector==0.0.352");
const duckdb = environment("duckdb", 11, "o41-metrics-duckdb==0.4.2");
// What the command imports is written by it.
const tensorboard = environment("tensorboard", 10, "tensorboardX==2.6.5");

// -----------------------------------------------------------------------------
// The server
// -----------------------------------------------------------------------------

const cli = join(root, "dist/bin.js");
if (!existsSync(cli)) fail(`${cli} is not there: npm run build makes it`);

const key = `ak_org_${randomUUID().replaceAll("-", "")}`;
const data = mkdtempSync(join(tmpdir(), "conformance-"));
process.on("exit", () => rmSync(data, { recursive: true, force: true }));
// These end a process without its exit handlers.
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(1));

if (isMissing) fail("conformance needs a Postgres: Debian has it as postgresql");

/** What each store is called, and how the server is told to use it. */
const stores: ReadonlyArray<readonly [name: string, args: () => Promise<Array<string>>]> = [
  ["memory", async () => ["--memory"]],
  ["SQLite", async () => ["--data", data]],
  ["Postgres", async () => ["--database", await (await postgresServer()).newDatabase()]],
];

/** Answers the environment of those that are to reach it, and its end. */
const startServer = async (args: ReadonlyArray<string>) => {
  const server = spawn(process.execPath, [cli, "serve", "--port", "0", "--api-key", key, ...args]);
  const kill = () => server.kill();
  process.on("exit", kill);
  const exit = () => fail("the server ended");
  const host = await new Promise<string>((resolve) => {
    let said = "";
    const late = setTimeout(() => fail(`the server is not ready after 30 s:\n${said}`), 30_000);
    const listen = (chunk: unknown) => {
      said += String(chunk);
      const match = /SYVAIN_METRICS_HOST=(\S+)/.exec(said);
      if (match === null) return;
      clearTimeout(late);
      resolve(match[1]!);
    };
    server.stdout.on("data", listen);
    server.stderr.on("data", listen);
    server.once("exit", exit);
  });
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    SYVAIN_METRICS_HOST: host,
    SYVAIN_METRICS_API_KEY: key,
    SYVAIN_COMMAND: JSON.stringify([process.execPath, cli]),
    // These would come before the ones above.
    O41_METRICS_HOST: undefined,
    O41_METRICS_API_KEY: undefined,
    // The server is on loopback, whatever proxy this machine has.
    NO_PROXY: "*",
    no_proxy: "*",
    PYTHONUTF8: "1",
    PYTHONDONTWRITEBYTECODE: "1",
  };
  const stop = async () => {
    server.off("exit", exit);
    process.off("exit", kill);
    server.kill();
    await once(server, "exit");
  };
  return { env, stop };
};

// -----------------------------------------------------------------------------
// In turn
// -----------------------------------------------------------------------------

const run = (
  env: NodeJS.ProcessEnv,
  command: string,
  script: string,
  ...args: ReadonlyArray<string>
): Promise<Summary> =>
  new Promise((resolve) => {
    const file = join(root, "test/conformance", script);
    const options = { env, timeout: 180_000, maxBuffer: 64 * 1024 * 1024 };
    execFile(command, [file, ...args], options, (error, stdout, stderr) => {
      try {
        resolve(JSON.parse(stdout.trim().split("\n").at(-1)!));
      } catch {
        const reason = stderr.trim() || error?.message || "it printed no summary";
        resolve({
          client: script,
          checks: [{ call: script, what: "went on to its end", reason }],
          calls: {},
        });
      }
    });
  });

const turns: ReadonlyArray<readonly [command: string, script: string, ...args: Array<string>]> = [
  [v0062, "client_0_0_62.py"],
  [v0349, "client_0_0_349.py"],
  [v0062, "collector_0_0_62.py"],
  // What Python wrote, ours reads; what ours wrote, Python reads.
  [v0062, "crosswise.py", "write"],
  [v0349, "crosswise.py", "write"],
  [process.execPath, "crosswise.ts"],
  [v0062, "crosswise.py", "read"],
  [v0349, "crosswise.py", "read"],
  // The same of v2.
  [o41, "client_v2_0_2_2.py"],
  [v0352, "collector_0_0_352.py"],
  [duckdb, "duckdb_0_4_2.py"],
  [v0352, "crosswise_v2.py", "collector"],
  [process.execPath, "crosswise_v2.ts", "read"],
  [process.execPath, "crosswise_v2.ts", "write"],
  [o41, "crosswise_v2.py", "client"],
  [duckdb, "crosswise_v2.py", "duckdb"],
  // The command, and what others wrote for it or read of it.
  [v0062, "command_login.py"],
  [v0349, "command_login.py"],
  [o41, "command_login.py"],
  [tensorboard, "command_tensorboardx.py"],
  [duckdb, "command_export.py"],
];

let [passed, failed] = [0, 0];
const columns = new Map<string, Summary["calls"]>();
for (const [store, args] of stores) {
  const { env, stop } = await startServer(await args());
  for (const [command, ...script] of turns) {
    const started = performance.now();
    const { client, checks, calls } = await run(env, command, ...script);
    const wrong = checks.filter(({ reason }) => reason !== null);
    passed += checks.length - wrong.length;
    failed += wrong.length;
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    const title = `${store}: ${script.join(" ")} with ${client}: ${checks.length} checks (${seconds} s)`;
    console.log(`${wrong.length === 0 ? "ok  " : "FAIL"} ${title}`);
    for (const { call, what, reason } of wrong) console.log(`     ${call}: ${what}: ${reason}`);

    const column = columns.get(client) ?? {};
    columns.set(client, column);
    for (const [name, { made, right }] of Object.entries(calls)) {
      const count = (column[name] ??= { made: 0, right: 0 });
      count.made += made;
      count.right += right;
    }
  }
  await stop();
}

const row = (...cells: ReadonlyArray<string>) => console.log(`| ${cells.join(" | ")} |`);
console.log("\nCalls made, and how many of them were right:\n");
row("call", ...columns.keys());
row("---", ...[...columns].map(() => "---"));
for (const name of [...new Set([...columns.values()].flatMap(Object.keys))].toSorted()) {
  const cells = [...columns.values()].map((calls) => calls[name]);
  row(name, ...cells.map((count) => (count === undefined ? "" : `${count.made}, ${count.right}`)));
}
const calls = [...columns].map(([client, calls]) => {
  const right = Object.values(calls).filter(({ made, right }) => made === right);
  return `${client} ${right.length} of ${Object.keys(calls).length}`;
});
console.log(`\nCalls that were always right: ${calls.join(", ")}`);
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
