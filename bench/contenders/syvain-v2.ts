import { Effect, Stream } from "effect";
import { Runs, Series, SyvainMetrics } from "syvain-metrics-effect/v2";
import { contend, host } from "../support/contender.ts";
import { tasksOn } from "../support/effect-task.ts";
import { metadata, nameOf, valueOf } from "../support/events.ts";
import { Reading } from "../support/series.ts";

const { task } = tasksOn(SyvainMetrics.layer({ apiKey: "key", host }));

const read = (many: number) =>
  task((count) =>
    Effect.map(Series.read(`${count}-${many}`), (series) => {
      const reading = new Reading();
      for (const { values } of series) reading.add(values);
      reading.check(count);
    }),
  );

const stream = (many: number) =>
  task((count) =>
    Effect.suspend(() => {
      const reading = new Reading();
      return Series.stream(`${count}-${many}`).pipe(
        Stream.runForEach(({ values }) => Effect.sync(() => reading.add(values))),
        Effect.map(() => reading.check(count)),
      );
    }),
  );

function* points(count: number): Generator<Runs.MetricPoint> {
  for (let step = 0; step < count; step++) {
    yield { name: nameOf, value: valueOf(step), step, metadata };
  }
}

const metrics = task((count, concurrency) =>
  Effect.scoped(
    Effect.gen(function* () {
      const run = yield* Runs.open({ slug: "run" });
      const { acknowledged } = yield* run.metrics(points(count), { concurrency });
      if (acknowledged !== count) throw new Error(`${acknowledged} of ${count} were stored`);
    }),
  ),
);

contend({
  metrics,
  "read 1": read(1),
  "read 1000": read(1000),
  "stream 1": stream(1),
  "stream 1000": stream(1000),
});
