import { assert, describe, it } from "@effect/vitest";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Schedule from "effect/Schedule";
import * as Annotations from "../../src/Annotations.ts";
import * as Experiments from "../../src/Experiments.ts";
import * as Metrics from "../../src/Metrics.ts";
import * as RequestPolicy from "../../src/RequestPolicy.ts";
import { Faults, MetricsServer } from "../../src/testing/index.ts";
import { failureAndTime, noteTimes, Sent } from "../support/virtual-time.ts";

const live = (options?: Parameters<typeof MetricsServer.layerClient>[0]) =>
  Effect.provide(noteTimes(MetricsServer.layerClient(options)));

const experiment = Effect.map(Experiments.create({ slug: "a" }), ({ experiment }) => experiment.id);

describe("the timeout of an attempt", () => {
  for (const { what, call, expected } of [
    { what: "a call", call: (id: string) => Effect.asVoid(Experiments.get(id)), expected: 10_000 },
    {
      what: "Metrics.ingest",
      call: (id: string) => Effect.asVoid(Metrics.ingest(id, [])),
      expected: 60_000,
    },
    {
      what: "Annotations.create",
      call: (id: string) => Effect.asVoid(Annotations.create(id, { annotation: "b" })),
      expected: 60_000,
    },
  ]) {
    it.effect(`is ${expected / 1000} s for ${what} by default`, () =>
      Effect.gen(function* () {
        const id = yield* experiment;
        yield* Metrics.ingest(id, []);
        yield* Faults.delay("1 hour");
        const [error, time] = yield* failureAndTime(call(id));
        assert(error._tag === "MetricsApiRequestError" && error.reason._tag === "Timeout");
        assert.strictEqual(error.reason.limit, "attempt");
        assert.isTrue(error.retryable);
        assert.strictEqual(Duration.toMillis(error.reason.duration), expected);
        assert.strictEqual(Duration.toMillis(error.reason.elapsed), expected);
        assert.strictEqual(time, expected);
      }).pipe(live({ retry: RequestPolicy.noRetry })),
    );
  }

  it.effect("can be set for the client", () =>
    Effect.gen(function* () {
      yield* Faults.delay("1 hour");
      const [, time] = yield* failureAndTime(Experiments.list());
      assert.strictEqual(time, 2000);
    }).pipe(live({ retry: RequestPolicy.noRetry, timeout: "2 seconds" })),
  );

  it.effect("can be set for a region of code", () =>
    Effect.gen(function* () {
      yield* Faults.delay("1 hour");
      const [, time] = yield* failureAndTime(
        Experiments.list().pipe(RequestPolicy.withTimeout("3 seconds")),
      );
      assert.strictEqual(time, 3000);
    }).pipe(live({ retry: RequestPolicy.noRetry })),
  );

  it.effect("is for each attempt anew", () =>
    Effect.gen(function* () {
      yield* Faults.delay("1 hour", { times: 3 });
      const [error, time] = yield* failureAndTime(Experiments.list());
      assert(error._tag === "MetricsApiRequestError");
      assert.strictEqual(error.attempts, 3);
      assert.strictEqual(time, 3 * 10_000);
    }).pipe(live({ retry: Schedule.recurs(2) })),
  );

  for (const timeout of [0, -1, Number.NaN, "soon" as "1 second"]) {
    it.effect(`that is ${timeout} is refused before anything is sent`, () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(
          Experiments.list().pipe(RequestPolicy.withTimeout(timeout)),
        );
        assert(error._tag === "MetricsApiRequestError" && error.reason._tag === "InvalidRequest");
        assert.deepStrictEqual(error.reason.path, ["timeout"]);
        assert.lengthOf(yield* Sent, 0);
      }).pipe(live()),
    );
  }
});
