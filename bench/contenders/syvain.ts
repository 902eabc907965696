import { DateTime, Effect, Stream } from "effect";
import { Experiments, Metrics, SyvainMetrics } from "syvain-metrics-effect";
import { contend, host } from "../support/contender.ts";
import { tasksOn } from "../support/effect-task.ts";
import { clientEventIdOf, metadata, millisOf, nameOf, valueOf } from "../support/events.ts";
import { id, input } from "../support/experiment.ts";
import { Reading } from "../support/series.ts";

const { repeat, task } = tasksOn(SyvainMetrics.layer({ apiKey: "key", host }));

const events = {
  plain: (step: number): Metrics.MetricInput => ({
    clientEventId: clientEventIdOf(step),
    name: nameOf,
    value: valueOf(step),
    step,
  }),
  full: (step: number): Metrics.MetricInput => ({
    clientEventId: clientEventIdOf(step),
    name: nameOf,
    value: valueOf(step),
    step,
    timestamp: DateTime.makeUnsafe(millisOf(step)),
    metadata,
  }),
};

function* first(count: number, event: (step: number) => Metrics.MetricInput) {
  for (let step = 0; step < count; step++) yield event(step);
}

const ingest = (kind: keyof typeof events) =>
  task((count, concurrency) =>
    Effect.map(
      Metrics.ingestAll("e", first(count, events[kind]), { concurrency }),
      ({ acknowledged }) => {
        if (acknowledged !== count) throw new Error(`${acknowledged} of ${count} were stored`);
      },
    ),
  );

const querySeries = (many: number) =>
  task((count) =>
    Effect.map(Metrics.querySeries([{ experimentId: `${count}-${many}` }]), (batches) => {
      const reading = new Reading();
      for (const { data } of batches) reading.add(data.value);
      reading.check(count);
    }),
  );

const streamSeries = (many: number) =>
  task((count) =>
    Effect.suspend(() => {
      const reading = new Reading();
      return Metrics.streamSeries([{ experimentId: `${count}-${many}` }]).pipe(
        Stream.runForEach(({ data }) => Effect.sync(() => reading.add(data.value))),
        Effect.map(() => reading.check(count)),
      );
    }),
  );

contend({
  get: repeat(Experiments.get(id)),
  post: repeat(Experiments.create(input)),
  "ingest plain": ingest("plain"),
  "ingest full": ingest("full"),
  "query 1": querySeries(1),
  "query 1000": querySeries(1000),
  "series 1": streamSeries(1),
  "series 1000": streamSeries(1000),
});
