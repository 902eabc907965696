import { DateTime, Effect, Stream } from "effect";
import { Experiments, Metrics, SyvainMetrics } from "syvain-metrics-effect";
import { contend, host } from "../support/contender.ts";
import { tasksOn } from "../support/effect-task.ts";
import {
  batchSize,
  clientEventIdOf,
  metadata,
  millisOf,
  nameOf,
  valueOf,
} from "../support/events.ts";
import { id, input } from "../support/experiment.ts";
import { Reading } from "../support/reading.ts";

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
      ({ accepted }) => {
        if (accepted !== count) throw new Error(`${accepted} of ${count} were stored`);
      },
    ),
  );

const stream = (kind: keyof typeof events) =>
  task((count) =>
    Effect.suspend(() => {
      const reading = new Reading();
      return Metrics.stream(`${kind}-${count / batchSize}`).pipe(
        Stream.runForEachArray((metrics) => Effect.sync(() => reading.add(metrics))),
        Effect.map(() => reading.check(count)),
      );
    }),
  );

contend({
  get: repeat(Experiments.get(id)),
  post: repeat(Experiments.create(input)),
  "ingest plain": ingest("plain"),
  "ingest full": ingest("full"),
  "stream plain": stream("plain"),
  "stream full": stream("full"),
});
