/** What a recorder says in the log: each thing once, and when it is over. */
import { assert, it } from "@effect/vitest";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import { TestClock } from "effect/testing";
import * as Collector from "../../src/Collector.ts";
import * as Faults from "../../src/testing/Faults.ts";
import { operation } from "../support/api.ts";
import { listening } from "../support/logs.ts";
import { inMemory } from "../support/recording.ts";

/** Time goes by in steps, so that what is waited for can happen. */
const goBy = (duration: Duration.Input) =>
  Effect.forEach(
    Array(Math.ceil(Duration.toMinutes(duration))),
    () => TestClock.adjust("1 minute"),
    { discard: true },
  );

it.effect(
  "a service that is down for two hours is a warning, one a while, and a word when it is back",
  () => {
    const { said, layer } = listening();
    return Effect.gen(function* () {
      const recorder = yield* Collector.experiment({ slug: "iris" });
      const match = { operation: operation.metrics } as const;
      // It numbers its answers, and fails in two ways in turn.
      for (let i = 0; i < 2000; i++) {
        const body = JSON.stringify({ error: { message: `incident ${i}` } });
        yield* Faults.status(i % 10 < 5 ? 503 : 500, { match, body });
      }
      yield* recorder.metric("loss", 1, { step: 1 });
      yield* goBy("2 hours");
      const warnings = said.filter((line) => line.includes("wait to be sent"));
      assert.isAtLeast(warnings.length, 3);
      assert.isAtMost(warnings.length, 2 * 13);
      assert.match(warnings[2]!, /times more since\)$/);
      assert.notInclude(said, "Events of iris are sent again");

      yield* Faults.clear;
      yield* goBy("2 minutes");
      assert.deepInclude(yield* recorder.summary, { delivered: 1, pending: 0 });
      assert.lengthOf(
        said.filter((line) => line === "Events of iris are sent again"),
        1,
      );
    }).pipe(Effect.provide([inMemory(), layer]));
  },
);

it.effect("a recorder that is used after its scope closed says so once, and counts", () => {
  const { said, layer } = listening();
  return Effect.gen(function* () {
    const recorder = yield* Effect.scoped(
      Effect.gen(function* () {
        const recorder = yield* Collector.experiment({ slug: "iris" });
        yield* recorder.metric("loss", 1, { step: 1 });
        return recorder;
      }),
    );
    yield* recorder.metric("loss", 2, { step: 2 });
    assert.isFalse(recorder.metricUnsafe("loss", 3, { step: 3 }));
    yield* recorder.annotation("too late");
    yield* recorder.run(Effect.void);
    yield* recorder.flush;
    const error = yield* Effect.flip(recorder.flushOrFail);
    assert.deepInclude(error, { pending: 0, dropped: 0, invalid: 0, late: 5 });
    assert.include(error.message, "5 left out as the recorder's scope had closed");
    yield* TestClock.adjust(0);
    assert.deepStrictEqual(
      said.filter((line) => line.includes("after its scope closed")).length,
      1,
    );
    assert.notInclude(said.join(), "want of room");
  }).pipe(Effect.provide([inMemory(), layer]));
});
