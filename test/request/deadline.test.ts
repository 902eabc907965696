import { assert, describe, it } from "@effect/vitest";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Schedule from "effect/Schedule";
import * as Experiments from "../../src/Experiments.ts";
import * as Metrics from "../../src/Metrics.ts";
import * as RequestPolicy from "../../src/RequestPolicy.ts";
import { Faults, MetricsServer } from "../../src/testing/index.ts";
import { failureAndTime, inVirtualTime, noteTimes, Sent, waits } from "../support/virtual-time.ts";

const live = (options?: Parameters<typeof MetricsServer.layerClient>[0]) =>
  Effect.provide(noteTimes(MetricsServer.layerClient(options)));

describe("the deadline", () => {
  it.effect("ends an attempt under way", () =>
    Effect.gen(function* () {
      yield* Faults.delay("1 hour");
      const [error, time] = yield* failureAndTime(Experiments.list());
      assert(error._tag === "MetricsApiRequestError" && error.reason._tag === "Timeout");
      assert.strictEqual(error.reason.limit, "deadline");
      assert.strictEqual(error.attempts, 1);
      assert.strictEqual(time, 4000);
    }).pipe(live({ deadline: "4 seconds" })),
  );

  it.effect("is over all attempts and waits", () =>
    Effect.gen(function* () {
      yield* Faults.delay("1 hour", { times: 10 });
      const [error, time] = yield* failureAndTime(Experiments.list());
      assert(error._tag === "MetricsApiRequestError" && error.reason._tag === "Timeout");
      assert.strictEqual(error.reason.limit, "deadline");
      assert.strictEqual(error.attempts, 3);
      assert.strictEqual(time, 25_000);
    }).pipe(live({ deadline: "25 seconds", retry: Schedule.recurs(10) })),
  );

  it.effect("is not waited for when the next attempt would come after it", () =>
    Effect.gen(function* () {
      yield* Faults.status(503, { retryAfter: "30" });
      const [error, time] = yield* failureAndTime(Experiments.list());
      assert(error._tag === "MetricsApiRequestError" && error.reason._tag === "Timeout");
      assert.strictEqual(error.attempts, 1);
      assert.strictEqual(time, 0);
    }).pipe(live({ deadline: "20 seconds" })),
  );

  it.effect("is over minting an ingestion key too", () =>
    Effect.gen(function* () {
      const { experiment } = yield* Experiments.create({ slug: "a" });
      yield* Faults.delay("3 seconds", { match: { operation: "IngestionKeys.create" } });
      yield* Faults.delay("3 seconds", { match: { operation: "Metrics.ingest" } });
      const [error, time] = yield* failureAndTime(Metrics.ingest(experiment.id, []));
      assert(error._tag === "MetricsApiRequestError" && error.reason._tag === "Timeout");
      assert.strictEqual(error.operation, "Metrics.ingest");
      assert.strictEqual(time, 5000);
    }).pipe(live({ deadline: "5 seconds" })),
  );

  it.effect("is none by default", () =>
    Effect.gen(function* () {
      yield* Faults.delay("9 seconds", { times: 1 });
      yield* inVirtualTime(Experiments.list());
    }).pipe(live()),
  );

  it.effect("can be set for a region of code", () =>
    Effect.gen(function* () {
      yield* Faults.delay("1 hour");
      const [, time] = yield* failureAndTime(
        Experiments.list().pipe(RequestPolicy.withDeadline("3 seconds")),
      );
      assert.strictEqual(time, 3000);
    }).pipe(live()),
  );

  it.effect("tells the attempts and the time spent, waits included", () =>
    Effect.gen(function* () {
      yield* Faults.status(503, { times: 10 });
      const [error, time] = yield* failureAndTime(Experiments.list());
      assert(error._tag === "MetricsApiRequestError" && error.reason._tag === "Timeout");
      assert.strictEqual(error.attempts, 4);
      assert.strictEqual(Duration.toMillis(error.reason.duration), 10_000);
      assert.strictEqual(Duration.toMillis(error.reason.elapsed), 9000);
      assert.strictEqual(time, 9000);
      assert.match(error.message, /the deadline of 10s ended the call after 9s .*4 attempts/);
      assert.deepStrictEqual(yield* waits, [3000, 3000, 3000]);
    }).pipe(live({ deadline: "10 seconds", retry: Schedule.spaced("3 seconds") })),
  );

  it.effect("is the whole of it for each call", () =>
    Effect.gen(function* () {
      yield* Faults.delay("2 seconds", { times: 3 });
      const three = Effect.all([Experiments.list(), Experiments.list(), Experiments.list()]);
      yield* inVirtualTime(three.pipe(RequestPolicy.withDeadline("3 seconds")));
      assert.lengthOf(yield* Sent, 3);
    }).pipe(live()),
  );
});
