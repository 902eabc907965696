/** Ingestion keys that processes share: who mints, and who waits for whom. */
import { assert, describe, it } from "@effect/vitest";
import * as Clock from "effect/Clock";
import * as DateTime from "effect/DateTime";
import * as Deferred from "effect/Deferred";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import * as Redacted from "effect/Redacted";
import { TestClock } from "effect/testing";
import { makePlaceOf } from "../src/internal/persisted/place.ts";
import { failure, GatedMinting, idOf, Minting, owner } from "./support/minting.ts";
import { contents, fileStore, newDirectory, onFiles, Reads } from "./support/persisted.ts";
import { pause, until } from "./support/until.ts";

const hour = 3_600_000;

describe("minting", () => {
  it.effect("a key that another process minted is used, and counts as cached", () =>
    Effect.gen(function* () {
      const directory = yield* newDirectory;
      const [a, b] = [yield* onFiles(directory), yield* onFiles(directory)];
      const counter = new Minting();
      const first = yield* a.get(owner(), counter.mint);
      const second = yield* b.get(owner(), counter.mint);
      const third = yield* b.get(owner(), counter.mint);
      assert.deepStrictEqual([first, second, third].map(idOf), ["key-1", "key-1", "key-1"]);
      assert.deepStrictEqual([first.cached, second.cached, third.cached], [false, true, true]);
      assert.strictEqual(Redacted.value(second.ingestionKey.key), "s3cret-key-1");
      assert.deepStrictEqual(second.ingestionKey, first.ingestionKey);
    }),
  );

  it.effect("100 calls in each of 4 processes on a cold store share one mint", () =>
    Effect.gen(function* () {
      const directory = yield* newDirectory;
      const caches = yield* Effect.forEach(Array(4), () => onFiles(directory));
      const { gates, mint } = new GatedMinting();
      const calls = yield* Effect.forEach(
        caches.flatMap((cache) => Array<typeof cache>(100).fill(cache)),
        ({ get }) => Effect.forkChild(get(owner(), mint)),
      );
      yield* until(() => gates.length > 0);
      yield* Deferred.succeed(gates[0]!, undefined);
      yield* until(() => calls.every((call) => call.pollUnsafe() !== undefined));
      const leases = yield* Fiber.joinAll(calls);
      assert.deepStrictEqual(new Set(leases.map(idOf)), new Set(["key-1"]));
      assert.lengthOf(
        leases.filter(({ cached }) => !cached),
        1,
      );
      assert.lengthOf(gates, 1);
    }),
  );

  it.effect("a key that is minted between a look and the lock is used", () =>
    Effect.gen(function* () {
      const directory = yield* newDirectory;
      const counter = new Minting();
      const b = yield* onFiles(directory);
      const reads = new Reads();
      const a = yield* onFiles(directory, {}, reads.layer);
      reads.afterNext = b.get(owner(), counter.mint);
      assert.isTrue((yield* a.get(owner(), counter.mint)).cached);
      assert.strictEqual(counter.count, 1);
    }),
  );

  for (const [how, end] of [
    [
      "fails",
      (gate: Deferred.Deferred<void, ReturnType<typeof failure>>) =>
        Deferred.fail(gate, failure("no")),
    ],
    [
      "dies",
      (gate: Deferred.Deferred<void, ReturnType<typeof failure>>) => Deferred.die(gate, "bug"),
    ],
  ] as const) {
    it.effect(`a mint that ${how} leaves the right to mint to the next, at once`, () =>
      Effect.gen(function* () {
        const directory = yield* newDirectory;
        const [a, b] = [yield* onFiles(directory), yield* onFiles(directory)];
        const { gates, mint } = new GatedMinting();
        const first = yield* Effect.forkChild(Effect.exit(a.get(owner(), mint)));
        yield* until(() => gates.length === 1);
        yield* end(gates[0]!);
        assert.strictEqual((yield* Fiber.join(first))._tag, "Failure");
        // The clock stands still: it does not wait.
        assert.strictEqual(idOf(yield* b.get(owner(), new Minting().mint)), "key-1");
      }),
    );
  }

  it.effect("so does one that is interrupted", () =>
    Effect.gen(function* () {
      const directory = yield* newDirectory;
      const [a, b] = [yield* onFiles(directory), yield* onFiles(directory)];
      const { gates, mint } = new GatedMinting();
      const first = yield* Effect.forkChild(a.get(owner(), mint));
      yield* until(() => gates.length === 1);
      yield* Fiber.interrupt(first);
      // The mint goes on for a moment after its last caller has gone.
      const second = yield* Effect.forkChild(b.get(owner(), new Minting().mint));
      yield* until(() => second.pollUnsafe() !== undefined);
      assert.strictEqual(idOf(yield* Fiber.join(second)), "key-1");
      assert.isBelow(yield* Clock.currentTimeMillis, 1000);
    }),
  );

  it.effect("who mints for longer than a lock lasts has it still", () =>
    Effect.gen(function* () {
      const directory = yield* newDirectory;
      const { get } = yield* onFiles(directory);
      const { gates, mint } = new GatedMinting();
      yield* Effect.forkChild(get(owner(), mint));
      yield* until(() => gates.length === 1, 0);
      const { name } = yield* (yield* makePlaceOf)(owner());
      for (let third = 1; third <= 7; third++) {
        const before = yield* contents(directory);
        yield* TestClock.adjust(3334);
        // The lock is written anew, and nothing else is there any more.
        yield* until(
          Effect.map(contents(directory), (after) => {
            const [lock, ...others] = Object.keys(after);
            return others.length === 0 && after[lock!] !== before[lock!];
          }),
          0,
        );
        yield* pause;
      }
      assert.isAbove(yield* Clock.currentTimeMillis, 20_000);
      assert.isUndefined(yield* (yield* fileStore(directory)).lock(name, 10_000));
    }),
  );

  it.effect("who has waited for 30 seconds mints, too", () =>
    Effect.gen(function* () {
      const directory = yield* newDirectory;
      const { name } = yield* (yield* makePlaceOf)(owner());
      yield* (yield* fileStore(directory)).lock(name, hour);
      const reads = new Reads();
      const { get } = yield* onFiles(directory, {}, reads.layer);
      const call = yield* Effect.forkChild(get(owner(), new Minting().mint));
      const isOver = () => call.pollUnsafe() !== undefined;
      for (let turns = 1; !isOver(); turns++) {
        // It looks for the key, and for the lock.
        yield* until(() => reads.count >= 2 * turns || isOver());
        yield* pause;
        yield* TestClock.adjust(250);
      }
      const { ingestionKey } = yield* Fiber.join(call);
      assert.closeTo(DateTime.toEpochMillis(ingestionKey.createdAt), 30_000, 500);
    }),
  );
});

describe("a call that waits for another process", () => {
  it.effect("can be interrupted at once", () =>
    Effect.gen(function* () {
      const directory = yield* newDirectory;
      const [a, b] = [yield* onFiles(directory), yield* onFiles(directory)];
      const { gates, mint } = new GatedMinting();
      yield* Effect.forkChild(a.get(owner(), mint));
      yield* until(() => gates.length === 1);
      const waiting = yield* Effect.forkChild(b.get(owner(), mint));
      yield* until(Effect.map(Clock.currentTimeMillis, (now) => now > 200));
      yield* Fiber.interrupt(waiting);
      assert.lengthOf(gates, 1);
    }),
  );
});

it.effect("keys of another API key, host or experiment never mix", () =>
  Effect.gen(function* () {
    const directory = yield* newDirectory;
    const [a, b] = [yield* onFiles(directory), yield* onFiles(directory)];
    const counter = new Minting();
    const owners = [
      owner(),
      owner({ apiKey: Redacted.make("other-key") }),
      owner({ host: "https://other.example" }),
      owner({ host: "https://h.example/prefix" }),
      owner({ experimentId: "other" }),
      owner({ host: "https://h.example/e", experimentId: "" }),
      owner({ experimentId: "../e" }),
    ];
    for (const each of owners) assert.isFalse((yield* a.get(each, counter.mint)).cached);
    for (const [i, each] of owners.entries()) {
      assert.strictEqual(idOf(yield* b.get(each, counter.mint)), `key-${i + 1}`);
    }
    yield* b.forget(owners[1]!);
    assert.isTrue((yield* (yield* onFiles(directory)).get(owners[0]!, counter.mint)).cached);
    const again = owner({ apiKey: Redacted.make("api-key", { label: "other" }) });
    assert.strictEqual(idOf(yield* b.get(again, counter.mint)), "key-1");
  }),
);
