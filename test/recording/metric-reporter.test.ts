import { assert, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import * as Metric from "effect/Metric";
import * as Schedule from "effect/Schedule";
import { TestClock } from "effect/testing";
import * as Collector from "../../src/Collector.ts";
import * as MetricReporter from "../../src/MetricReporter.ts";
import * as Metrics from "../../src/Metrics.ts";
import { inMemory } from "../support/recording.ts";

/** A registry of its own, and what the server has in the end. */
const reporting = <A, E, R>(program: (recorder: Collector.Recorder) => Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const recorder = yield* Collector.experiment({ slug: "app" });
    yield* program(recorder);
    yield* recorder.flushOrFail;
    const { rows } = yield* Metrics.list((yield* recorder.experiment).id);
    return rows.map(({ metadata, metricName, metricValue }) => {
      const labels = Object.entries(metadata).map(([key, label]) => `${key}=${String(label)}`);
      return `${metricName}{${labels.join()}} ${metricValue}`;
    });
  }).pipe(
    Effect.scoped,
    Effect.provide(inMemory()),
    Effect.provideService(Metric.MetricRegistry, new Map()),
  );

it.effect("every kind of metric is a series under its name, with its attributes", () =>
  Effect.gen(function* () {
    const found = yield* reporting((recorder) =>
      Effect.gen(function* () {
        const requests = Metric.counter("requests", { attributes: { route: "/" } });
        yield* Metric.update(requests, 3);
        yield* Metric.update(Metric.counter("bytes", { bigint: true }), 5n);
        yield* Metric.update(Metric.gauge("load"), 0.5);
        const words = Metric.frequency("words");
        for (const word of ["a", "b", "a"]) yield* Metric.update(words, word);
        const boundaries = [1, 10];
        yield* Metric.update(Metric.histogram("seconds", { boundaries }), 2);
        yield* Metric.update(
          Metric.summary("size", { maxAge: "1 hour", maxSize: 10, quantiles: [0.5] }),
          7,
        );
        yield* MetricReporter.report(recorder, { metadata: { rank: 2 } });
      }),
    );
    assert.deepStrictEqual(found, [
      "requests{rank=2,route=/} 3",
      "bytes{rank=2} 5",
      "load{rank=2} 0.5",
      "words{rank=2,key=a} 2",
      "words{rank=2,key=b} 1",
      "seconds_bucket{rank=2,le=1} 0",
      "seconds_bucket{rank=2,le=10} 1",
      "seconds_count{rank=2} 1",
      "seconds_sum{rank=2} 2",
      "seconds_min{rank=2} 2",
      "seconds_max{rank=2} 2",
      "size{rank=2,quantile=0.5} 7",
      "size_count{rank=2} 1",
      "size_sum{rank=2} 7",
      "size_min{rank=2} 7",
      "size_max{rank=2} 7",
    ]);
  }),
);

const steps = Metric.counter("steps");
/** Counts for a minute, once a second. */
const counting = Effect.gen(function* () {
  for (let second = 0; second < 60; second++) {
    yield* Metric.update(steps, 1);
    yield* Effect.sleep("1 second");
  }
});

const values = (lines: ReadonlyArray<string>) => lines.map((line) => Number(line.split(" ")[1]));

for (const [what, interval] of [
  ["a duration", "25 seconds"],
  ["a schedule", Schedule.spaced("25 seconds")],
] as const) {
  it.effect(`reports at ${what}, and once more at the end`, () =>
    Effect.gen(function* () {
      const found = yield* reporting((recorder) =>
        Effect.gen(function* () {
          yield* counting.pipe(
            Effect.provide(MetricReporter.layer({ recorder, interval })),
            Effect.forkChild,
          );
          yield* TestClock.adjust("2 minutes");
        }),
      );
      assert.deepStrictEqual(values(found), [25, 50, 60]);
    }),
  );
}

it.effect("reports what it is asked to", () =>
  Effect.gen(function* () {
    const found = yield* reporting((recorder) =>
      Effect.gen(function* () {
        yield* Metric.update(Metric.gauge("kept"), 1);
        yield* Metric.update(Metric.gauge("left"), 1);
        yield* MetricReporter.report(recorder, { filter: ({ id }) => id !== "left" });
      }),
    );
    assert.deepStrictEqual(found, ["kept{} 1"]);
  }),
);
