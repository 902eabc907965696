/** The cache by itself: who mints, who waits, and what happens when that goes wrong. */
import { assert, describe, it } from "@effect/vitest";
import * as Cause from "effect/Cause";
import * as Deferred from "effect/Deferred";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Fiber from "effect/Fiber";
import * as IngestionKeyCache from "../../src/IngestionKeyCache.ts";
import { askers, failure, GatedMinting, idOf, Minting, owner, settle } from "../support/minting.ts";

describe("minting", () => {
  it.effect("100 concurrent calls on a cold cache share one mint", () =>
    Effect.gen(function* () {
      const cache = yield* IngestionKeyCache.make();
      const { gates, mint } = new GatedMinting();
      const fibers = yield* askers(100, cache.get(owner(), mint));
      assert.lengthOf(gates, 1);
      yield* Deferred.succeed(gates[0]!, undefined);
      const credentials = yield* Fiber.joinAll(fibers);
      assert.deepStrictEqual(new Set(credentials.map(idOf)), new Set(["key-1"]));
      assert.lengthOf(gates, 1);
    }),
  );

  it.effect("a failed mint is not kept", () =>
    Effect.gen(function* () {
      const cache = yield* IngestionKeyCache.make();
      const counter = new Minting();
      const error = yield* Effect.flip(cache.get(owner(), Effect.fail(failure("no"))));
      assert.strictEqual(error.message, "no");
      assert.strictEqual(idOf(yield* cache.get(owner(), counter.mint)), "key-1");
    }),
  );

  it.effect("nor is one that died", () =>
    Effect.gen(function* () {
      const cache = yield* IngestionKeyCache.make();
      const exit = yield* Effect.exit(cache.get(owner(), Effect.die("bug")));
      assert(Exit.isFailure(exit) && Cause.hasDies(exit.cause));
      assert.strictEqual(idOf(yield* cache.get(owner(), new Minting().mint)), "key-1");
    }),
  );

  it.effect(
    "a call does not fail by a mint that began before it asked: the others share a second one",
    () =>
      Effect.gen(function* () {
        const cache = yield* IngestionKeyCache.make();
        const { gates, mint } = new GatedMinting();
        const [first, ...others] = yield* askers(100, cache.get(owner(), mint));
        yield* Deferred.fail(gates[0]!, failure("first"));
        yield* settle;
        assert.lengthOf(gates, 2);
        yield* Deferred.succeed(gates[1]!, undefined);
        assert.strictEqual((yield* Effect.flip(Fiber.join(first!))).message, "first");
        for (const credential of yield* Fiber.joinAll(others))
          assert.strictEqual(idOf(credential), "key-1");
        assert.lengthOf(gates, 2);
      }),
  );

  it.effect("when the second one fails, too, all of them fail, and no third one is tried", () =>
    Effect.gen(function* () {
      const cache = yield* IngestionKeyCache.make();
      const { gates, mint } = new GatedMinting();
      const [, ...others] = yield* askers(100, cache.get(owner(), mint));
      yield* Deferred.fail(gates[0]!, failure("first"));
      yield* settle;
      yield* Deferred.fail(gates[1]!, failure("second"));
      for (const fiber of others) {
        assert.strictEqual((yield* Effect.flip(Fiber.join(fiber))).message, "second");
      }
      assert.lengthOf(gates, 2);
    }),
  );
});

describe("interruption", () => {
  it.effect("of the first caller does not cancel the others", () =>
    Effect.gen(function* () {
      const cache = yield* IngestionKeyCache.make();
      const minting = new GatedMinting();
      const [first, ...others] = yield* askers(10, cache.get(owner(), minting.mint));
      yield* Fiber.interrupt(first!);
      assert.strictEqual(minting.interrupted, 0);
      yield* Deferred.succeed(minting.gates[0]!, undefined);
      for (const credential of yield* Fiber.joinAll(others))
        assert.strictEqual(idOf(credential), "key-1");
      assert.lengthOf(minting.gates, 1);
    }),
  );

  it.effect("of all of them stops the mint, and the next call mints anew", () =>
    Effect.gen(function* () {
      const cache = yield* IngestionKeyCache.make();
      const minting = new GatedMinting();
      yield* Fiber.interruptAll(yield* askers(10, cache.get(owner(), minting.mint)));
      yield* settle;
      assert.strictEqual(minting.interrupted, 1);
      const [next] = yield* askers(1, cache.get(owner(), minting.mint));
      assert.lengthOf(minting.gates, 2);
      yield* Deferred.succeed(minting.gates[1]!, undefined);
      assert.strictEqual(idOf(yield* Fiber.join(next!)), "key-1");
    }),
  );

  for (const [how, cause] of [
    ["that is interrupted from within", Cause.interrupt()],
    ["that dies", Cause.die("bug")],
  ] as const) {
    it.effect(`a mint ${how} does not end the calls that wait for it`, () =>
      Effect.gen(function* () {
        const cache = yield* IngestionKeyCache.make();
        const { gates, mint } = new GatedMinting();
        const [, ...others] = yield* askers(10, cache.get(owner(), mint));
        yield* Deferred.failCause(gates[0]!, cause);
        yield* settle;
        assert.lengthOf(gates, 2);
        yield* Deferred.succeed(gates[1]!, undefined);
        for (const credential of yield* Fiber.joinAll(others))
          assert.strictEqual(idOf(credential), "key-1");
      }),
    );
  }
});
