/** What the server has of the machine's memory while very many events come in and it is asked for them. */
import { heading, row } from "../support/contender.ts";
import { batchAt, type Sending, sendAll } from "./load.ts";
import { startReading } from "./reads.ts";
import {
  type Experiment,
  kinds,
  makeExperiment,
  memoryOf,
  type Running,
  startServer,
} from "./serving.ts";

const perExperiment = 1_000_000;

/** The whole of a series as a stream of API v2, in parts: one of v1 is a single line, which the server holds. */
const readWhole = async ({ host, key }: Running, { id }: Experiment) => {
  const response = await fetch(`${host}/api/v2/query/series`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify({
      messageId: "bench",
      event: "syvain.v2.query.experimentseries",
      data: { experimentId: id, filter: [], xAxis: "step", seriesNames: ["loss"] },
    }),
  });
  let size = 0;
  for await (const chunk of response.body!) size += chunk.length;
  if (size < perExperiment) throw new Error(`a series of ${size} bytes`);
  return size;
};

const MiB = (size: number): string => `${size.toFixed(0)} MiB`;

/** Small reads go on all the time; each experiment that is full is read whole once. */
export const measureMemory = async (events = 10_000_000): Promise<void> => {
  heading("store", "events", "resident", "over start", "most so far, over start", "seconds");
  for (const kind of kinds) {
    const server = await startServer(...(await kind.args()));
    const experiments: Array<Experiment> = [];
    const count = Math.ceil(events / perExperiment);
    for (let i = 0; i < count; i++) experiments.push(await makeExperiment(server, `run-${i}`));
    const start = memoryOf(server.pid);
    const started = performance.now();
    const report = (sent: number) => {
      const { resident, peak } = memoryOf(server.pid);
      row(
        kind.name,
        sent.toLocaleString("en"),
        MiB(resident),
        MiB(resident - start.resident),
        MiB(peak - start.resident),
        ((performance.now() - started) / 1000).toFixed(0),
      );
    };
    report(0);
    const reader = startReading(server, experiments[0]!, 50);
    let whole = Promise.resolve(0);
    function* sendings(): Generator<Sending> {
      for (let sent = 0; sent < events; sent += 1000) {
        if (sent > 0 && sent % perExperiment === 0) {
          report(sent);
          const full = experiments[sent / perExperiment - 1]!;
          whole = whole.then(() => readWhole(server, full));
        }
        const experiment = experiments[Math.floor(sent / perExperiment)]!;
        yield { experiment, batch: batchAt(sent) };
      }
    }
    await sendAll(server, sendings());
    await whole;
    await reader.stop();
    report(events);
    await server.stop();
  }
};
