/** How long a small read takes, while nothing else is asked and while events come in. */
import { Pool } from "undici";
import { heading, row } from "../support/contender.ts";
import { batchesOf, batchAt, type Sending, sendAll } from "./load.ts";
import { type Experiment, kinds, makeExperiment, type Running, startServer } from "./serving.ts";

/** What a page or a person asks for again and again. */
const small = ({ path }: Experiment): ReadonlyArray<string> => [
  "/experiments?limit=20",
  path,
  `${path}/metrics?limit=100&sort_direction=desc`,
  `${path}/catalog`,
];

export interface Reader {
  /** Milliseconds that each read took. */
  readonly took: Array<number>;
  readonly stop: () => Promise<void>;
}

/** Reads one after another, with a pause between two, in milliseconds. */
export const startReading = (
  { host, key }: Running,
  experiment: Experiment,
  pause: number,
): Reader => {
  const pool = new Pool(host, { connections: 1 });
  const took: Array<number> = [];
  const stopping = new AbortController();
  const reading = (async () => {
    for (let i = 0; !stopping.signal.aborted; i++) {
      const paths = small(experiment);
      const started = performance.now();
      const { statusCode, body } = await pool.request({
        method: "GET",
        path: `/api/v1${paths[i % paths.length]}`,
        headers: { authorization: `Bearer ${key}` },
      });
      const text = await body.text();
      took.push(performance.now() - started);
      if (statusCode !== 200) throw new Error(`${statusCode} ${text}`);
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  })();
  return {
    took,
    stop: async () => {
      stopping.abort();
      await reading;
      await pool.close();
    },
  };
};

/** So many batches a second, evenly, as long as they last. */
async function* paced(sendings: ReadonlyArray<Sending>, perSecond: number) {
  const started = performance.now();
  for (const [i, sending] of sendings.entries()) {
    const wait = started + (i * 1000) / perSecond - performance.now();
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    yield sending;
  }
}

const quantile = (sorted: ReadonlyArray<number>, q: number): string =>
  `${sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))]!.toFixed(1)} ms`;

const rate = 50_000;

/** `seconds` for each row. */
export const measureReads = async (seconds = 20): Promise<void> => {
  heading("store", "meanwhile", "reads", "median", "p99", "longest");
  for (const kind of kinds) {
    const server = await startServer(...(await kind.args()));
    const experiment = await makeExperiment(server, "run");
    await sendAll(server, [{ experiment, batch: batchAt(0) }]);
    const during = async (what: string, work: () => Promise<unknown>) => {
      const reader = startReading(server, experiment, 5);
      await work();
      await reader.stop();
      const sorted = reader.took.toSorted((a, b) => a - b);
      row(kind.name, what, sorted.length, ...[0.5, 0.99, 1].map((q) => quantile(sorted, q)));
    };
    const sendings = batchesOf(rate * seconds).map((batch): Sending => ({ experiment, batch }));
    // What is read for the first time takes longer.
    await during("warm-up", () => new Promise((resolve) => setTimeout(resolve, 1000)));
    await during("nothing", () => new Promise((resolve) => setTimeout(resolve, seconds * 1000)));
    let took = 0;
    await during(`${rate.toLocaleString("en")} events/s`, async () => {
      const started = performance.now();
      await sendAll(server, paced(sendings, rate / 1000));
      took = (performance.now() - started) / 1000;
    });
    if (took > seconds * 1.05)
      console.log(`\n${kind.name}: only ${Math.round((rate * seconds) / took)} events/s\n`);
    await server.stop();
  }
};
