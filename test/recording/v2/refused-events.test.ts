/** Of a batch over API v2 each event is answered by itself: what one is refused for costs no other. */
import { assert, describe, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import { TestClock } from "effect/testing";
import * as Collector from "../../../src/Collector.ts";
import * as Faults from "../../../src/testing/Faults.ts";
import type { LoggedEvent } from "../../../src/testing/MetricsServer.ts";
import { listening } from "../../support/logs.ts";
import { inMemory, requestsOf, stored } from "../../support/recording.ts";

const over = { api: "v2" } as const;
const match = { operation: "Runs.metrics" } as const;

const isStep =
  (step: number) =>
  ({ data }: LoggedEvent): boolean =>
    data["step"] === step;

/** The steps of each request. */
const sent = Effect.map(requestsOf("Runs.metrics"), (requests) =>
  requests.map(({ events }) => events.map(({ data }) => data["step"])),
);

const record = (recorder: Collector.Recorder) =>
  Effect.forEach([0, 1, 2, 3], (step) => recorder.metric("loss", 1, { step }), { discard: true });

describe("an event that the service refuses", () => {
  it.effect("is told with its place, never sent again, and costs no other", () => {
    const { layer, said } = listening();
    return Effect.gen(function* () {
      const recorder = yield* Collector.experiment({ slug: "iris" });
      yield* Faults.refuseEvent("no_room", { match, where: isStep(2), message: "no room" });
      yield* record(recorder);
      const error = yield* Effect.flip(recorder.flushOrFail);
      assert.deepInclude(error, { pending: 0, refused: 1, dropped: 0 });
      assert.deepStrictEqual(yield* sent, [[0, 1, 2, 3]]);
      assert.lengthOf(yield* stored((yield* recorder.experiment).id), 3);
      const lines = said.filter((line) => line.includes("refused"));
      assert.lengthOf(lines, 1);
      assert.match(lines[0]!, /point 2 was refused: 422 Unprocessable Content: no room/);
    }).pipe(Effect.provide([inMemory(over), layer]));
  });

  it.effect("for now is sent again alone, under its id", () =>
    Effect.gen(function* () {
      const recorder = yield* Collector.experiment({ slug: "iris" });
      yield* Faults.refuseEvent("no_room", {
        match,
        where: isStep(2),
        status: 503,
        retryable: true,
      });
      yield* record(recorder);
      const flushing = yield* Effect.forkChild(recorder.flushOrFail);
      yield* TestClock.adjust("1 minute");
      yield* Fiber.join(flushing);
      assert.deepStrictEqual(yield* sent, [[0, 1, 2, 3], [2]]);
      const [first, second] = yield* requestsOf("Runs.metrics");
      assert.strictEqual(second?.events[0]?.messageId, first?.events[2]?.messageId);
    }).pipe(Effect.provide(inMemory(over))),
  );

  it.effect("for good is not sent again for the sake of one that is for now, however long", () =>
    Effect.gen(function* () {
      const recorder = yield* Collector.experiment({ slug: "iris" });
      const times = Infinity;
      yield* Faults.refuseEvent("no_room", { match, where: isStep(1), times });
      yield* Faults.refuseEvent("no_room", {
        match,
        where: isStep(2),
        status: 503,
        retryable: true,
        times,
      });
      yield* record(recorder);
      yield* TestClock.adjust("10 minutes");
      assert.deepInclude(yield* recorder.summary, { delivered: 2, refused: 1, pending: 4 });
      yield* Faults.clear;
      yield* TestClock.adjust("1 minute");
      assert.deepInclude(yield* recorder.summary, { delivered: 3, refused: 1, pending: 0 });
      const [first, ...others] = yield* sent;
      assert.deepStrictEqual(first, [0, 1, 2, 3]);
      assert.isAbove(others.length, 10);
      for (const steps of others) assert.deepStrictEqual(steps, [2]);
    }).pipe(Effect.provide(inMemory(over))),
  );

  it.effect("with a status that would be ours to mend is refused all the same", () =>
    Effect.gen(function* () {
      const recorder = yield* Collector.experiment({ slug: "iris" });
      // Only what is called retryable is.
      yield* Faults.refuseEvent("no_room", { match, where: isStep(1), status: 503 });
      yield* record(recorder);
      const error = yield* Effect.flip(recorder.flushOrFail);
      assert.deepInclude(error, { pending: 0, refused: 1 });
    }).pipe(Effect.provide(inMemory(over))),
  );

  it.effect("is an annotation, or where the run stands: the others are sent", () =>
    Effect.gen(function* () {
      const recorder = yield* Collector.experiment({ slug: "iris" });
      yield* Faults.refuseEvent("no_room", { match: { operation: "Runs.annotate" } });
      yield* Faults.refuseEvent("no_room", { match: { operation: "Runs.start" } });
      yield* recorder.run(Effect.andThen(recorder.annotation("bad"), recorder.annotation("good")));
      const error = yield* Effect.flip(recorder.flushOrFail);
      assert.deepInclude(error, { pending: 0, refused: 1 });
      const told = (yield* Faults.requests).flatMap(({ events }) =>
        events.map(({ event }) => event.replace("syvain.v2.experiment.", "")),
      );
      assert.deepStrictEqual(
        told.filter((event) => ["start", "annotate", "done"].includes(event)),
        ["start", "annotate", "annotate", "done"],
      );
    }).pipe(Effect.provide(inMemory(over))),
  );
});
