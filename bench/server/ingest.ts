/** How many events a second the server takes and has on its disk. */
import { heading, row } from "../support/contender.ts";
import { rateOfStore } from "./store.ts";
import { batchesOf, type Sending, sendAll } from "./load.ts";
import {
  cpuOf,
  type Experiment,
  type Kind,
  kinds,
  makeExperiment,
  startServer,
} from "./serving.ts";

const ingest = async (kind: Kind, events: number, experiments: number) => {
  const server = await startServer(...(await kind.args()));
  const all: Array<Experiment> = [];
  for (let i = 0; i < experiments; i++) all.push(await makeExperiment(server, `run-${i}`));
  const sendings = batchesOf(events).map((batch, i): Sending => ({
    // One after another, as those that run at a time take turns.
    experiment: all[i % experiments]!,
    batch,
  }));
  const before = cpuOf(server.pid);
  const started = performance.now();
  const acknowledged = await sendAll(server, sendings);
  const seconds = (performance.now() - started) / 1000;
  const cpu = cpuOf(server.pid) - before;
  await server.stop();
  if (acknowledged !== events) throw new Error(`${acknowledged} of ${events} were taken`);
  return { rate: events / seconds, cpu: (cpu / events) * 1e6 };
};

export const measureIngest = async (events = 1_000_000): Promise<void> => {
  heading(
    "store",
    "experiments",
    "events",
    "events/s",
    "CPU of the server, µs/event",
    "the store alone, events/s",
  );
  for (const kind of kinds) {
    for (const experiments of [1, 100]) {
      const { rate, cpu } = await ingest(kind, events, experiments);
      const alone = await rateOfStore(await kind.args(), events, experiments);
      row(
        kind.name,
        experiments,
        events.toLocaleString("en"),
        Math.round(rate).toLocaleString("en"),
        cpu.toFixed(1),
        Math.round(alone).toLocaleString("en"),
      );
    }
  }
};
