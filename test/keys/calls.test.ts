/** Ingestion keys in calls: minted on first need, renewed in time, replaced once when they are refused, never shown. */
import { assert, describe, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import * as Layer from "effect/Layer";
import * as Redacted from "effect/Redacted";
import { TestClock } from "effect/testing";
import * as Annotations from "../../src/Annotations.ts";
import * as Experiments from "../../src/Experiments.ts";
import * as IngestionKeyCache from "../../src/IngestionKeyCache.ts";
import * as IngestionKeys from "../../src/IngestionKeys.ts";
import * as Metrics from "../../src/Metrics.ts";
import { Faults, MetricsServer } from "../../src/testing/index.ts";
import { inVirtualTime } from "../support/virtual-time.ts";

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
    yield* Annotations.create(id, { annotation: "c" });
    assert.deepStrictEqual((yield* trail).slice(1), [
      "POST ingestion-keys",
      "POST ingest",
      "POST ingest",
      "POST annotations",
    ]);
    const { keys } = yield* IngestionKeys.list(id);
    assert.deepStrictEqual(
      keys.map(({ name }) => name),
      ["SDK ingestion key"],
    );
  }).pipe(live),
);

it.effect("is minted under the name that the configuration says", () =>
  Effect.gen(function* () {
    const id = yield* experiment;
    yield* Metrics.ingest(id, [event("1")]);
    yield* IngestionKeys.create(id);
    yield* IngestionKeys.create(id, { name: "own" });
    const { keys } = yield* IngestionKeys.list(id);
    assert.sameMembers(
      keys.map(({ name }) => name),
      ["job 7", "job 7", "own"],
    );
  }).pipe(Effect.provide(MetricsServer.layerClient({ ingestionKeyName: "job 7" }))),
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
    assert.lengthOf((yield* Metrics.list(id)).rows, 100);
  }).pipe(live),
);

it.effect("is renewed 5 minutes before it expires", () =>
  Effect.gen(function* () {
    const id = yield* experiment;
    yield* Metrics.ingest(id, [event("1")]);
    yield* TestClock.adjust("54 minutes");
    yield* Metrics.ingest(id, [event("2")]);
    assert.strictEqual(yield* mints, 1);
    yield* TestClock.adjust("1 minute");
    yield* Metrics.ingest(id, [event("3")]);
    assert.strictEqual(yield* mints, 2);
  }).pipe(live),
);

it.effect("is minted for each call when it is good for 5 minutes or less", () =>
  Effect.gen(function* () {
    const id = yield* experiment;
    for (const n of ["1", "2", "3"]) yield* Metrics.ingest(id, [event(n)]);
    assert.strictEqual(yield* mints, 3);
    assert.lengthOf((yield* Metrics.list(id)).rows, 3);
  }).pipe(Effect.provide(MetricsServer.layerClient({ ingestionKeyTtl: "5 minutes" }))),
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
    for (const [where, before] of [
      ["from the cache", 1],
      ["that was just minted", 0],
    ] as const) {
      it.effect(
        `${where} (${status}) is forgotten, and a new one tried once, under the same Idempotency-Key`,
        () =>
          Effect.gen(function* () {
            const id = yield* experiment;
            if (before > 0) yield* IngestionKeys.prepare(id);
            yield* Faults.status(status, { match: { operation: "Metrics.ingest" } });
            assert.isTrue((yield* Metrics.ingest(id, [event("1")])).ok);
            const requests = (yield* Faults.requests).filter(({ path }) =>
              path.endsWith("/ingest"),
            );
            assert.lengthOf(requests, 2);
            assert.strictEqual(yield* mints, 2);
            const [first, second] = requests.map(({ headers }) => headers);
            assert.strictEqual(first!["idempotency-key"], second!["idempotency-key"]);
            assert.notStrictEqual(first!["authorization"], second!["authorization"]);
          }).pipe(live),
      );
    }
  }

  it.effect("twice is a failure, and neither key is used again", () =>
    Effect.gen(function* () {
      const id = yield* experiment;
      yield* Faults.status(401, { times: 2, match: { operation: "Metrics.ingest" } });
      const error = yield* Effect.flip(Metrics.ingest(id, [event("1")]));
      assert(error._tag === "MetricsApiRequestError");
      assert.strictEqual(error.reason._tag, "Unauthorized");
      assert.strictEqual(error.attempts, 2);
      yield* Metrics.ingest(id, [event("1")]);
      assert.strictEqual(yield* mints, 3);
    }).pipe(live),
  );

  it.effect("by 50 calls at once costs one mint", () =>
    Effect.gen(function* () {
      const id = yield* experiment;
      yield* IngestionKeys.prepare(id);
      const { keys } = yield* IngestionKeys.list(id);
      // As another process would, whose cache is its own.
      yield* IngestionKeys.revoke(id, keys[0]!.id).pipe(
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

describe("prepare", () => {
  it.effect("mints the key before it is needed, and nothing when it is there", () =>
    Effect.gen(function* () {
      const id = yield* experiment;
      assert.isUndefined(yield* IngestionKeys.prepare(id));
      yield* IngestionKeys.prepare(id);
      yield* Metrics.ingest(id, [event("1")]);
      assert.deepStrictEqual((yield* trail).slice(1), ["POST ingestion-keys", "POST ingest"]);
    }).pipe(live),
  );

  it.effect("fails when there is no such experiment", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(IngestionKeys.prepare("none"));
      assert.strictEqual(error.reason._tag, "NotFound");
    }).pipe(live),
  );
});

describe("forgetting", () => {
  it.effect("forgetCredential drops the key without a request", () =>
    Effect.gen(function* () {
      const id = yield* experiment;
      yield* IngestionKeys.prepare(id);
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
      yield* IngestionKeys.prepare(id);
      const { keys } = yield* IngestionKeys.list(id);
      const { key } = yield* IngestionKeys.revoke(id, keys[0]!.id);
      assert.isNotNull(key.revokedAt);
      yield* Metrics.ingest(id, [event("2")]);
      assert.deepStrictEqual((yield* trail).slice(-3), [
        `DELETE ${keys[0]!.id}`,
        "POST ingestion-keys",
        "POST ingest",
      ]);
    }).pipe(live),
  );

  it.effect("revoke of another key leaves it", () =>
    Effect.gen(function* () {
      const id = yield* experiment;
      yield* IngestionKeys.prepare(id);
      const { key } = yield* IngestionKeys.create(id);
      yield* IngestionKeys.revoke(id, key.id);
      yield* Metrics.ingest(id, [event("2")]);
      assert.strictEqual((yield* trail).at(-1), "POST ingest");
      assert.strictEqual(yield* mints, 2);
    }).pipe(live),
  );

  it.effect("revoke of a key that is revoked answers its record again", () =>
    Effect.gen(function* () {
      const id = yield* experiment;
      const { key } = yield* IngestionKeys.create(id);
      const first = yield* IngestionKeys.revoke(id, key.id);
      yield* TestClock.adjust("1 minute");
      assert.deepStrictEqual(yield* IngestionKeys.revoke(id, key.id), first);
      const error = yield* Effect.flip(IngestionKeys.revoke(id, "none"));
      assert.strictEqual(error.reason._tag, "NotFound");
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
    assert.isTrue((yield* Fiber.join(second)).ok);
    assert.strictEqual(yield* mints, 1);
  }).pipe(live),
);

it.effect("create hands the token out redacted", () =>
  Effect.gen(function* () {
    const credential = yield* IngestionKeys.create(yield* experiment);
    assert.isTrue(Redacted.isRedacted(credential.token));
    assert.notInclude(JSON.stringify(credential), Redacted.value(credential.token));
  }).pipe(live),
);

it.effect("the mint is retried like any call, and carries no Idempotency-Key", () =>
  Effect.gen(function* () {
    const id = yield* experiment;
    yield* Faults.status(503, { times: 2, match: { operation: "IngestionKeys.create" } });
    yield* inVirtualTime(Metrics.ingest(id, [event("1")]));
    const requests = (yield* Faults.requests).filter(({ path }) => path.endsWith("-keys"));
    assert.deepStrictEqual(
      requests.map(({ headers }) => headers["idempotency-key"]),
      [undefined, undefined, undefined],
    );
  }).pipe(live),
);

it.effect(
  "an annotation whose answer was lost is not made twice, though the key is refused meanwhile",
  () =>
    Effect.gen(function* () {
      const id = yield* experiment;
      yield* IngestionKeys.prepare(id);
      const match = { operation: "Annotations.create" } as const;
      yield* Faults.dropAfter({ match });
      yield* Faults.status(401, { match });
      yield* inVirtualTime(Annotations.create(id, { annotation: "once" }));
      assert.lengthOf((yield* Annotations.list(id)).annotations, 1);
      assert.strictEqual(yield* mints, 2);
    }).pipe(live),
);
