import { assert, describe, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import * as Annotations from "../../src/Annotations.ts";
import * as Experiments from "../../src/Experiments.ts";
import * as Folders from "../../src/Folders.ts";
import * as IdempotencyKey from "../../src/IdempotencyKey.ts";
import * as IngestionKeys from "../../src/IngestionKeys.ts";
import * as Metrics from "../../src/Metrics.ts";
import { withResponse } from "../../src/ResponseInfo.ts";
import { Faults, MetricsServer } from "../../src/testing/index.ts";
import { type Asked, layerAnswering } from "../support/answering.ts";
import { answerAt, calls } from "../support/socket-calls.ts";
import { inVirtualTime } from "../support/virtual-time.ts";

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
    const create = Experiments.create({ slug: "a" });
    yield* Effect.all([create, create, create], { concurrency: "unbounded" });
    assert.strictEqual(new Set(yield* keys).size, 3);
  }).pipe(live),
);

it.effect(
  "and where there is no crypto.randomUUID, as on a page that was not served securely",
  () =>
    Effect.gen(function* () {
      const create = Experiments.create({ slug: "a" });
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

describe("what changes something carries one", () => {
  /** They read, or answer a secret that no server should keep to answer it again. */
  const without = ["Metrics.querySeries", "Metrics.queryCatalog", "IngestionKeys.create"];

  for (const { name, operation, effect } of calls) {
    const { method } = operation;
    const keyed = (method === "POST" || method === "PATCH") && !without.includes(name);
    it.effect(`${name}, ${method}: ${keyed ? "one" : "none"}`, () =>
      Effect.gen(function* () {
        const asked: Array<Asked> = [];
        const answer = ({ url }: Asked) => new Response(answerAt(url.pathname));
        yield* Effect.provide(effect, layerAnswering(answer, { asked }));
        // A mint comes before the call that needs it.
        const key = asked.at(-1)?.request.headers["idempotency-key"];
        assert.strictEqual(key !== undefined, keyed);
      }),
    );
  }
});

describe("a call under an ingestion key that is refused", () => {
  const sent = Effect.map(Faults.requests, (requests) =>
    requests.map(({ operation, headers }) => ({
      operation,
      key: headers["idempotency-key"],
      bearer: headers["authorization"],
    })),
  );
  const one = <A>(values: ReadonlyArray<A>) => assert.lengthOf(new Set(values), 1);

  for (const [operation, call] of [
    ["Metrics.ingest", (id: string) => Effect.asVoid(Metrics.ingest(id, []))],
    [
      "Annotations.create",
      (id: string) => Effect.asVoid(Annotations.create(id, { annotation: "n" })),
    ],
  ] as const) {
    const match = { operation };
    const begin = Effect.gen(function* () {
      const { experiment } = yield* Experiments.create({ slug: "a" });
      yield* IngestionKeys.prepare(experiment.id);
      return experiment.id;
    });

    for (const status of [401, 403]) {
      it.effect(`${operation}, ${status}: is sent again under a new one, with the same key`, () =>
        Effect.gen(function* () {
          const id = yield* begin;
          yield* Faults.status(503, { match });
          yield* Faults.status(status, { match });
          yield* Faults.status(409, { match, code: "idempotency_key_in_progress" });
          const { response } = yield* inVirtualTime(withResponse(call(id)));
          const all = (yield* sent).slice(2);
          assert.deepStrictEqual(
            all.map(({ operation }) => operation),
            [operation, operation, "IngestionKeys.create", operation, operation],
          );
          const [first, second, mint, third, fourth] = all;
          one([first, second, third, fourth].map((request) => request?.key));
          one([first, second].map((request) => request?.bearer));
          one([third, fourth].map((request) => request?.bearer));
          assert.notStrictEqual(third?.bearer, first?.bearer);
          assert.isUndefined(mint?.key);
          // Every request of the call, and not the mint.
          assert.strictEqual(response?.attempts, 4);
          assert.strictEqual(response?.idempotencyKey, first?.key);
        }).pipe(live),
      );

      it.effect(`${operation}, ${status}: twice, fails, and the new key is forgotten, too`, () =>
        Effect.gen(function* () {
          const id = yield* begin;
          yield* Faults.status(status, { match, times: 2 });
          const error = yield* Effect.flip(call(id));
          assert(error._tag === "MetricsApiRequestError");
          assert.strictEqual(error.status, status);
          assert.strictEqual(error.attempts, 2);
          yield* call(id);
          const bearers = (yield* sent).filter((one) => one.operation === operation);
          assert.lengthOf(new Set(bearers.map(({ bearer }) => bearer)), 3);
          assert.strictEqual(bearers[0]?.key, bearers[1]?.key);
          assert.strictEqual(bearers[0]?.key, error.idempotencyKey);
          assert.notStrictEqual(bearers[1]?.key, bearers[2]?.key);
        }).pipe(live),
      );

      it.effect(`${operation}, ${status}: not when a page of the edge says so`, () =>
        Effect.gen(function* () {
          const id = yield* begin;
          yield* Faults.status(status, { match, body: "error code: 1010" });
          yield* inVirtualTime(call(id));
          const [, , first, second, ...rest] = yield* sent;
          assert.deepStrictEqual(first, second);
          assert.lengthOf(rest, 0);
        }).pipe(live),
      );
    }
  }
});

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
        assert.isUndefined(mint);
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
