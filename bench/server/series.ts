/**
 * Long series read from our own server on SQLite: whole ones as lines, beside the same rows read and written as JSON in
 * this process by `node:sqlite` alone; and in a thousand buckets each, one series and many at once. Prints Markdown.
 *
 * `node bench/server/series.ts [points] [series] [points of each]`; default: 1,000,000, and 120 of 100,000. With
 * `DIRECTORY` what was made stays there, for the next time.
 */
import * as Effect from "effect/Effect";
import { fork } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { layerSqlite } from "../../src/server/drivers/sqlite.ts";
import { type Experiment, Store } from "../../src/server/store.ts";
import { heading, median, row } from "../support/contender.ts";

const [points = 1_000_000, series = 120, each = 100_000] = process.argv.slice(2).map(Number);
const charts = 12;
const runs = Math.ceil(series / charts);
const apiKey = "ak_org_bench";

const kept = process.env["DIRECTORY"];
const directory = kept ?? mkdtempSync(join(tmpdir(), "series-"));
mkdirSync(directory, { recursive: true });
process.on("exit", () => {
  if (kept === undefined) rmSync(directory, { recursive: true });
});
const file = join(directory, "metrics.db");

const db = () => {
  const opened = new DatabaseSync(file);
  opened.exec("PRAGMA cache_size = -16384; PRAGMA busy_timeout = 60000");
  return opened;
};

const seconds = async (work: () => unknown): Promise<number> => {
  const started = performance.now();
  await work();
  return (performance.now() - started) / 1000;
};

// -----------------------------------------------------------------------------
// What there is to read
// -----------------------------------------------------------------------------

const experiment = (id: string): Experiment => ({
  id,
  slug: id,
  folderId: null,
  revision: 0,
  description: { text: "", metadata: {} },
  status: "running",
  error: null,
  createdAt: 1,
  updatedAt: 1,
  startedAt: 1,
  doneAt: null,
  lastEventAt: null,
});

/** Each series is begun as any is; the rest of its points is written where they lie, as that is quicker. */
const fill = async () => {
  const all: Array<{ readonly id: string; readonly names: ReadonlyArray<string> }> = [
    { id: "one", names: ["m"] },
    ...Array.from({ length: runs }, (_, run) => ({
      id: `run-${run}`,
      names: Array.from({ length: charts }, (_, chart) => `chart-${chart}`),
    })),
  ];
  await Effect.runPromise(
    Effect.gen(function* () {
      const store = yield* Store;
      for (const { id, names } of all) {
        yield* store.transaction(store.putExperiment(experiment(id)));
        yield* store.ingest({
          experimentId: id,
          serverTime: 1,
          keyId: null,
          answer: undefined,
          events: names.map((name) => ({
            clientEventId: name,
            name,
            metadata: {},
            step: 0,
            clientTime: 1.7e12,
            value: 0,
          })),
        });
      }
    }).pipe(Effect.provide(layerSqlite({ file, lock: join(directory, "lock") }))),
  );
  const opened = db();
  const numbers = opened
    .prepare("SELECT s.number, e.slug FROM series s JOIN experiments e ON e.number = s.experiment")
    .all() as ReadonlyArray<unknown> as ReadonlyArray<{ number: number; slug: string }>;
  for (const { number, slug } of numbers) {
    const count = slug === "one" ? points : each;
    opened.exec(`BEGIN;
      WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count - 1})
      INSERT INTO points SELECT ${number}, i, 1700000000000 + i * 250 + (i * 7919) % 90,
        1048576 + i, ((i * 7919 + ${number} * 104729) % 100003) / 9973.0 FROM n;
      UPDATE series SET count = ${count} WHERE number = ${number};
      COMMIT`);
  }
  opened.close();
};

// -----------------------------------------------------------------------------
// The server
// -----------------------------------------------------------------------------

/** A process of its own, as what was most resident is asked of it. */
const startServer = async () => {
  const child = fork(`${import.meta.dirname}/../support/store-server.ts`, [directory, apiKey], {
    execArgv: ["--disable-warning=ExperimentalWarning"],
    stdio: "inherit",
  });
  const [port] = await Promise.race([
    once(child, "message"),
    once(child, "exit").then(([code]) => {
      throw new Error(`the server ended with ${code}`);
    }),
  ]);
  return {
    ask: (path: string, body: unknown, headers: Record<string, string> = {}) =>
      fetch(`http://127.0.0.1:${port}${path}`, {
        method: "POST",
        headers: {
          authorization: `Bearer ${apiKey}`,
          "content-type": "application/json",
          ...headers,
        },
        body: JSON.stringify(body),
      }),
    peak: async (): Promise<number> => {
      child.send("peak");
      return (await once(child, "message"))[0];
    },
    stop: async () => {
      child.disconnect();
      await once(child, "exit");
    },
  };
};

type Server = Awaited<ReturnType<typeof startServer>>;

/** Its bytes, let go as they come. */
const drain = async (answer: Promise<Response>): Promise<number> => {
  const response = await answer;
  if (response.status !== 200) throw new Error(await response.text());
  let size = 0;
  for await (const part of response.body!) size += part.length;
  return size;
};

const untilSealed = async () => {
  const opened = db();
  const left =
    opened.prepare(`SELECT (SELECT COUNT(*) FROM series WHERE count - sealed - late >= 4608)
    + (SELECT SUM(sealed) FROM series) - (SELECT SUM(time_count) FROM segments) AS left`);
  while ((left.get() as { left: number }).left !== 0) {
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  opened.close();
};

// -----------------------------------------------------------------------------
// Whole series
// -----------------------------------------------------------------------------

type Axis = "step" | "timestamp";

/** In pages of 10,000 rows, each written as one line of JSON in columns; by time the rows of one statement. */
const raw = (axis: Axis): void => {
  const opened = db();
  const { number } = opened
    .prepare(
      "SELECT s.number FROM series s JOIN experiments e ON e.number = s.experiment WHERE slug = 'one'",
    )
    .get() as { number: number };
  const order = axis === "step" ? "step, time, sequence" : "time, sequence";
  const statement = opened.prepare(
    `SELECT step, time, value FROM points WHERE series = ? ORDER BY ${order}`,
  );
  statement.setReturnArrays(true);
  let [steps, times, values]: Array<Array<number>> = [[], [], []];
  const flush = () => {
    const line = { data: { step: steps, timestampMs: times, value: values } };
    Buffer.from(`${JSON.stringify(line)}\n`);
    [steps, times, values] = [[], [], []];
  };
  for (const one of statement.iterate(number) as Iterable<unknown> as Iterable<Array<number>>) {
    steps!.push(one[0]!);
    times!.push(one[1]!);
    if (values!.push(one[2]!) === 10_000) flush();
  }
  flush();
  opened.close();
};

const whole = {
  "v2 `query/series`": ({ ask }: Server, axis: Axis) =>
    ask(
      "/api/v2/query/series",
      {
        messageId: "m",
        event: "syvain.v2.query.experimentseries",
        data: { experimentId: "one", filter: [], xAxis: axis },
      },
      { accept: "application/x-ndjson" },
    ),
  "v1 `query/series`, stream": ({ ask }: Server, axis: Axis) =>
    ask("/api/v1/query/series", {
      series: [{ experimentId: "one" }],
      order: { axis, direction: "asc" },
      stream: true,
    }),
};

const rounds = 5;

if (!existsSync(file)) {
  const took = await seconds(fill);
  console.error(`made in ${took.toFixed(0)} s`);
}
{
  const server = await startServer();
  const took = await seconds(untilSealed);
  console.error(`ready after ${took.toFixed(0)} s`);
  await server.stop();
}

console.log(`\n### ${points.toLocaleString("en")} points of one series, whole\n`);
heading(
  "asked of",
  "order",
  "s",
  "by `node:sqlite` alone, s",
  "times",
  "MiB",
  "most resident, MiB",
);
for (const axis of ["step", "timestamp"] as const) {
  for (const [name, ask] of Object.entries(whole)) {
    const server = await startServer();
    const [alone, served]: [Array<number>, Array<number>] = [[], []];
    let size = 0;
    for (let round = 0; round <= rounds; round++) {
      const own = await seconds(() => raw(axis));
      const one = await seconds(async () => (size = await drain(ask(server, axis))));
      if (round === 0) continue;
      alone.push(own);
      served.push(one);
    }
    row(
      name,
      axis === "step" ? "by step" : "by time",
      median(served).toFixed(2),
      median(alone).toFixed(2),
      (median(served) / median(alone)).toFixed(2),
      (size / 2 ** 20).toFixed(1),
      (await server.peak()).toFixed(0),
    );
    await server.stop();
  }
}

// -----------------------------------------------------------------------------
// Buckets
// -----------------------------------------------------------------------------

const view = (server: Server, queries: ReadonlyArray<object>, axis: string, gzip = false) =>
  drain(
    server.ask(
      "/api/view/series",
      { queries, axis, points: 1000 },
      { "accept-encoding": gzip ? "gzip" : "identity" },
    ),
  );

const chosen = Array.from({ length: runs }, (_, run) => ({ experimentId: `run-${run}` }));
const third = { from: Math.floor(points / 3), to: Math.floor((points * 2) / 3) };
const looks: { readonly [name: string]: (server: Server) => Promise<number> } = {
  "one series, by step": (server) => view(server, [{ experimentId: "one" }], "step"),
  "one series, by time": (server) => view(server, [{ experimentId: "one" }], "time"),
  "one series, its middle third": (server) =>
    view(server, [{ experimentId: "one", ...third }], "step"),
  "one series, its middle hundredth": (server) =>
    view(
      server,
      [{ experimentId: "one", from: points / 2, to: points / 2 + Math.floor(points / 100) }],
      "step",
    ),
  [`${runs * charts} series, by step`]: (server) => view(server, chosen, "step"),
  [`${runs * charts} series, by time`]: (server) => view(server, chosen, "time"),
  [`${runs * charts} series, by step, packed with gzip`]: (server) =>
    view(server, chosen, "step", true),
  [`${runs * charts} series, by step, a request for each of ${charts} charts`]: async (server) => {
    const sizes = await Promise.all(
      Array.from({ length: charts }, (_, chart) =>
        view(
          server,
          chosen.map((one) => ({ ...one, seriesNames: [`chart-${chart}`] })),
          "step",
        ),
      ),
    );
    return sizes.reduce((a, b) => a + b);
  },
};

console.log(
  `\n### In 1,000 points: one series of ${points.toLocaleString("en")}, and ${runs * charts} of ${each.toLocaleString("en")}\n`,
);
heading("asked for", "first, ms", "again, ms", "KiB", "most resident, MiB");
for (const [name, look] of Object.entries(looks)) {
  const server = await startServer();
  // A client that has not connected yet would be measured, too.
  await server.ask("/api/view/series", {});
  const first = await seconds(() => look(server));
  const again: Array<number> = [];
  let size = 0;
  for (let i = 0; i < 9; i++) {
    again.push(await seconds(async () => (size = await look(server))));
  }
  row(
    name,
    (first * 1000).toFixed(0),
    (median(again) * 1000).toFixed(0),
    Math.round(size / 1024).toLocaleString("en"),
    (await server.peak()).toFixed(0),
  );
  await server.stop();
}
