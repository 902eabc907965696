/** Ingestion keys that processes share: until when they are used, and what is forgotten for all. */
import { assert, describe, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import { TestClock } from "effect/testing";
import { idOf, Minting, owner } from "./support/minting.ts";
import { contents, newDirectory, onFiles, Reads } from "./support/persisted.ts";

const hour = 3_600_000;

describe("expiry", () => {
  for (const [when, wait, id] of [
    ["60.001 s before it expires a key is used by other processes", hour - 60_001, "key-1"],
    ["59.999 s before it expires it is renewed, once for all", hour - 59_999, "key-2"],
    ["after it expired it is renewed, once for all", hour + 1, "key-2"],
  ] as const) {
    it.effect(when, () =>
      Effect.gen(function* () {
        const directory = yield* newDirectory;
        const [a, b] = [yield* onFiles(directory), yield* onFiles(directory)];
        const counter = new Minting(hour);
        yield* a.get(owner(), counter.mint);
        yield* b.get(owner(), counter.mint);
        yield* TestClock.adjust(wait);
        const c = yield* onFiles(directory);
        for (const { get } of [c, b, a])
          assert.strictEqual(idOf(yield* get(owner(), counter.mint)), id);
      }),
    );
  }

  it.effect("each process renews it as long before as it is told to", () =>
    Effect.gen(function* () {
      const directory = yield* newDirectory;
      const late = yield* onFiles(directory, { renewBefore: "10 seconds" });
      const counter = new Minting(hour);
      yield* late.get(owner(), counter.mint);
      yield* TestClock.adjust(hour - 30_000);
      assert.strictEqual(idOf(yield* late.get(owner(), counter.mint)), "key-1");
      const early = yield* onFiles(directory);
      assert.strictEqual(idOf(yield* early.get(owner(), counter.mint)), "key-2");
    }),
  );

  it.effect.each([60_000, 1000, 0, -1000])(
    "a key that is valid for %d ms is not stored",
    (validFor) =>
      Effect.gen(function* () {
        const directory = yield* newDirectory;
        const { get } = yield* onFiles(directory);
        const counter = new Minting(validFor);
        yield* get(owner(), counter.mint);
        yield* get(owner(), counter.mint);
        assert.strictEqual(counter.count, 2);
        assert.deepStrictEqual(yield* contents(directory), {});
      }),
  );

  it.effect("a key without an expiry is stored for 30 days, or as long as is said", () =>
    Effect.gen(function* () {
      for (const [options, days] of [
        [{}, 30],
        [{ keepFor: "2 days" }, 2],
      ] as const) {
        const directory = yield* newDirectory;
        const counter = new Minting();
        const use = Effect.flatMap(onFiles(directory, options), ({ get }) =>
          get(owner(), counter.mint),
        );
        yield* use;
        yield* TestClock.adjust(days * 24 * hour - 1);
        yield* use;
        assert.strictEqual(counter.count, 1);
        yield* TestClock.adjust(1);
        yield* use;
        assert.strictEqual(counter.count, 2);
      }
    }),
  );
});

describe("forget", () => {
  const cases: ReadonlyArray<readonly [string, id: string | undefined, cachedAfter: boolean]> = [
    ["without an id drops the key for all", undefined, false],
    ["with its id drops it for all", "key-1", false],
    ["with the id of another key leaves it", "key-2", true],
  ];
  it.effect.each(cases)("%s", ([, id, cachedAfter]) =>
    Effect.gen(function* () {
      const directory = yield* newDirectory;
      const [a, b] = [yield* onFiles(directory), yield* onFiles(directory)];
      const counter = new Minting();
      for (const { get } of [a, b]) yield* get(owner(), counter.mint);
      yield* a.forget(owner(), id);
      const c = yield* onFiles(directory);
      assert.strictEqual((yield* c.get(owner(), counter.mint)).cached, cachedAfter);
      // Whoever had it in memory asks after a second, and finds what there is by then.
      yield* TestClock.adjust("1 second");
      for (const { get } of [a, b, c]) {
        const lease = yield* get(owner(), counter.mint);
        assert.deepStrictEqual(
          [lease.cached, idOf(lease)],
          [true, cachedAfter ? "key-1" : "key-2"],
        );
      }
    }),
  );

  it.effect("what another process forgot is used for a second at most, or as long as is said", () =>
    Effect.gen(function* () {
      for (const [options, wait] of [
        [{}, 1000],
        [{ recheckAfter: "1 minute" }, 60_000],
      ] as const) {
        const directory = yield* newDirectory;
        const [a, b] = [yield* onFiles(directory), yield* onFiles(directory, options)];
        const counter = new Minting();
        for (const { get } of [a, b]) yield* get(owner(), counter.mint);
        yield* a.forget(owner());
        yield* TestClock.adjust(wait - 1);
        assert.isTrue((yield* b.get(owner(), counter.mint)).cached);
        yield* TestClock.adjust(1);
        assert.isFalse((yield* b.get(owner(), counter.mint)).cached);
      }
    }),
  );

  it.effect("a refused key that another process has replaced is not minted anew", () =>
    Effect.gen(function* () {
      const directory = yield* newDirectory;
      const [a, b, c] = [
        yield* onFiles(directory),
        yield* onFiles(directory),
        yield* onFiles(directory),
      ];
      const counter = new Minting();
      for (const { get } of [a, b, c]) yield* get(owner(), counter.mint);
      for (const { forget, get } of [a, b, c]) {
        // As a call does whose key is refused.
        yield* forget(owner(), "key-1");
        assert.strictEqual(idOf(yield* get(owner(), counter.mint)), "key-2");
      }
      assert.strictEqual(counter.count, 2);
    }),
  );

  it.effect("nor is it dropped when that happens between a look and the removal", () =>
    Effect.gen(function* () {
      const directory = yield* newDirectory;
      const counter = new Minting();
      const b = yield* onFiles(directory);
      const reads = new Reads();
      const a = yield* onFiles(directory, {}, reads.layer);
      yield* a.get(owner(), counter.mint);
      reads.afterNext = Effect.andThen(b.forget(owner()), b.get(owner(), counter.mint));
      yield* a.forget(owner(), "key-1");
      assert.strictEqual(idOf(yield* a.get(owner(), counter.mint)), "key-2");
      assert.strictEqual(counter.count, 2);
    }),
  );

  it.effect("of what is not there does nothing", () =>
    Effect.gen(function* () {
      const { forget } = yield* onFiles(yield* newDirectory);
      yield* forget(owner());
      yield* forget(owner(), "key-1");
    }),
  );
});
