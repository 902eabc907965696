/** What the stores promise to the cache before them: texts that run out, and locks that one has at a time. */
import { assert, describe, it as test, type Vitest } from "@effect/vitest";
import * as NodeRedis from "@effect/platform-node/NodeRedis";
import * as Clock from "effect/Clock";
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Redis from "effect/persistence/Redis";
import type * as Scope from "effect/Scope";
import { TestClock } from "effect/testing";
import * as RedisStore from "../src/internal/persisted/redisStore.ts";
import type { Store } from "../src/internal/persisted/store.ts";
import { contents, fileStore, newDirectory } from "./support/persisted.ts";
import { describeRedis, RedisServer } from "./support/redis.ts";

const promises = <R>(
  it: Vitest.Tester<R | Scope.Scope>,
  newStore: Effect.Effect<Store, never, R | Scope.Scope>,
) => {
  it("a text is read as it was written last", () =>
    Effect.gen(function* () {
      const { read, write } = yield* newStore;
      assert.isUndefined(yield* read("name"));
      for (const text of ["one", "two"]) {
        yield* write("name", text, 1e14);
        assert.strictEqual(yield* read("name"), text);
      }
      assert.isUndefined(yield* read("other"));
    }));

  it("a text is removed, or only when it is the one that is meant", () =>
    Effect.gen(function* () {
      const { read, write, remove } = yield* newStore;
      yield* remove("name");
      yield* remove("name", "one");
      yield* write("name", "one", 1e14);
      yield* remove("name", "two");
      assert.strictEqual(yield* read("name"), "one");
      yield* remove("name", "one");
      assert.isUndefined(yield* read("name"));
      yield* write("name", "one", 1e14);
      yield* remove("name");
      assert.isUndefined(yield* read("name"));
    }));

  it("a text that is written while the one before is removed stays", () =>
    Effect.gen(function* () {
      const { read, write, remove } = yield* newStore;
      for (let i = 0; i < 100; i++) {
        yield* write("name", "one", 1e14);
        yield* Effect.all([remove("name", "one"), write("name", "two", 1e14)], {
          concurrency: "unbounded",
        });
        assert.strictEqual(yield* read("name"), "two");
      }
    }));

  it("a lock is had by one at a time, until it is released", () =>
    Effect.gen(function* () {
      const { lock } = yield* newStore;
      const all = yield* Effect.forEach(Array(50), () => lock("name", 60_000), {
        concurrency: "unbounded",
      });
      const had = all.filter((one) => one !== undefined);
      assert.lengthOf(had, 1);
      assert.isDefined(yield* lock("other", 60_000));
      yield* had[0]!.extend;
      assert.isUndefined(yield* lock("name", 60_000));
      yield* had[0]!.release;
      assert.isDefined(yield* lock("name", 60_000));
    }));
};

describe("in files", () => {
  promises(test.effect, Effect.orDie(Effect.flatMap(newDirectory, fileStore)));

  test.effect("a text is there until its time is over", () =>
    Effect.gen(function* () {
      const { read, write } = yield* Effect.flatMap(newDirectory, fileStore);
      yield* write("name", "text", 1000);
      yield* TestClock.setTime(999);
      assert.strictEqual(yield* read("name"), "text");
      yield* TestClock.setTime(1000);
      assert.isUndefined(yield* read("name"));
    }),
  );

  test.effect("a lock that is not extended runs out, and of all who wait one has it then", () =>
    Effect.gen(function* () {
      const directory = yield* newDirectory;
      const { lock } = yield* fileStore(directory);
      const dead = yield* lock("name", 10_000);
      yield* TestClock.adjust(9999);
      assert.isUndefined(yield* lock("name", 10_000));
      yield* dead!.extend;
      yield* TestClock.adjust(9999);
      assert.isUndefined(yield* lock("name", 10_000));
      // Three die, one after the other.
      for (let died = 1; died <= 3; died++) {
        yield* TestClock.adjust("10 seconds");
        const all = yield* Effect.forEach(Array(50), () => lock("name", 10_000), {
          concurrency: "unbounded",
        });
        assert.lengthOf(
          all.filter((one) => one !== undefined),
          1,
        );
      }
      const names = Object.keys(yield* contents(directory))
        .filter((name) => name.endsWith(".lock"))
        .toSorted();
      assert.deepStrictEqual(
        names,
        [1, 2, 3, 4].map((n) => `name.${n}.lock`),
      );
    }),
  );
});

describeRedis("in Redis", (it) => {
  let stores = 0;
  const newStore = Effect.gen(function* () {
    const { url } = yield* RedisServer;
    const context = yield* Layer.build(NodeRedis.layer({ url }));
    const redis = Context.get(context, Redis.Redis);
    const prefix = `store-${++stores}:`;
    const millisLeft = (key: string) => redis.send<number>("PTTL", prefix + key);
    return { ...RedisStore.make(redis, prefix), redis, prefix, millisLeft };
  }).pipe(Effect.orDie);

  promises(it.effect, newStore);

  it.effect("Redis is told when a text or a lock goes", () =>
    Effect.gen(function* () {
      const { write, lock, millisLeft } = yield* newStore;
      const now = yield* Clock.currentTimeMillis;
      yield* write("hour", "text", now + 3_600_000);
      yield* write("ever", "text", Infinity);
      const locked = yield* lock("hour", 60_000);
      assert.closeTo(yield* millisLeft("hour"), 3_600_000, 10_000);
      assert.strictEqual(yield* millisLeft("ever"), -1);
      assert.closeTo(yield* millisLeft("hour:lock"), 60_000, 10_000);
      yield* locked!.release;
      assert.strictEqual(yield* millisLeft("hour:lock"), -2);
    }),
  );

  it.effect("extending a lock gives it its whole time again", () =>
    Effect.gen(function* () {
      const { lock, millisLeft, redis, prefix } = yield* newStore;
      const locked = yield* lock("name", 60_000);
      yield* redis.send("PEXPIRE", `${prefix}name:lock`, "10000");
      yield* locked!.extend;
      assert.isAbove(yield* millisLeft("name:lock"), 50_000);
    }),
  );

  it.effect("a lock that ran out and went to another is neither extended nor released", () =>
    Effect.gen(function* () {
      const { lock, millisLeft } = yield* newStore;
      const dead = yield* lock("name", 1);
      yield* Effect.repeat(millisLeft("name:lock"), { until: (left) => left < 0 });
      assert.isDefined(yield* lock("name", 1_000_000));
      yield* dead!.extend;
      assert.isAbove(yield* millisLeft("name:lock"), 900_000);
      yield* dead!.release;
      assert.isUndefined(yield* lock("name", 60_000));
    }),
  );
});
