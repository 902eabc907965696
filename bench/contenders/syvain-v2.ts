import { Effect, Stream } from "effect";
import { Series, SyvainMetrics } from "syvain-metrics-effect/v2";
import { contend, host } from "../support/contender.ts";
import { tasksOn } from "../support/effect-task.ts";
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

contend({
  "read 1": read(1),
  "read 1000": read(1000),
  "stream 1": stream(1),
  "stream 1000": stream(1000),
});
