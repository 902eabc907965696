/** A batch that takes long does not hold up those behind it, up to as many as it would be a pity to send again. */
import { assert, it } from "@effect/vitest";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import { TestClock } from "effect/testing";
import * as Collector from "../../src/Collector.ts";
import * as Experiments from "../../src/Experiments.ts";
import * as Faults from "../../src/testing/Faults.ts";
import { operation } from "../support/api.ts";
import { inMemory, stored } from "../support/recording.ts";

const statusOf = (id: string) =>
  Effect.map(Experiments.get(id), ({ experiment }) => experiment.status);

/** So long, in as many steps as answers need that come meanwhile. */
const pass = (time: Duration.Input) =>
  Effect.repeat(TestClock.adjust(Duration.toMillis(time) / 300), { times: 299 });

const steps = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => `loss/${from + i}`);

it.effect("sixteen batches are sent past one that takes long, and the rest when it is there", () =>
  Effect.gen(function* () {
    const recorder = yield* Collector.experiment({ slug: "iris" });
    const { id } = yield* recorder.experiment;
    yield* Faults.status(503, { times: Infinity, match: { operation: operation.metrics } });
    for (let step = 0; step < 40; step++) yield* recorder.metric("loss", 1, { step });
    yield* pass("1 minute");
    yield* Faults.clear;
    yield* Faults.delay("20 seconds", { times: 1, match: { operation: operation.metrics } });
    yield* Effect.forkChild(recorder.flush);
    yield* pass("10 seconds");
    assert.deepStrictEqual(yield* stored(id), steps(1, 17));
    assert.deepInclude(yield* recorder.summary, { delivered: 16, pending: 24 });
    yield* pass("20 seconds");
    assert.deepStrictEqual(yield* stored(id), steps(0, 40));
  }).pipe(Effect.scoped, Effect.provide(inMemory({ maxEvents: 1 }))),
);

it.effect("when the run has ended is told after all that was recorded before", () =>
  Effect.gen(function* () {
    const recorder = yield* Collector.experiment({ slug: "iris" });
    const { id } = yield* recorder.experiment;
    yield* Faults.delay("20 seconds", { times: 1, match: { operation: operation.metrics } });
    yield* recorder.run(recorder.metric("loss", 1, { step: 0 }));
    yield* pass("10 seconds");
    assert.deepInclude(yield* recorder.summary, { delivered: 0 });
    assert.deepStrictEqual(yield* statusOf(id), "running");
    yield* pass("20 seconds");
    assert.deepStrictEqual(yield* statusOf(id), "done");
  }).pipe(Effect.scoped, Effect.provide(inMemory({ maxEvents: 1 }))),
);
