/** A recorder writes under a token of its own, which is good as long as it is needed, and no longer. */
import { assert, describe, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import { TestClock } from "effect/testing";
import * as Collector from "../../../src/Collector.ts";
import * as Faults from "../../../src/testing/Faults.ts";
import * as Experiments from "../../../src/v2/Experiments.ts";
import * as Runs from "../../../src/v2/Runs.ts";
import {
  collecting,
  inMemory,
  requestsOf,
  stored,
  withDirectory,
} from "../../support/recording.ts";

const over = { api: "v2", recoverOnStart: false } as const;

const opened = Collector.experiment({ slug: "iris", description: "the first" });

const counted = (operation: Parameters<typeof requestsOf>[0]) =>
  Effect.map(requestsOf(operation), ({ length }) => length);

const deliver = (recorder: Collector.Recorder, step: number) =>
  Effect.andThen(recorder.metric("loss", 1, { step }), recorder.flushOrFail);

const idsOf = Effect.map(requestsOf("Runs.metrics"), (requests) =>
  requests.map(({ events }) => events.map(({ messageId }) => messageId)),
);

/** As whoever opens it elsewhere. */
const openElsewhere = Effect.scoped(Runs.open({ slug: "iris", description: "another" }));

const describedAs = (id: string) =>
  Effect.map(Experiments.get(id), ({ experiment }) => experiment.description);

describe("the token of a recorder", () => {
  it.effect("is renewed five minutes before it expires", () =>
    Effect.gen(function* () {
      const recorder = yield* opened;
      yield* TestClock.adjust("23 hours");
      yield* deliver(recorder, 1);
      assert.strictEqual(yield* counted("Runs.refresh"), 0);
      yield* TestClock.adjust("56 minutes");
      yield* deliver(recorder, 2);
      yield* deliver(recorder, 3);
      assert.strictEqual(yield* counted("Runs.refresh"), 1);
      assert.strictEqual(yield* counted("Runs.open"), 1);
    }).pipe(Effect.provide(inMemory(over))),
  );

  it.effect("is renewed when it is refused, and what was sent is sent again under its ids", () =>
    Effect.gen(function* () {
      const recorder = yield* opened;
      yield* Faults.status(401, { match: { operation: "Runs.metrics" } });
      yield* deliver(recorder, 1);
      const [first, second, ...more] = yield* idsOf;
      assert.lengthOf(more, 0);
      assert.lengthOf(first!, 1);
      assert.deepStrictEqual(second, first);
      assert.strictEqual(yield* counted("Runs.refresh"), 1);
    }).pipe(Effect.provide(inMemory(over))),
  );

  it.effect("that has expired makes way for another, and the experiment stays as it is", () =>
    Effect.gen(function* () {
      const recorder = yield* opened;
      const { id } = yield* recorder.experiment;
      yield* openElsewhere;
      yield* TestClock.adjust("25 hours");
      yield* deliver(recorder, 1);
      assert.lengthOf(yield* stored(id), 1);
      assert.strictEqual(yield* describedAs(id), "another");
      // It is told as it was.
      assert.strictEqual((yield* recorder.experiment).description, "the first");
    }).pipe(Effect.provide(inMemory(over))),
  );

  it.effect("is revoked when the recorder ends", () =>
    Effect.gen(function* () {
      yield* Effect.scoped(Effect.flatMap(opened, (recorder) => recorder.metric("loss", 1)));
      const requests = yield* Faults.requests;
      assert.strictEqual(requests.at(-1)?.operation, "Runs.revoke");
      assert.strictEqual(yield* counted("Runs.revoke"), 1);
    }).pipe(Effect.provide(inMemory(over))),
  );

  it.effect("is nowhere but in the requests", () =>
    Effect.gen(function* () {
      const recorder = yield* opened;
      yield* deliver(recorder, 1);
      const [written] = yield* requestsOf("Runs.metrics");
      const token = (written!.headers["authorization"] ?? "").replace("Bearer ", "");
      assert.match(token, /^et_/);
      assert.notInclude(JSON.stringify(yield* recorder.experiment), token);
    }).pipe(Effect.provide(inMemory(over))),
  );
});

describe("what an earlier process left", () => {
  it.live("is sent under a token of its own, which is revoked, to the experiment as it is", () =>
    withDirectory((directory) =>
      Effect.gen(function* () {
        const id = yield* Effect.gen(function* () {
          const recorder = yield* opened;
          yield* Faults.status(503, { times: Infinity, match: { operation: "Runs.metrics" } });
          yield* recorder.metric("loss", 1, { step: 1 });
          return (yield* recorder.experiment).id;
        }).pipe(Effect.scoped, Effect.provide(collecting(directory, over)));
        yield* Faults.clear;
        yield* openElsewhere;
        const revoked = yield* counted("Runs.revoke");
        const recovery = yield* Effect.provide(Collector.recover, collecting(directory, over));
        assert.deepInclude(recovery, { delivered: 1, remaining: 0 });
        assert.strictEqual(yield* describedAs(id), "another");
        assert.strictEqual((yield* counted("Runs.revoke")) - revoked, 1);
        assert.lengthOf(yield* stored(id), 1);
      }),
    ),
  );
});
