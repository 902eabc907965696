import { assert, describe, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import { TestClock } from "effect/testing";
import * as Collector from "../../src/Collector.ts";
import * as Faults from "../../src/testing/Faults.ts";
import { operation } from "../support/api.ts";
import { inMemory, stored } from "../support/recording.ts";

const away = Faults.status(503, { times: Infinity, match: { operation: operation.metrics } });

/** Records that many events, a step each, and hands the recorder over when the service is back. */
const recordAway = (count: number) =>
  Effect.gen(function* () {
    const recorder = yield* Collector.experiment({ slug: "iris" });
    yield* away;
    for (let step = 0; step < count; step++) yield* recorder.metric("loss", 1, { step });
    yield* TestClock.adjust("1 minute");
    return recorder;
  });

const deliver = (recorder: Collector.Recorder) =>
  Effect.gen(function* () {
    yield* Faults.clear;
    const flushing = yield* Effect.forkChild(Effect.flip(recorder.flushOrFail));
    yield* TestClock.adjust("5 minutes");
    const { pending, dropped } = yield* Fiber.join(flushing);
    assert.strictEqual(pending, 0);
    return { dropped, names: yield* stored((yield* recorder.experiment).id) };
  });

const steps = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => `loss/${from + i}`);

describe("a spool that is full", () => {
  for (const batch of [10, 1000]) {
    const capacity = { capacity: 250 };

    it.effect(`drops the newest, and counts them (batches of ${batch})`, () =>
      Effect.gen(function* () {
        const { dropped, names } = yield* deliver(yield* recordAway(1000));
        assert.strictEqual(dropped, 750);
        assert.deepStrictEqual(names, steps(0, 250));
      }).pipe(
        Effect.provide(inMemory({ maxEvents: batch }, { ...capacity, overflow: "dropNewest" })),
      ),
    );

    it.effect(`drops the oldest, and counts them (batches of ${batch})`, () =>
      Effect.gen(function* () {
        const recorder = yield* recordAway(1000);
        const { dropped, names } = yield* deliver(recorder);
        assert.strictEqual(dropped, 750);
        assert.lengthOf(names, 250);
        // Those that were under way when it became full cannot be called back.
        assert.includeMembers(names, steps(1000 - 250 + 4 * batch, 1000));
      }).pipe(
        Effect.provide(inMemory({ maxEvents: batch }, { ...capacity, overflow: "dropOldest" })),
      ),
    );
  }

  it.effect("waits for nobody by default", () =>
    Effect.gen(function* () {
      const recorder = yield* Collector.experiment({ slug: "iris" });
      yield* Faults.delay("1 day", { times: Infinity });
      // The clock stands still.
      for (let step = 0; step < 110_000; step++) yield* recorder.metric("loss", 1, { step });
      assert.deepInclude(yield* recorder.summary, { pending: 100_000, dropped: 10_000 });
    }).pipe(Effect.scoped, Effect.provide(inMemory({ shutdownTimeout: 0 }))),
  );

  it.effect("holds the recording back, and drops nothing", () =>
    Effect.gen(function* () {
      const recorder = yield* Collector.experiment({ slug: "iris" });
      yield* away;
      let recorded = 0;
      const recording = yield* Effect.forkChild(
        Effect.gen(function* () {
          for (let step = 0; step < 1000; step++) {
            yield* recorder.metric("loss", 1, { step });
            recorded++;
          }
        }),
      );
      yield* TestClock.adjust("1 hour");
      assert.strictEqual(recorded, 250);
      // A plain callback cannot be held back.
      assert.isFalse(recorder.metricUnsafe("loss", 1, { step: 5000 }));
      yield* Faults.clear;
      yield* TestClock.adjust("1 hour");
      yield* Fiber.join(recording);
      const { dropped, names } = yield* deliver(recorder);
      assert.strictEqual(dropped, 1);
      assert.deepStrictEqual(names, steps(0, 1000));
    }).pipe(
      Effect.provide(inMemory({ maxEvents: 100 }, { capacity: 250, overflow: "backpressure" })),
    ),
  );

  it.effect("lets go of a fiber that waits for room", () =>
    Effect.gen(function* () {
      const recorder = yield* Collector.experiment({ slug: "iris" });
      yield* away;
      yield* recorder.metric("loss", 1, { step: 0 });
      const waiting = yield* Effect.forkChild(recorder.metric("loss", 1, { step: 1 }));
      yield* TestClock.adjust(0);
      yield* Fiber.interrupt(waiting);
      yield* Faults.clear;
      const flushing = yield* Effect.forkChild(recorder.flushOrFail);
      yield* TestClock.adjust("5 minutes");
      yield* Fiber.join(flushing);
      assert.deepStrictEqual(yield* stored((yield* recorder.experiment).id), ["loss/0"]);
    }).pipe(Effect.provide(inMemory({}, { capacity: 1, overflow: "backpressure" }))),
  );

  it.effect("is told of by every later flushOrFail, also when all else was delivered", () =>
    Effect.gen(function* () {
      const recorder = yield* recordAway(300);
      assert.strictEqual((yield* deliver(recorder)).dropped, 50);
      yield* recorder.metric("loss", 1, { step: 999 });
      yield* recorder.flush;
      const error = yield* Effect.flip(recorder.flushOrFail);
      assert.strictEqual(
        error.message,
        "Not all events of iris are delivered: 50 dropped by the spool",
      );
    }).pipe(Effect.provide(inMemory({}, { capacity: 250 }))),
  );

  it.effect("always has room for how the run ended", () =>
    Effect.gen(function* () {
      yield* Effect.scoped(
        Effect.gen(function* () {
          const recorder = yield* Collector.experiment({ slug: "iris" });
          yield* recorder.run(
            Effect.forEach(Array.from({ length: 100 }), (_, step) =>
              recorder.metric("loss", 1, { step }),
            ),
          );
        }),
      );
      const recorder = yield* Collector.experiment({ slug: "iris" });
      assert.strictEqual((yield* recorder.experiment).status, "done");
    }).pipe(Effect.provide(inMemory({}, { capacity: 3, overflow: "dropNewest" }))),
  );
});
