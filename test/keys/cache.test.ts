/** The cache by itself: what is kept, for whom, and for how long. */
import { inspect } from "node:util";
import { assert, describe, it } from "@effect/vitest";
import * as Deferred from "effect/Deferred";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import * as Redacted from "effect/Redacted";
import { TestClock } from "effect/testing";
import * as IngestionKeyCache from "../../src/IngestionKeyCache.ts";
import { askers, GatedMinting, idOf, Minting, owner, settle } from "../support/minting.ts";

const minute = 60_000;
const hour = 60 * minute;

describe("expiry", () => {
  for (const [when, wait, mints] of [
    ["5 minutes and 1 ms before it expires a key is used", hour - 5 * minute - 1, 1],
    ["5 minutes before it expires it is renewed", hour - 5 * minute, 2],
    ["after it expired it is renewed", hour + 1, 2],
  ] as const) {
    it.effect(when, () =>
      Effect.gen(function* () {
        const cache = yield* IngestionKeyCache.make();
        const counter = new Minting(hour);
        yield* cache.get(owner(), counter.mint);
        yield* TestClock.adjust(wait);
        assert.strictEqual(idOf(yield* cache.get(owner(), counter.mint)), `key-${mints}`);
        assert.strictEqual(counter.count, mints);
      }),
    );
  }

  it.effect("a use does not prolong it", () =>
    Effect.gen(function* () {
      const cache = yield* IngestionKeyCache.make();
      const counter = new Minting(hour);
      for (let minutes = 0; minutes < 55; minutes++) {
        yield* cache.get(owner(), counter.mint);
        yield* TestClock.adjust(minute);
      }
      assert.strictEqual(counter.count, 1);
      yield* cache.get(owner(), counter.mint);
      assert.strictEqual(counter.count, 2);
    }),
  );

  it.effect("the margin is an option", () =>
    Effect.gen(function* () {
      const cache = yield* IngestionKeyCache.make({ renewBefore: "10 minutes" });
      const counter = new Minting(hour);
      yield* cache.get(owner(), counter.mint);
      yield* TestClock.adjust("49 minutes");
      yield* cache.get(owner(), counter.mint);
      assert.strictEqual(counter.count, 1);
      yield* TestClock.adjust("1 minute");
      yield* cache.get(owner(), counter.mint);
      assert.strictEqual(counter.count, 2);
    }),
  );

  it.effect.each([5 * minute, 1000, 0, -1000])(
    "a key that is valid for %d ms is handed out and not kept",
    (validFor) =>
      Effect.gen(function* () {
        const cache = yield* IngestionKeyCache.make();
        const counter = new Minting(validFor);
        assert.strictEqual(idOf(yield* cache.get(owner(), counter.mint)), "key-1");
        assert.strictEqual(idOf(yield* cache.get(owner(), counter.mint)), "key-2");
      }),
  );
});

describe("what is kept", () => {
  it.effect("the least recently used key goes when there is no more room", () =>
    Effect.gen(function* () {
      const cache = yield* IngestionKeyCache.make({ capacity: 2 });
      const counter = new Minting();
      const use = (experimentId: string) =>
        Effect.map(cache.get(owner({ experimentId }), counter.mint), idOf);
      for (const experimentId of ["a", "b", "a"]) yield* use(experimentId);
      assert.strictEqual(yield* use("c"), "key-3"); // instead of b
      assert.deepStrictEqual([yield* use("a"), yield* use("c")], ["key-1", "key-3"]);
      assert.strictEqual(yield* use("b"), "key-4");
    }),
  );

  it.effect("1,024 experiments have room, one more has not", () =>
    Effect.gen(function* () {
      const cache = yield* IngestionKeyCache.make();
      const counter = new Minting();
      const use = (i: number) => cache.get(owner({ experimentId: `e${i}` }), counter.mint);
      for (let i = 0; i < 1024; i++) yield* use(i);
      for (let i = 0; i < 1024; i++) yield* use(i);
      assert.strictEqual(counter.count, 1024);
      yield* use(1024);
      yield* use(0);
      assert.strictEqual(counter.count, 1026);
    }),
  );

  it.effect("keys of another API key, host or experiment never mix", () =>
    Effect.gen(function* () {
      const cache = yield* IngestionKeyCache.make();
      const counter = new Minting();
      const owners = [
        owner(),
        owner({ apiKey: Redacted.make("other-key") }),
        owner({ host: "https://other.example" }),
        owner({ host: "https://h.example:8443" }),
        owner({ experimentId: "other" }),
      ];
      const ids = Effect.forEach(owners, (each) => Effect.map(cache.get(each, counter.mint), idOf));
      const first = yield* ids;
      assert.lengthOf(new Set(first), owners.length);
      assert.deepStrictEqual(yield* ids, first);
      yield* cache.forget(owners[1]!);
      assert.deepStrictEqual(yield* ids, first.with(1, "key-6"));
    }),
  );

  it.effect("an API key is known by its value", () =>
    Effect.gen(function* () {
      const cache = yield* IngestionKeyCache.make();
      const counter = new Minting();
      yield* cache.get(owner({ apiKey: Redacted.make("same") }), counter.mint);
      yield* cache.get(owner({ apiKey: Redacted.make("same", { label: "other" }) }), counter.mint);
      assert.strictEqual(counter.count, 1);
    }),
  );
});

describe("forget", () => {
  const cases: ReadonlyArray<readonly [string, id: string | undefined, mints: number]> = [
    ["without an id drops the key", undefined, 2],
    ["with its id drops it", "key-1", 2],
    ["with the id of another key leaves it", "key-2", 1],
  ];
  it.effect.each(cases)("%s", ([, id, mints]) =>
    Effect.gen(function* () {
      const cache = yield* IngestionKeyCache.make();
      const counter = new Minting();
      yield* cache.get(owner(), counter.mint);
      yield* cache.forget(owner(), id);
      yield* cache.get(owner(), counter.mint);
      assert.strictEqual(counter.count, mints);
    }),
  );

  it.effect("of what is not there does nothing", () =>
    Effect.gen(function* () {
      const cache = yield* IngestionKeyCache.make();
      yield* cache.forget(owner());
      yield* cache.forget(owner(), "key-1");
    }),
  );

  it.effect("during a mint does not wait for it, and the next call mints anew", () =>
    Effect.gen(function* () {
      const cache = yield* IngestionKeyCache.make();
      const { gates, mint } = new GatedMinting();
      const [first] = yield* askers(1, cache.get(owner(), mint));
      const forgetting = yield* Effect.forkChild(cache.forget(owner()));
      yield* settle;
      assert.isDefined(forgetting.pollUnsafe());
      const [second] = yield* askers(1, cache.get(owner(), mint));
      assert.lengthOf(gates, 2);
      for (const gate of gates) yield* Deferred.succeed(gate, undefined);
      const [a, b] = [yield* Fiber.join(first!), yield* Fiber.join(second!)];
      assert.notStrictEqual(idOf(a), idOf(b));
    }),
  );
});

it.effect("no key shows in the cache or in what it hands out", () =>
  Effect.gen(function* () {
    const cache = yield* IngestionKeyCache.make();
    const secret = owner({ apiKey: Redacted.make("s3cret-api") });
    const credential = yield* cache.get(secret, new Minting().mint);
    for (const value of [cache, credential, secret]) {
      const shown = inspect(value, { depth: 20, showHidden: true, getters: true });
      for (const text of [shown, JSON.stringify(value), String(value)]) {
        assert.notInclude(text, "s3cret");
      }
    }
  }),
);
