/** No failure of the store that quotas and circuits are kept in is one of a call. */
import { assert, describe, it } from "@effect/vitest";
import * as NodeRedis from "@effect/platform-node/NodeRedis";
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Breaker from "effect/persistence/CircuitBreaker";
import * as RateLimiter from "effect/persistence/RateLimiter";
import * as Redis from "effect/persistence/Redis";
import { TestClock } from "effect/testing";
import * as CircuitBreaker from "../src/CircuitBreaker.ts";
import * as Experiments from "../src/Experiments.ts";
import * as RateLimit from "../src/RateLimit.ts";
import { withDeadline } from "../src/RequestPolicy.ts";
import { Faults, MetricsServer } from "../src/testing.ts";
import { loggingTo } from "./support/logs.ts";
import { describeRedis, RedisServer } from "./support/redis.ts";
import { inItsTime } from "./support/virtual-time.ts";

const quota = Layer.provide(
  RateLimit.layer({ limit: 1, window: "1 hour", key: "k" }),
  Layer.provide(RateLimiter.layer, RateLimiter.layerStoreRedis()),
);
const circuit = Layer.provide(
  CircuitBreaker.layer({ tripPolicy: CircuitBreaker.consecutive(1) }),
  Breaker.layerStoreRedis(),
);
const guards = { "the rate limit": quota, "the circuit breaker": circuit };

/** What a Redis that is not well does with a command. */
type Illness = (command: Effect.Effect<never>) => Effect.Effect<never, Redis.RedisError>;
const failing: Illness = () =>
  Effect.fail(new Redis.RedisError({ cause: new Error("READONLY You can't write") }));
const silent: Illness = () => Effect.never;
const dying: Illness = () => Effect.die(new Error("a bug"));

const layerRedis = (illness: () => Illness) => {
  const send = () => Effect.suspend(() => illness()(Effect.never));
  return Layer.effect(
    Redis.Redis,
    Redis.make({
      send,
      subscribe: () => Effect.never,
      connect: Effect.never,
    }),
  );
};

const took = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const start = yield* Clock.currentTimeMillis;
    yield* effect;
    return (yield* Clock.currentTimeMillis) - start;
  });

for (const [of, guard] of Object.entries(guards)) {
  describe(`while the store of ${of}`, () => {
    const live = (illness: () => Illness) =>
      Effect.provide(
        Layer.merge(MetricsServer.layerClient(), Layer.provide(guard, layerRedis(illness))),
      );

    for (const [ill, illness, why] of [
      ["fails", failing, "READONLY You can't write"],
      ["has a bug", dying, "a bug"],
    ] as const) {
      it.effect(`${ill}, calls go on, and one warning says so`, () => {
        const lines: Array<string> = [];
        return Effect.gen(function* () {
          assert.strictEqual(yield* took(inItsTime(Experiments.list())), 0);
          yield* Experiments.list();
          yield* Experiments.list();
          assert.lengthOf(lines, 1);
          assert.include(lines[0], "level=WARN");
          assert.include(lines[0], `The store of ${of} failed, and calls go on without`);
          assert.include(lines[0], why);
        }).pipe(
          live(() => illness),
          loggingTo(lines),
        );
      });
    }

    it.effect("does not answer, a call waits 2 seconds, and those of the next 5 not at all", () => {
      const lines: Array<string> = [];
      return Effect.gen(function* () {
        assert.strictEqual(yield* took(inItsTime(Experiments.list())), 2000);
        yield* TestClock.adjust("4 seconds");
        yield* Experiments.list();
        yield* TestClock.adjust("1 second");
        assert.strictEqual(yield* took(inItsTime(Experiments.list())), 2000);
        assert.lengthOf(lines, 1);
        assert.include(lines[0], "no answer within 2s");
      }).pipe(
        live(() => silent),
        loggingTo(lines),
      );
    });

    it.effect("does not answer, the deadline of a call ends it all the same", () =>
      Effect.gen(function* () {
        yield* Faults.delay("1 hour");
        const time = yield* took(
          inItsTime(Effect.flip(withDeadline(Experiments.list(), "3 seconds"))),
        );
        assert.strictEqual(time, 3000);
      }).pipe(
        live(() => silent),
        loggingTo([]),
      ),
    );
  });
}

describeRedis("a Redis that", (it) => {
  for (const [of, guard] of Object.entries(guards)) {
    const without = (signal: "SIGKILL" | "SIGSTOP") => {
      const lines: Array<string> = [];
      return Effect.gen(function* () {
        const { url, pid } = yield* RedisServer;
        // A client that keeps the commands for a server that is gone does not close.
        const redis = NodeRedis.layer({ url, disableOfflineQueue: true });
        yield* Effect.gen(function* () {
          yield* Experiments.list();
          process.kill(pid, signal);
          yield* Experiments.list();
          yield* Experiments.list();
          if (signal === "SIGSTOP") process.kill(pid, "SIGCONT");
        }).pipe(
          Effect.provide(Layer.merge(MetricsServer.layerClient(), Layer.provide(guard, redis))),
        );
        assert.lengthOf(
          lines.filter((line) => line.includes(`The store of ${of} failed`)),
          1,
        );
      }).pipe(Effect.provide(RedisServer.layer, { local: true }), loggingTo(lines));
    };
    it.effect(`is killed, is missed by ${of}, and by no call`, () => without("SIGKILL"));
    it.effect(`hangs, is missed by ${of}, and by no call`, () => without("SIGSTOP"));
  }
});
