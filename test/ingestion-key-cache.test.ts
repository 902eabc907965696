/** The cache by itself: what is minted, what is kept, and for whom. */
import { inspect } from "node:util";
import { assert, describe, it } from "@effect/vitest";
import * as Cause from "effect/Cause";
import * as DateTime from "effect/DateTime";
import * as Deferred from "effect/Deferred";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Fiber from "effect/Fiber";
import * as Redacted from "effect/Redacted";
import { TestClock } from "effect/testing";
import * as IngestionKeyCache from "../src/IngestionKeyCache.ts";
import { type IngestionKey } from "../src/IngestionKeys.ts";
import { MissingCredentials, MetricsApiAuthError } from "../src/MetricsApiError.ts";

const owner = (part: Partial<IngestionKeyCache.Owner> = {}): IngestionKeyCache.Owner => ({
  host: "https://h.example",
  apiKey: Redacted.make("api-key"),
  experimentId: "e",
  ...part,
});

const failure = (message: string) =>
  new MetricsApiAuthError({ reason: new MissingCredentials({ message }) });

/** Mints `key-1`, `key-2` and so on, each valid for `validFor` milliseconds, and counts. */
const makeMint = (validFor?: number) => {
  const counter = {
    count: 0,
    mint: Effect.gen(function* () {
      const id = `key-${++counter.count}`;
      const createdAt = yield* DateTime.now;
      const expiresAt =
        validFor === undefined ? null : DateTime.add(createdAt, { milliseconds: validFor });
      const key = Redacted.make(`s3cret-${id}`);
      return { id, experimentId: "e", key, createdAt, expiresAt } satisfies IngestionKey;
    }),
  };
  return counter;
};

/** The same, but each mint waits to be let through, and fails if it is told to. */
const makeGatedMint = () => {
  const { mint } = makeMint();
  const gates: Array<Deferred.Deferred<void, MetricsApiAuthError>> = [];
  const state = {
    gates,
    interrupted: 0,
    mint: Effect.gen(function* () {
      const gate = yield* Deferred.make<void, MetricsApiAuthError>();
      gates.push(gate);
      yield* Deferred.await(gate);
      return yield* mint;
    }).pipe(Effect.onInterrupt(() => Effect.sync(() => state.interrupted++))),
  };
  return state;
};

const idOf = ({ ingestionKey }: IngestionKeyCache.Lease) => ingestionKey.id;

/** `n` fibers that ask at the same moment, all waiting once this answers. */
const askers = Effect.fnUntraced(function* (
  n: number,
  get: Effect.Effect<IngestionKeyCache.Lease, MetricsApiErrorOf>,
) {
  const fibers = yield* Effect.forEach(Array(n), () => Effect.forkChild(get));
  yield* settle;
  return fibers;
});
type MetricsApiErrorOf = Effect.Error<
  ReturnType<IngestionKeyCache.IngestionKeyCache["Service"]["get"]>
>;

/** Lets every fiber run until it waits for something. */
const settle = TestClock.adjust(0);

describe("minting", () => {
  it.effect("100 concurrent calls on a cold cache share one mint", () =>
    Effect.gen(function* () {
      const cache = yield* IngestionKeyCache.make();
      const { gates, mint } = makeGatedMint();
      const fibers = yield* askers(100, cache.get(owner(), mint));
      assert.lengthOf(gates, 1);
      yield* Deferred.succeed(gates[0]!, undefined);
      const leases = yield* Fiber.joinAll(fibers);
      assert.deepStrictEqual(new Set(leases.map(idOf)), new Set(["key-1"]));
      assert.lengthOf(gates, 1);
    }),
  );

  it.effect("only the call that minted has a key that was not cached", () =>
    Effect.gen(function* () {
      const cache = yield* IngestionKeyCache.make();
      const { mint } = makeMint();
      const first = yield* cache.get(owner(), mint);
      const second = yield* cache.get(owner(), mint);
      assert.deepStrictEqual([first.cached, second.cached], [false, true]);
      assert.strictEqual(idOf(second), "key-1");
    }),
  );

  it.effect("a failed mint is not kept", () =>
    Effect.gen(function* () {
      const cache = yield* IngestionKeyCache.make();
      const counter = makeMint();
      const error = yield* Effect.flip(cache.get(owner(), failure("no").asEffect()));
      assert.strictEqual(error.message, "no");
      assert.strictEqual(idOf(yield* cache.get(owner(), counter.mint)), "key-1");
    }),
  );

  it.effect("nor is one that died", () =>
    Effect.gen(function* () {
      const cache = yield* IngestionKeyCache.make();
      const exit = yield* Effect.exit(cache.get(owner(), Effect.die("bug")));
      assert(Exit.isFailure(exit) && Cause.hasDies(exit.cause));
      assert.strictEqual(idOf(yield* cache.get(owner(), makeMint().mint)), "key-1");
    }),
  );

  it.effect(
    "a call does not fail by a mint that began before it asked: the others share a second one",
    () =>
      Effect.gen(function* () {
        const cache = yield* IngestionKeyCache.make();
        const { gates, mint } = makeGatedMint();
        const [first, ...others] = yield* askers(100, cache.get(owner(), mint));
        yield* Deferred.fail(gates[0]!, failure("first"));
        yield* settle;
        assert.lengthOf(gates, 2);
        yield* Deferred.succeed(gates[1]!, undefined);
        assert.strictEqual((yield* Effect.flip(Fiber.join(first!))).message, "first");
        for (const lease of yield* Fiber.joinAll(others)) assert.strictEqual(idOf(lease), "key-1");
        assert.lengthOf(gates, 2);
      }),
  );

  it.effect("when the second one fails, too, all of them fail, and no third one is tried", () =>
    Effect.gen(function* () {
      const cache = yield* IngestionKeyCache.make();
      const { gates, mint } = makeGatedMint();
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
      const minting = makeGatedMint();
      const [first, ...others] = yield* askers(10, cache.get(owner(), minting.mint));
      yield* Fiber.interrupt(first!);
      assert.strictEqual(minting.interrupted, 0);
      yield* Deferred.succeed(minting.gates[0]!, undefined);
      for (const lease of yield* Fiber.joinAll(others)) assert.strictEqual(idOf(lease), "key-1");
      assert.lengthOf(minting.gates, 1);
    }),
  );

  it.effect("of all of them stops the mint, and the next call mints anew", () =>
    Effect.gen(function* () {
      const cache = yield* IngestionKeyCache.make();
      const minting = makeGatedMint();
      yield* Fiber.interruptAll(yield* askers(10, cache.get(owner(), minting.mint)));
      yield* settle;
      assert.strictEqual(minting.interrupted, 1);
      const [next] = yield* askers(1, cache.get(owner(), minting.mint));
      assert.lengthOf(minting.gates, 2);
      yield* Deferred.succeed(minting.gates[1]!, undefined);
      assert.strictEqual(idOf(yield* Fiber.join(next!)), "key-1");
    }),
  );

  it.effect("of a mint from within fails nobody who asked after it began", () =>
    Effect.gen(function* () {
      const cache = yield* IngestionKeyCache.make();
      const { gates, mint } = makeGatedMint();
      const [first, second] = yield* askers(2, cache.get(owner(), mint));
      yield* Deferred.interrupt(gates[0]!);
      yield* settle;
      yield* Deferred.succeed(gates[1]!, undefined);
      assert.strictEqual(idOf(yield* Fiber.join(second!)), "key-1");
      yield* Fiber.interrupt(first!);
    }),
  );
});

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
        const counter = makeMint(hour);
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
      const counter = makeMint(hour);
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
      const counter = makeMint(hour);
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
        const counter = makeMint(validFor);
        assert.strictEqual(idOf(yield* cache.get(owner(), counter.mint)), "key-1");
        assert.strictEqual(idOf(yield* cache.get(owner(), counter.mint)), "key-2");
      }),
  );

  it.effect("a key without an expiry is kept for ever", () =>
    Effect.gen(function* () {
      const cache = yield* IngestionKeyCache.make();
      const counter = makeMint();
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
      const counter = makeMint();
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
      const counter = makeMint();
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
      const counter = makeMint();
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
      const counter = makeMint();
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
      const counter = makeMint();
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
      const { gates, mint } = makeGatedMint();
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
    const lease = yield* cache.get(owner({ apiKey: Redacted.make("s3cret-api") }), makeMint().mint);
    for (const value of [cache, lease, owner({ apiKey: Redacted.make("s3cret-api") })]) {
      const shown = inspect(value, { depth: 20, showHidden: true, getters: true });
      for (const text of [shown, JSON.stringify(value), String(value)]) {
        assert.notInclude(text, "s3cret");
      }
    }
  }),
);
