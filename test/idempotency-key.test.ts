import { assert, describe, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import * as Annotations from "../src/Annotations.ts";
import * as Experiments from "../src/Experiments.ts";
import * as Folders from "../src/Folders.ts";
import * as IdempotencyKey from "../src/IdempotencyKey.ts";
import * as IngestionKeys from "../src/IngestionKeys.ts";
import * as Metrics from "../src/Metrics.ts";
import { Faults, MetricsServer } from "../src/testing.ts";
import { inVirtualTime } from "./support/virtual-time.ts";

const live = Effect.provide(MetricsServer.layerClient());
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

const keys = Effect.map(Faults.requests, (requests) =>
  requests.map((request) => request.headers["idempotency-key"]),
);

it.effect("one key on every attempt of a call, a UUID", () =>
  Effect.gen(function* () {
    yield* Faults.dropAfter();
    yield* Faults.status(503, { times: 2 });
    yield* Faults.dropBefore();
    const { experiment } = yield* inVirtualTime(Experiments.create({ slug: "a" }));
    const sent = yield* keys;
    assert.lengthOf(sent, 5);
    assert.strictEqual(new Set(sent).size, 1);
    assert.match(sent[0]!, uuid);

    const { experiments } = yield* Experiments.list();
    assert.deepStrictEqual(
      experiments.map(({ id }) => id),
      [experiment.id],
    );
  }).pipe(live),
);

it.effect("a new key for every call, of the same effect too", () =>
  Effect.gen(function* () {
    const create = Folders.create({ name: "a" });
    yield* Effect.all([create, create, create], { concurrency: "unbounded" });
    assert.strictEqual(new Set(yield* keys).size, 3);
  }).pipe(live),
);

it.effect(
  "and where there is no crypto.randomUUID, as on a page that was not served securely",
  () =>
    Effect.gen(function* () {
      const create = Folders.create({ name: "a" });
      yield* Effect.acquireUseRelease(
        Effect.sync(() =>
          Object.defineProperty(crypto, "randomUUID", { value: undefined, configurable: true }),
        ),
        () => Effect.all([create, create]),
        () => Effect.sync(() => Reflect.deleteProperty(crypto, "randomUUID")),
      );
      assert.isFunction(crypto.randomUUID);
      const sent = yield* keys;
      for (const key of sent) assert.match(key!, uuid);
      assert.strictEqual(new Set(sent).size, 2);
    }).pipe(live),
);

it.effect("POST and PATCH carry one; GET and DELETE do not", () =>
  Effect.gen(function* () {
    const { experiment } = yield* Experiments.create({ slug: "a" });
    const { ingestionKey } = yield* IngestionKeys.create(experiment.id);
    yield* Experiments.updateStatus(experiment.id, "running");
    yield* Metrics.ingest(experiment.id, []);
    yield* Annotations.create(experiment.id, { text: "b" });
    yield* Metrics.compare([]);
    yield* Experiments.get(experiment.id);
    yield* IngestionKeys.revoke(experiment.id, ingestionKey.id);
    const requests = yield* Faults.requests;
    assert.isTrue(requests.length >= 9);
    for (const { method, headers } of requests) {
      assert.strictEqual(
        headers["idempotency-key"] !== undefined,
        method === "POST" || method === "PATCH",
        method,
      );
    }
  }).pipe(live),
);

describe("the source of keys", () => {
  it.effect("can be replaced by a test", () =>
    Effect.gen(function* () {
      let n = 0;
      const counted = Effect.sync(() => `key-${++n}`);
      yield* Effect.all([Folders.create({ name: "a" }), Folders.create({ name: "b" })]).pipe(
        Effect.provideService(IdempotencyKey.IdempotencyKey, counted),
      );
      assert.deepStrictEqual(yield* keys, ["key-1", "key-2"]);
    }).pipe(live),
  );

  it.effect("can be a key that the caller brings, to repeat a call after a crash", () =>
    Effect.gen(function* () {
      const create = Experiments.create({ slug: "a" }).pipe(IdempotencyKey.withKey("mine"));
      const first = yield* create;
      const second = yield* create;
      assert.deepStrictEqual(second, first);
      assert.deepStrictEqual(yield* keys, ["mine", "mine"]);
    }).pipe(live),
  );

  it.effect(
    "the brought key is for the call, not for the ingestion key that is minted for it",
    () =>
      Effect.gen(function* () {
        const { experiment } = yield* Experiments.create({ slug: "a" });
        yield* Metrics.ingest(experiment.id, []).pipe(IdempotencyKey.withKey("mine"));
        const [, mint, ingest] = yield* keys;
        assert.match(mint!, uuid);
        assert.strictEqual(ingest, "mine");
      }).pipe(live),
  );

  it.effect("the same key with another body is refused by the service", () =>
    Effect.gen(function* () {
      const error = yield* Effect.all([
        Folders.create({ name: "a" }),
        Folders.create({ name: "b" }),
      ]).pipe(IdempotencyKey.withKey("mine"), Effect.flip);
      assert(error._tag === "MetricsApiRequestError");
      assert.strictEqual(error.reason._tag, "Unprocessable");
      assert.strictEqual(error.idempotencyKey, "mine");
    }).pipe(live),
  );

  for (const [what, key] of Object.entries({
    empty: "",
    "with a space": "a b",
    "with a line end": "a\nb",
    "beyond ASCII": "é",
    "longer than 255 characters": "x".repeat(256),
  })) {
    it.effect(`a key that is ${what} is refused before anything is sent`, () =>
      Effect.gen(function* () {
        const error = yield* Folders.create({ name: "a" }).pipe(
          IdempotencyKey.withKey(key),
          Effect.flip,
        );
        assert(error._tag === "MetricsApiRequestError" && error.reason._tag === "InvalidRequest");
        assert.deepStrictEqual(error.reason.path, ["idempotencyKey"]);
        assert.lengthOf(yield* Faults.requests, 0);
      }).pipe(live),
    );
  }
});
