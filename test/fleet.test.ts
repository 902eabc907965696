/** Processes that share a quota and a circuit in Redis, and one service. */
import { assert } from "@effect/vitest";
import * as Effect from "effect/Effect";
import * as CircuitBreaker from "../src/CircuitBreaker.ts";
import { Faults } from "../src/testing.ts";
import { Fleet } from "./support/fleet.ts";
import { describeRedis } from "./support/redis.ts";

/** Timers may fire a little early. */
const early = 5;

const unbounded = { concurrency: "unbounded" } as const;

describeRedis("processes that share a Redis", (it) => {
  it.layer(Fleet.layer)((it) => {
    it.effect("keep to one quota, as the service sees it", () =>
      Effect.gen(function* () {
        const { sharing, arrivals } = yield* Fleet;
        const limit = 10;
        const window = 250;
        const members = yield* sharing({ quota: { limit, window } });
        const start = Date.now();
        // Each asks for two windows.
        const endings = yield* Effect.forEach(members, (call) => call(2 * limit), unbounded);
        assert.deepStrictEqual(new Set(endings.flat().map(({ how }) => how)), new Set(["done"]));
        assert.lengthOf(arrivals, 80);
        arrivals.forEach((at, n) => {
          const windows = Math.floor((at - start + early) / window) + 1;
          assert.isAtMost(n + 1, limit * windows, `request ${n + 1} after ${at - start} ms`);
        });
      }),
    );

    it.effect("all wait when one of them is answered a 429", () =>
      Effect.gen(function* () {
        const { sharing, arrivals, server } = yield* Fleet;
        const [one, ...others] = yield* sharing({ quota: { limit: 1000, window: "1 second" } });
        yield* server(Faults.status(429, { retryAfterMs: 700 }));
        assert.deepStrictEqual(yield* one!(1), [{ how: "RateLimited", retryAfter: 700 }]);
        yield* Effect.forEach(others, (call) => call(5), unbounded);
        const [refused, ...later] = arrivals;
        assert.lengthOf(later, 15);
        for (const at of later) assert.isAtLeast(at, refused! + 700 - early);
      }),
    );

    it.effect("all give up on a service that is down, and find it up again", () =>
      Effect.gen(function* () {
        const { sharing, arrivals, server } = yield* Fleet;
        const members = yield* sharing({
          circuit: { tripPolicy: CircuitBreaker.consecutive(4), openDuration: 2000 },
        });
        const [a, b, c, d] = members;
        yield* server(Faults.status(503, { times: 4 }));
        // Two failures each of two of them are four in a row.
        for (const call of [a!, b!, a!, b!]) {
          assert.deepStrictEqual(yield* call(1), [{ how: "ServerStatus" }]);
        }
        for (const call of [c!, d!, a!, b!]) {
          const [ending] = yield* call(1);
          assert.strictEqual(ending!.how, "CircuitOpen");
          assert.isAtMost(ending!.retryAfter!, 2000);
        }
        assert.lengthOf(arrivals, 4);
        const probe = Effect.map(c!(1), ([ending]) => ending!.how === "done");
        yield* Effect.repeat(Effect.delay(probe, 50), { until: (up) => up });
        assert.lengthOf(arrivals, 5);
        assert.isAtLeast(arrivals[4]!, arrivals[3]! + 2000 - early);
        for (const call of members) assert.deepStrictEqual(yield* call(1), [{ how: "done" }]);
      }),
    );

    it.effect("send one probe, whoever of them calls", () =>
      Effect.gen(function* () {
        const { sharing, arrivals, server } = yield* Fleet;
        const members = yield* sharing({
          circuit: { tripPolicy: CircuitBreaker.consecutive(1), openDuration: 100 },
        });
        yield* server(Faults.status(503));
        yield* members[0]!(1);
        yield* server(Faults.delay("500 millis"));
        yield* Effect.sleep(150);
        const endings = yield* Effect.forEach(members, (call) => call(5), unbounded);
        const [, probe, ...later] = arrivals;
        // Who comes after the probe was answered goes at once.
        for (const at of later) assert.isAtLeast(at, probe! + 500 - early);
        const hows = new Set(endings.flat().map(({ how }) => how));
        hows.delete("CircuitOpen");
        assert.deepStrictEqual(hows, new Set(["done"]));
      }),
    );

    it.effect("leave no API key there", () =>
      Effect.gen(function* () {
        const { sharing, server, redis } = yield* Fleet;
        const [one] = yield* sharing({ quota: { limit: 9, window: "1 hour" }, circuit: {} });
        yield* server(Faults.status(429, { retryAfterMs: 1 }));
        yield* one!(1);
        const keys = yield* redis.send<ReadonlyArray<string>>("KEYS", "*");
        const known = [
          /^circuitbreaker:127\.0\.0\.1:\d+$/,
          /^ratelimiter:127\.0\.0\.1:\d+\/[0-9a-f]{64}$/,
          /^ratelimiter:127\.0\.0\.1:\d+\/[0-9a-f]{64}:adaptive$/,
        ];
        assert.lengthOf(keys, known.length);
        keys.toSorted().forEach((key, i) => assert.match(key, known[i]!));
      }),
    );
  });
});
