/** How long a start takes, up to the first answer. */
import { join } from "node:path";
import { heading, median, row } from "../support/contender.ts";
import { batchAt, type Sending, sendAll } from "./load.ts";
import { kinds, makeExperiment, startServer, temporaryDirectory } from "./serving.ts";

const times = 7;
const perExperiment = 100_000;

const seconds = (all: ReadonlyArray<number>) =>
  [median(all), Math.max(...all)].map((one) => `${(one / 1000).toFixed(2)} s`);

export const measureStart = async (events = 10_000_000): Promise<void> => {
  heading("store", "start", "median", "longest");
  const first = [];
  for (let i = 0; i < times; i++) {
    const server = await startServer("--data", join(temporaryDirectory(), "data"));
    first.push(server.startedIn);
    await server.stop();
  }
  row("SQLite", "the first, in a new directory", ...seconds(first));
  for (const kind of kinds) {
    const args = await kind.args();
    let server = await startServer(...args);
    function* sendings(experiment: Sending["experiment"], from: number): Generator<Sending> {
      for (let sent = 0; sent < Math.min(perExperiment, events - from); sent += 1000) {
        yield { experiment, batch: batchAt(sent) };
      }
    }
    for (let sent = 0; sent < events; sent += perExperiment) {
      const experiment = await makeExperiment(server, `run-${sent / perExperiment}`);
      await sendAll(server, sendings(experiment, sent));
    }
    for (const [how, signal] of [
      ["stopped", "SIGTERM"],
      ["killed", "SIGKILL"],
    ] as const) {
      const took = [];
      for (let i = 0; i < times; i++) {
        const experiment = await makeExperiment(server, `${how}-${i}`);
        await sendAll(server, sendings(experiment, 0));
        await server.stop(signal);
        server = await startServer(...args);
        took.push(server.startedIn);
      }
      row(
        kind.name,
        `with ${events.toLocaleString("en")} events, after it was ${how}`,
        ...seconds(took),
      );
    }
    await server.stop();
  }
};
