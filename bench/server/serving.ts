/** Servers in processes of their own, as a user starts them, on data that are gone with the bench. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { call, listening, runProgram } from "../../test/support/serving.ts";
import { isMissing, postgresServer } from "../../test/support/postgresServer.ts";

process.setMaxListeners(0);
export const cli = join(import.meta.dirname, "../../dist/bin.js");

/** A new one. It is on the disk that `TMPDIR` names. */
export const temporaryDirectory = (): string => {
  const directory = mkdtempSync(join(tmpdir(), "bench-server-"));
  process.once("exit", () => rmSync(directory, { recursive: true, force: true }));
  return directory;
};

/** In bytes, of all files in a directory. */
export const sizeOf = (directory: string): number =>
  readdirSync(directory)
    .map((file) => statSync(join(directory, file)).size)
    .reduce((sum, size) => sum + size, 0);

export interface Running {
  readonly host: string;
  readonly key: string;
  readonly pid: number;
  /** Milliseconds from its start to the first answer. */
  readonly startedIn: number;
  readonly stop: (signal?: NodeJS.Signals) => Promise<void>;
}

/** Options of Node are in `NODE_ARGS`, as `--cpu-prof`. */
const nodeArgs = (process.env["NODE_ARGS"] ?? "").split(" ").filter((arg) => arg !== "");

/** With what `serve` is given, such as `--data DIR`. */
export const startServer = async (...args: ReadonlyArray<string>): Promise<Running> => {
  const started = performance.now();
  const server = runProgram(
    process.execPath,
    ...nodeArgs,
    cli,
    "serve",
    "--api-key",
    "key",
    ...(args.includes("--port") ? args : ["--port", "0", ...args]),
  );
  const kill = () => void server.child.kill("SIGKILL");
  process.once("exit", kill);
  const { host } = await listening(server);
  await fetch(`${host}/healthz`);
  return {
    host,
    key: "key",
    pid: server.child.pid!,
    startedIn: performance.now() - started,
    stop: async (signal = "SIGTERM") => {
      server.child.kill(signal);
      const { stderr } = await server.exit;
      process.off("exit", kill);
      if (stderr !== "") console.error(stderr);
    },
  };
};

export interface Kind {
  readonly name: string;
  /** What `serve` is given for a new, empty store. */
  readonly args: () => Promise<ReadonlyArray<string>>;
}

/** What the server keeps its data in. Postgres waits for its disk, too. */
const all: ReadonlyArray<Kind> = [
  { name: "SQLite", args: async () => ["--data", join(temporaryDirectory(), "data")] },
  ...(isMissing
    ? []
    : [
        {
          name: "Postgres",
          args: async () => {
            const postgres = await postgresServer({ isDurable: true });
            return ["--database", await postgres.newDatabase()];
          },
        },
      ]),
];

/** An experiment to write to, and the path and the key to do it with. */
export const makeExperiment = async ({ host, key }: Running, slug: string) => {
  const server = { host, key };
  const { experiment } = (await call(server, "POST", "/experiments", { slug })).data;
  const path = `/experiments/${experiment.id}`;
  const minted = await call(server, "POST", `${path}/ingestion-keys`, { name: "bench" });
  return { id: experiment.id as string, path, token: minted.data.token as string };
};

export type Experiment = Awaited<ReturnType<typeof makeExperiment>>;

/** How much of the machine's memory a process has, in MiB: now, and at most so far. */
export const memoryOf = (pid: number): { readonly resident: number; readonly peak: number } => {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const of = (name: string) => Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(status)?.[1]) / 1024;
  return { resident: of("VmRSS"), peak: of("VmHWM") };
};

/** Seconds of CPU that a process has used. */
export const cpuOf = (pid: number): number => {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
    .replace(/^.*\) /, "")
    .split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
};

/** Only some of them are measured when `STORES` names them, as `STORES=SQLite`. */
const named = process.env["STORES"]?.split(",");
export const kinds = all.filter(({ name }) => named === undefined || named.includes(name));
