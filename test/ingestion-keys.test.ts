import { assert, describe, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import * as Layer from "effect/Layer";
import * as Redacted from "effect/Redacted";
import { TestClock } from "effect/testing";
import * as Annotations from "../src/Annotations.ts";
import * as Experiments from "../src/Experiments.ts";
import * as IngestionKeyCache from "../src/IngestionKeyCache.ts";
import * as IngestionKeys from "../src/IngestionKeys.ts";
import * as Metrics from "../src/Metrics.ts";
import { Faults, MetricsServer } from "../src/testing.ts";
import { inVirtualTime } from "./support/virtual-time.ts";

const live = Effect.provide(MetricsServer.layerClient({ ingestionKeyTtl: "1 hour" }));

const event = (id: string): Metrics.MetricInput => ({ clientEventId: id, name: "loss", value: 1 });

const experiment = Effect.map(Experiments.create({ slug: "a" }), ({ experiment }) => experiment.id);

/** What was asked for, in order. */
const trail = Effect.map(Faults.requests, (requests) =>
  requests.map(({ method, path }) => `${method} ${path.split("/").at(-1)}`),
);
const mints = Effect.map(
  trail,
  (all) => all.filter((line) => line === "POST ingestion-keys").length,
);

it.effect("is minted on first need, and then used again", () =>
  Effect.gen(function* () {
    const id = yield* experiment;
    yield* Metrics.ingest(id, [event("1")]);
    yield* Metrics.ingest(id, [event("2")]);
    yield* Annotations.create(id, { text: "c" });
    assert.deepStrictEqual((yield* trail).slice(1), [
      "POST ingestion-keys",
      "POST metrics",
      "POST metrics",
      "POST annotations",
    ]);
  }).pipe(live),
);

it.effect("100 concurrent calls on a cold cache mint exactly once", () =>
  Effect.gen(function* () {
    const id = yield* experiment;
    yield* Effect.forEach(
      Array.from({ length: 100 }, (_, i) => event(String(i))),
      (metric) => Metrics.ingest(id, [metric]),
      { concurrency: "unbounded" },
    );
    assert.strictEqual(yield* mints, 1);
    const { metrics } = yield* Metrics.list(id, { limit: 200 });
    assert.lengthOf(metrics, 100);
  }).pipe(live),
);

it.effect("is renewed a minute before it expires", () =>
  Effect.gen(function* () {
    const id = yield* experiment;
    yield* Metrics.ingest(id, [event("1")]);
    yield* TestClock.adjust("58 minutes");
    yield* Metrics.ingest(id, [event("2")]);
    assert.strictEqual(yield* mints, 1);
    yield* TestClock.adjust("70 seconds");
    yield* Metrics.ingest(id, [event("3")]);
    assert.strictEqual(yield* mints, 2);
  }).pipe(live),
);

it.effect("a failed mint is not kept", () =>
  Effect.gen(function* () {
    const id = yield* experiment;
    yield* Faults.status(403, { match: { operation: "IngestionKeys.create" } });
    const error = yield* Effect.flip(Metrics.ingest(id, [event("1")]));
    assert(error._tag === "MetricsApiRequestError");
    assert.strictEqual(error.operation, "IngestionKeys.create");
    yield* Metrics.ingest(id, [event("1")]);
  }).pipe(live),
);

describe("a refused key", () => {
  for (const status of [401, 403]) {
    it.effect(
      `from the cache (${status}) is forgotten, and a new one tried once, under the same Idempotency-Key`,
      () =>
        Effect.gen(function* () {
          const id = yield* experiment;
          yield* Metrics.ingest(id, [event("1")]);
          yield* Faults.status(status, { match: { operation: "Metrics.ingest" } });
          const result = yield* Metrics.ingest(id, [event("2")]);
          assert.deepStrictEqual(result, { accepted: 1, duplicates: 0 });
          const requests = yield* Faults.requests;
          assert.deepStrictEqual((yield* trail).slice(3), [
            "POST metrics",
            "POST ingestion-keys",
            "POST metrics",
          ]);
          assert.strictEqual(
            requests[3]!.headers["idempotency-key"],
            requests[5]!.headers["idempotency-key"],
          );
          assert.notStrictEqual(
            requests[3]!.headers["authorization"],
            requests[5]!.headers["authorization"],
          );
        }).pipe(live),
    );
  }

  it.effect("twice is a failure", () =>
    Effect.gen(function* () {
      const id = yield* experiment;
      yield* Metrics.ingest(id, [event("1")]);
      yield* Faults.status(401, { times: 2, match: { operation: "Metrics.ingest" } });
      const error = yield* Effect.flip(Metrics.ingest(id, [event("2")]));
      assert(error._tag === "MetricsApiRequestError");
      assert.strictEqual(error.reason._tag, "Unauthorized");
      assert.strictEqual(error.attempts, 2);
    }).pipe(live),
  );

  it.effect("that was minted for this very call is not tried again", () =>
    Effect.gen(function* () {
      const id = yield* experiment;
      yield* Faults.status(401, { match: { operation: "Metrics.ingest" } });
      const error = yield* Effect.flip(Metrics.ingest(id, [event("1")]));
      assert(error._tag === "MetricsApiRequestError");
      assert.strictEqual(error.attempts, 1);
      assert.strictEqual(yield* mints, 1);
    }).pipe(live),
  );

  it.effect("by 50 calls at once costs one mint", () =>
    Effect.gen(function* () {
      const id = yield* experiment;
      yield* Metrics.ingest(id, [event("first")]);
      const { ingestionKeys } = yield* IngestionKeys.list(id);
      // As another process would, whose cache is its own.
      yield* IngestionKeys.revoke(id, ingestionKeys[0]!.id).pipe(
        Effect.provide(Layer.fresh(IngestionKeyCache.layer)),
      );
      yield* Effect.forEach(
        Array.from({ length: 50 }, (_, i) => event(String(i))),
        (metric) => Metrics.ingest(id, [metric]),
        { concurrency: "unbounded" },
      );
      assert.strictEqual(yield* mints, 2);
    }).pipe(live),
  );
});

describe("forgetting", () => {
  it.effect("forgetCredential drops the key without a request", () =>
    Effect.gen(function* () {
      const id = yield* experiment;
      yield* Metrics.ingest(id, [event("1")]);
      const before = (yield* Faults.requests).length;
      yield* IngestionKeys.forgetCredential(id);
      assert.lengthOf(yield* Faults.requests, before);
      yield* Metrics.ingest(id, [event("2")]);
      assert.strictEqual(yield* mints, 2);
    }).pipe(live),
  );

  it.effect("revoke drops the cached key when it is the one revoked", () =>
    Effect.gen(function* () {
      const id = yield* experiment;
      yield* Metrics.ingest(id, [event("1")]);
      const { ingestionKeys } = yield* IngestionKeys.list(id);
      yield* IngestionKeys.revoke(id, ingestionKeys[0]!.id);
      yield* Metrics.ingest(id, [event("2")]);
      assert.deepStrictEqual((yield* trail).slice(-3, -1), [
        `DELETE ${ingestionKeys[0]!.id}`,
        "POST ingestion-keys",
      ]);
    }).pipe(live),
  );

  it.effect("revoke of another key leaves it", () =>
    Effect.gen(function* () {
      const id = yield* experiment;
      yield* Metrics.ingest(id, [event("1")]);
      const { ingestionKey } = yield* IngestionKeys.create(id);
      yield* IngestionKeys.revoke(id, ingestionKey.id);
      yield* Metrics.ingest(id, [event("2")]);
      assert.strictEqual((yield* trail).at(-1), "POST metrics");
      assert.strictEqual(yield* mints, 2);
    }).pipe(live),
  );
});

it.effect("interrupting the call that mints does not take the key from the others", () =>
  Effect.gen(function* () {
    const id = yield* experiment;
    yield* Faults.delay("5 seconds", { match: { operation: "IngestionKeys.create" } });
    const first = yield* Effect.forkChild(Metrics.ingest(id, [event("1")]));
    const second = yield* Effect.forkChild(Metrics.ingest(id, [event("2")]));
    yield* TestClock.adjust("1 second");
    yield* Fiber.interrupt(first);
    yield* TestClock.adjust("5 seconds");
    assert.deepStrictEqual(yield* Fiber.join(second), { accepted: 1, duplicates: 0 });
    assert.strictEqual(yield* mints, 1);
  }).pipe(live),
);

it.effect("create hands the key out redacted", () =>
  Effect.gen(function* () {
    const { ingestionKey } = yield* IngestionKeys.create(yield* experiment);
    assert.isTrue(Redacted.isRedacted(ingestionKey.key));
    assert.notInclude(JSON.stringify(ingestionKey), Redacted.value(ingestionKey.key));
  }).pipe(live),
);

it.effect("the mint is retried like any call", () =>
  Effect.gen(function* () {
    const id = yield* experiment;
    yield* Faults.status(503, { times: 2, match: { operation: "IngestionKeys.create" } });
    yield* inVirtualTime(Metrics.ingest(id, [event("1")]));
    assert.strictEqual(yield* mints, 3);
  }).pipe(live),
);

it.effect(
  "an annotation whose answer was lost is not made twice, though the key is refused meanwhile",
  () =>
    Effect.gen(function* () {
      const id = yield* experiment;
      yield* Metrics.ingest(id, []);
      const match = { operation: "Annotations.create" } as const;
      yield* Faults.dropAfter({ match });
      yield* Faults.status(401, { match });
      yield* inVirtualTime(Annotations.create(id, { text: "once" }));
      assert.lengthOf((yield* Annotations.list(id)).annotations, 1);
      assert.strictEqual(yield* mints, 2);
    }).pipe(live),
);
