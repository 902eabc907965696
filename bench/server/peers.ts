/** Servers that others track experiments with, given the same events by the same client. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { heading, row } from "../support/contender.ts";
import { batchSize } from "../support/events.ts";
import { environment } from "../support/python.ts";
import { again, batchesOf, eventAt, type Post, postAll, sendAll } from "./load.ts";
import { makeExperiment, startServer, temporaryDirectory } from "./serving.ts";

interface Peer {
  readonly host: string;
  /** A thousand events as it takes them. */
  readonly postAt: (first: number) => Post;
  readonly stop: () => void;
}

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  return port;
};

/** A program of a Python package, on data that are gone with the bench; once something answers on that port. */
const startProgram = async (
  name: "mlflow" | "trackio",
  args: (directory: string, port: number) => ReadonlyArray<string>,
  env: (directory: string, port: number) => Readonly<Record<string, string>>,
) => {
  const interpreter = environment(name);
  if (interpreter === undefined) return undefined;
  const [directory, port] = [temporaryDirectory(), await freePort()];
  const child = spawn(join(dirname(interpreter), name), args(directory, port), {
    cwd: directory,
    env: { ...process.env, NO_PROXY: "*", no_proxy: "*", ...env(directory, port) },
    stdio: "ignore",
    detached: true,
  });
  // It has children of its own.
  const stop = () => process.kill(-child.pid!, "SIGKILL");
  process.once("exit", stop);
  const host = `http://127.0.0.1:${port}`;
  // All of its workers are there when it answers many times in a row.
  for (let inARow = 0; inARow < 20;) {
    if (child.exitCode !== null) throw new Error(`${name} ended with ${child.exitCode}`);
    const isThere = await fetch(host).then(
      async (answer) => (await answer.text(), answer.ok),
      () => false,
    );
    inARow = isThere ? inARow + 1 : 0;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  return { host, stop: () => void (process.off("exit", stop), stop()) };
};

const json = { "content-type": "application/json" };

const postOf = (path: string, headers: Readonly<Record<string, string>>, body: unknown): Post => ({
  path,
  headers: { ...json, ...headers },
  body: Buffer.from(JSON.stringify(body)),
  count: batchSize,
});

const events = (first: number) => Array.from({ length: batchSize }, (_, i) => eventAt(first + i));

const startMlflow = async (): Promise<Peer | undefined> => {
  const server = await startProgram(
    "mlflow",
    (directory, port) => [
      "server",
      "--backend-store-uri",
      `sqlite:///${directory}/mlflow.db`,
      "--port",
      `${port}`,
    ],
    () => ({}),
  );
  if (server === undefined) return undefined;
  const api = "/api/2.0/mlflow";
  const response = await again(() =>
    fetch(`${server.host}${api}/runs/create`, {
      method: "POST",
      headers: json,
      body: JSON.stringify({ experiment_id: "0", start_time: Date.now() }),
    }),
  );
  const { run } = (await response.json()) as { run: { info: { run_id: string } } };
  return {
    ...server,
    postAt: (first) =>
      postOf(
        `${api}/runs/log-batch`,
        {},
        {
          run_id: run.info.run_id,
          metrics: events(first).map(({ name, value, step, timestamp_ms }) => ({
            key: name,
            value,
            step,
            timestamp: timestamp_ms,
          })),
        },
      ),
  };
};

/** By itself it does not wait for the disk at each batch: `synchronous` as SQLite has it. */
const startTrackio = (synchronous: "NORMAL" | "FULL") => async (): Promise<Peer | undefined> => {
  const token = "bench";
  const server = await startProgram(
    "trackio",
    () => ["show"],
    (directory, port) => ({
      TRACKIO_DIR: directory,
      TRACKIO_WRITE_TOKEN: token,
      TRACKIO_SQLITE_SYNCHRONOUS: synchronous,
      GRADIO_SERVER_PORT: `${port}`,
      HF_HUB_OFFLINE: "1",
    }),
  );
  return server === undefined
    ? undefined
    : {
        ...server,
        postAt: (first) =>
          postOf(
            "/api/bulk_log",
            { "x-trackio-write-token": token },
            {
              args: [],
              kwargs: {
                hf_token: null,
                logs: events(first).map(({ client_event_id, name, value, step }) => ({
                  project: "bench",
                  run: "run",
                  metrics: { [name]: value },
                  step,
                  log_id: client_event_id,
                })),
              },
            },
          ),
      };
};

/** Slow ones do a part of it. */
const peers = [
  { name: "trackio, SQLite, not on the disk yet", start: startTrackio("NORMAL"), part: 1 },
  { name: "trackio, SQLite, told to wait for it", start: startTrackio("FULL"), part: 1 },
  { name: "mlflow, SQLite", start: startMlflow, part: 1 / 50 },
];

export const measurePeers = async (count = 1_000_000): Promise<void> => {
  heading("server", "events/s", "this one is");
  let us = 0;
  const measure = async (name: string, events: number, send: () => Promise<number>) => {
    const started = performance.now();
    const acknowledged = await send();
    if (acknowledged !== events) throw new Error(`${name} took ${acknowledged} of ${events}`);
    const rate = events / ((performance.now() - started) / 1000);
    us ||= rate;
    row(name, Math.round(rate).toLocaleString("en"), `${(us / rate).toFixed(1)} times as fast`);
  };
  const server = await startServer("--data", join(temporaryDirectory(), "data"));
  const experiment = await makeExperiment(server, "run");
  const sendings = batchesOf(count).map((batch) => ({ experiment, batch }));
  await measure("this one, SQLite", count, () => sendAll(server, sendings));
  await server.stop();
  for (const { name, start, part } of peers) {
    const peer = await start();
    if (peer === undefined) continue;
    const batches = Math.ceil((count * part) / batchSize);
    const posts = Array.from({ length: batches }, (_, i) => peer.postAt(i * batchSize));
    async function* all() {
      yield* posts;
    }
    await measure(name, batches * batchSize, () => postAll(peer.host, all()));
    peer.stop();
  }
};
