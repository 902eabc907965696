/** While the service says that an earlier attempt of a request is at work, the call asks again, beside its retries. */
import { assert, describe, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import * as Random from "effect/Random";
import * as Schedule from "effect/Schedule";
import * as Experiments from "../../src/Experiments.ts";
import * as Metrics from "../../src/Metrics.ts";
import * as RequestPolicy from "../../src/RequestPolicy.ts";
import * as RetryBudget from "../../src/RetryBudget.ts";
import { Faults, MetricsServer } from "../../src/testing/index.ts";
import { failureAndTime, inVirtualTime, noteTimes, waits } from "../support/virtual-time.ts";

const live = (options?: Parameters<typeof MetricsServer.layerClient>[0]) =>
  Effect.provide(noteTimes(MetricsServer.layerClient(options)));
/** So that a wait is as long as full jitter makes it at most. */
const withoutJitter = Effect.provideService(Random.Random, {
  nextDoubleUnsafe: () => 1,
  nextIntUnsafe: () => 0,
});

const create = Experiments.create({ slug: "a" });
const code = "idempotency_key_in_progress";
const busy = (options: Faults.StatusOptions = {}, status = 409) =>
  Faults.status(status, { code, ...options });
const keys = Effect.map(Faults.requests, (requests) =>
  requests.map(({ headers }) => headers["idempotency-key"]),
);

for (const status of [400, 409, 422, 500, 503]) {
  it.effect(`a ${status} that says so is asked again after half a second, with the same key`, () =>
    Effect.gen(function* () {
      yield* busy({ times: 3 }, status);
      const { experiment } = yield* inVirtualTime(create);
      assert.strictEqual(experiment.slug, "a");
      assert.deepStrictEqual(yield* waits, [500, 500, 500]);
      assert.strictEqual(new Set(yield* keys).size, 1);
    }).pipe(live()),
  );

  it.effect(`ten answers of ${status} that say so are enough`, () =>
    Effect.gen(function* () {
      yield* busy({ times: Infinity }, status);
      const [error, time] = yield* failureAndTime(create);
      assert(error._tag === "MetricsApiRequestError");
      assert.strictEqual(error.attempts, 10);
      assert.strictEqual(time, 9 * 500);
      assert.strictEqual(error.code, code);
      assert.strictEqual(error.retryable, status === 409 || status >= 500);
      assert.isUndefined(error.notRetried);
    }).pipe(live()),
  );
}

it.effect("it is so for every call, and for one under an ingestion key", () =>
  Effect.gen(function* () {
    const { experiment } = yield* create;
    yield* busy();
    yield* inVirtualTime(Experiments.list());
    yield* busy({ match: { operation: "Metrics.ingest" } });
    yield* inVirtualTime(Metrics.ingest(experiment.id, []));
    const operations = (yield* Faults.requests).map(({ operation }) => operation);
    assert.deepStrictEqual(operations.slice(1), [
      "Experiments.list",
      "Experiments.list",
      "IngestionKeys.create",
      "Metrics.ingest",
      "Metrics.ingest",
    ]);
  }).pipe(live({ retry: RequestPolicy.noRetry })),
);

describe("the wait", () => {
  it.effect("is what Retry-After says", () =>
    Effect.gen(function* () {
      yield* busy({ retryAfter: "7" });
      yield* busy({ retryAfterMs: 120 });
      yield* inVirtualTime(create);
      assert.deepStrictEqual(yield* waits, [7000, 120]);
    }).pipe(live()),
  );

  it.effect("is not one of more than a minute", () =>
    Effect.gen(function* () {
      yield* busy({ retryAfter: "61" });
      const error = yield* Effect.flip(create);
      assert(error._tag === "MetricsApiRequestError");
      assert.strictEqual(error.notRetried, "retryAfter");
      assert.strictEqual(error.attempts, 1);
    }).pipe(live()),
  );

  it.effect("is not begun when the deadline would end it", () =>
    Effect.gen(function* () {
      yield* busy({ times: Infinity });
      const [error, time] = yield* failureAndTime(create);
      assert(error._tag === "MetricsApiRequestError" && error.reason._tag === "Timeout");
      assert.strictEqual(error.reason.limit, "deadline");
      assert.strictEqual(error.attempts, 4);
      assert.strictEqual(time, 1500);
    }).pipe(live({ deadline: "2 seconds" })),
  );
});

describe("it takes nothing", () => {
  it.effect("of the schedule", () =>
    Effect.gen(function* () {
      yield* busy({ times: 9 });
      yield* inVirtualTime(create.pipe(RequestPolicy.withRetry(RequestPolicy.noRetry)));
      assert.lengthOf(yield* keys, 10);
    }).pipe(live()),
  );

  it.effect("of the budget", () =>
    Effect.gen(function* () {
      yield* busy({ times: 9 });
      const retryBudget = yield* RetryBudget.make({ capacity: 0 });
      yield* inVirtualTime(create.pipe(RequestPolicy.withPolicy({ retryBudget })));
      assert.lengthOf(yield* keys, 10);
    }).pipe(live()),
  );

  it.effect("and the schedule goes on where it was", () =>
    Effect.gen(function* () {
      for (let i = 0; i < 3; i++) {
        yield* Faults.status(503);
        yield* busy();
      }
      const error = yield* inVirtualTime(Effect.flip(create));
      assert(error._tag === "MetricsApiRequestError" && error.reason._tag === "ServerStatus");
      assert.strictEqual(error.attempts, 5);
      assert.deepStrictEqual(yield* waits, [250, 500, 500, 500]);
      assert.strictEqual(new Set(yield* keys).size, 1);
    }).pipe(
      withoutJitter,
      live({ retry: RequestPolicy.backoff.pipe(Schedule.upTo({ times: 2 })) }),
    ),
  );
});

it.effect("another code is a failure like any other", () =>
  Effect.gen(function* () {
    yield* busy({ code: "slug_taken", times: 2 });
    const error = yield* Effect.flip(create);
    assert(error._tag === "MetricsApiRequestError" && error.reason._tag === "Conflict");
    assert.strictEqual(error.code, "slug_taken");
    assert.isFalse(error.retryable);
    assert.strictEqual(error.attempts, 1);
  }).pipe(live()),
);
