/** The cache by itself: what is kept, for whom, and for how long. */
import { inspect } from "node:util";
import { assert, describe, it } from "@effect/vitest";
import * as Deferred from "effect/Deferred";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import * as Redacted from "effect/Redacted";
import { TestClock } from "effect/testing";
import * as IngestionKeyCache from "../src/IngestionKeyCache.ts";
import { askers, GatedMinting, idOf, Minting, owner, settle } from "./support/minting.ts";

describe("expiry", () => {
  const hour = 3_600_000;

  for (const [when, wait, mints] of [
    ["60.001 s before it expires a key is used", hour - 60_001, 1],
    ["59.999 s before it expires it is renewed", hour - 59_999, 2],
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
      for (let minute = 0; minute < 59; minute++) {
        yield* cache.get(owner(), counter.mint);
        yield* TestClock.adjust("1 minute");
      }
      assert.strictEqual(counter.count, 1);
      yield* TestClock.adjust(1);
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
      yield* TestClock.adjust("61 seconds");
      yield* cache.get(owner(), counter.mint);
      assert.strictEqual(counter.count, 2);
    }),
  );

  it.effect.each([60_000, 1000, 0, -1000])(
    "a key that is valid for %d ms is handed out and not kept",
    (validFor) =>
      Effect.gen(function* () {
        const cache = yield* IngestionKeyCache.make();
        const counter = new Minting(validFor);
        assert.strictEqual(idOf(yield* cache.get(owner(), counter.mint)), "key-1");
        assert.strictEqual(idOf(yield* cache.get(owner(), counter.mint)), "key-2");
      }),
  );

  it.effect("a key without an expiry is kept for ever", () =>
    Effect.gen(function* () {
      const cache = yield* IngestionKeyCache.make();
      const counter = new Minting();
      yield* cache.get(owner(), counter.mint);
      yield* TestClock.adjust("36500 days");
      yield* cache.get(owner(), counter.mint);
      assert.strictEqual(counter.count, 1);
    }),
  );
});

describe("what is kept", () => {
  it.effect("the least recently used key goes when there is no more room", () =>
    Effect.gen(function* () {
      const cache = yield* IngestionKeyCache.make({ capacity: 2 });
      const counter = new Minting();
      const use = (experimentId: string) => cache.get(owner({ experimentId }), counter.mint);
      yield* use("a");
      yield* use("b");
      yield* use("a");
      yield* use("c"); // in the place of b
      assert.deepStrictEqual([(yield* use("a")).cached, (yield* use("c")).cached], [true, true]);
      assert.isFalse((yield* use("b")).cached);
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
      assert.isFalse((yield* use(0)).cached);
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
        owner({ host: "https://h.example/prefix" }),
        owner({ experimentId: "other" }),
      ];
      for (const each of owners) assert.isFalse((yield* cache.get(each, counter.mint)).cached);
      for (const [i, each] of owners.entries()) {
        assert.strictEqual(idOf(yield* cache.get(each, counter.mint)), `key-${i + 1}`);
      }
      yield* cache.forget(owners[1]!);
      assert.isTrue((yield* cache.get(owners[0]!, counter.mint)).cached);
    }),
  );

  it.effect("an API key is known by its value", () =>
    Effect.gen(function* () {
      const cache = yield* IngestionKeyCache.make();
      const counter = new Minting();
      yield* cache.get(owner({ apiKey: Redacted.make("same") }), counter.mint);
      const again = owner({ apiKey: Redacted.make("same", { label: "other" }) });
      assert.isTrue((yield* cache.get(again, counter.mint)).cached);
    }),
  );
});

describe("forget", () => {
  const cases: ReadonlyArray<readonly [string, id: string | undefined, cachedAfter: boolean]> = [
    ["without an id drops the key", undefined, false],
    ["with its id drops it", "key-1", false],
    ["with the id of another key leaves it", "key-2", true],
  ];
  it.effect.each(cases)("%s", ([, id, cachedAfter]) =>
    Effect.gen(function* () {
      const cache = yield* IngestionKeyCache.make();
      const counter = new Minting();
      yield* cache.get(owner(), counter.mint);
      yield* cache.forget(owner(), id);
      assert.strictEqual((yield* cache.get(owner(), counter.mint)).cached, cachedAfter);
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
    const lease = yield* cache.get(
      owner({ apiKey: Redacted.make("s3cret-api") }),
      new Minting().mint,
    );
    for (const value of [cache, lease, owner({ apiKey: Redacted.make("s3cret-api") })]) {
      const shown = inspect(value, { depth: 20, showHidden: true, getters: true });
      for (const text of [shown, JSON.stringify(value), String(value)]) {
        assert.notInclude(text, "s3cret");
      }
    }
  }),
);
