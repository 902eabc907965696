/** The calls of one process keep to a quota, and to what a 429 asks for. */
import { assert, describe, it } from "@effect/vitest";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import * as Layer from "effect/Layer";
import * as RateLimiter from "effect/persistence/RateLimiter";
import { TestClock } from "effect/testing";
import * as ConfigService from "../src/ConfigService.ts";
import * as Experiments from "../src/Experiments.ts";
import * as Metrics from "../src/Metrics.ts";
import * as RateLimit from "../src/RateLimit.ts";
import * as RequestPolicy from "../src/RequestPolicy.ts";
import { Faults, MetricsServer } from "../src/testing.ts";
import { spansOf } from "./support/spans.ts";
import {
  failureAndTime,
  inItsTime,
  inVirtualTime,
  noteTimes,
  Sent,
} from "./support/virtual-time.ts";

const live = (
  quota: RateLimit.Options,
  options?: Parameters<typeof MetricsServer.layerClient>[0],
) =>
  Effect.provide(
    Layer.mergeAll(noteTimes(MetricsServer.layerClient(options)), RateLimit.layerMemory(quota)),
  );

const calls = (n: number) =>
  Effect.all(
    Array.from({ length: n }, () => Effect.exit(Experiments.list())),
    { concurrency: "unbounded" },
  );
const once = RequestPolicy.withRetry(Experiments.list(), RequestPolicy.noRetry);

describe("a quota", () => {
  it.effect("lets as many through as it has left, and makes the others wait", () =>
    Effect.gen(function* () {
      yield* inVirtualTime(calls(5));
      assert.deepStrictEqual(yield* Sent, [0, 0, 10_000, 10_000, 20_000]);
    }).pipe(live({ limit: 2, window: "10 seconds" })),
  );

  it.effect("spaces them evenly as a bucket of tokens, once that is empty", () =>
    Effect.gen(function* () {
      yield* inVirtualTime(calls(5));
      assert.deepStrictEqual(yield* Sent, [0, 0, 5000, 10_000, 15_000]);
    }).pipe(live({ limit: 2, window: "10 seconds", algorithm: "token-bucket" })),
  );

  it.effect("counts retries", () =>
    Effect.gen(function* () {
      yield* Faults.status(503);
      yield* inVirtualTime(Experiments.list());
      assert.deepStrictEqual(yield* Sent, [0, 10_000]);
    }).pipe(live({ limit: 1, window: "10 seconds" })),
  );

  it.effect("counts the minting of an ingestion key", () =>
    Effect.gen(function* () {
      const { experiment } = yield* Experiments.create({ slug: "a" });
      yield* inVirtualTime(Metrics.ingest(experiment.id, []));
      assert.deepStrictEqual(yield* Sent, [0, 10_000, 20_000]);
    }).pipe(live({ limit: 1, window: "10 seconds" })),
  );

  it.effect("is waited for outside of the timeout of an attempt", () =>
    Effect.gen(function* () {
      yield* inVirtualTime(calls(2));
      assert.deepStrictEqual(yield* Sent, [0, 10_000]);
    }).pipe(live({ limit: 1, window: "10 seconds" }, { timeout: "1 second" })),
  );

  it.effect("is waited for under the deadline of the call", () =>
    Effect.gen(function* () {
      yield* Experiments.list();
      const [error, time] = yield* failureAndTime(Experiments.list());
      assert(error._tag === "MetricsApiRequestError" && error.reason._tag === "Timeout");
      assert.strictEqual(error.reason.limit, "deadline");
      assert.strictEqual(error.attempts, 0);
      assert.strictEqual(time, 4000);
      assert.lengthOf(yield* Sent, 1);
    }).pipe(live({ limit: 1, window: "10 seconds" }, { deadline: "4 seconds" })),
  );

  it.effect("is not waited for by a call that is interrupted, which sends nothing", () =>
    Effect.gen(function* () {
      yield* Experiments.list();
      const waiting = yield* Effect.forkChild(Experiments.list());
      yield* TestClock.adjust("5 seconds");
      yield* Fiber.interrupt(waiting);
      yield* TestClock.adjust("1 day");
      assert.lengthOf(yield* Sent, 1);
    }).pipe(live({ limit: 1, window: "10 seconds" })),
  );

  it.effect("tells each wait as an event of the span", () =>
    Effect.gen(function* () {
      yield* Experiments.list();
      const [span] = yield* inVirtualTime(spansOf(Experiments.list()));
      assert.deepStrictEqual(
        span!.events.map(([name, , attributes]) => [name, attributes]),
        [["rate limit", { "syvain.rate_limit.delay": 10 }]],
      );
    }).pipe(live({ limit: 1, window: "10 seconds" })),
  );

  it.effect("is one for each layer in memory, one inside the other too", () =>
    Effect.gen(function* () {
      const inner = RateLimit.layerMemory({ limit: 1, window: "10 seconds" });
      yield* Experiments.list();
      yield* inVirtualTime(Effect.provide(calls(2), inner));
      assert.deepStrictEqual(yield* Sent, [0, 0, 10_000]);
    }).pipe(live({ limit: 1, window: "10 seconds" })),
  );

  it.effect("can be that of a region of code", () =>
    Effect.gen(function* () {
      const quota = RateLimit.layerMemory({ limit: 1, window: "10 seconds" });
      yield* inVirtualTime(Effect.provide(calls(2), quota));
      yield* calls(3);
      assert.deepStrictEqual((yield* Sent).slice(0, 2), [0, 10_000]);
      assert.lengthOf(yield* Sent, 5);
    }).pipe(Effect.provide(noteTimes(MetricsServer.layerClient()))),
  );
});

describe("a 429 to one call", () => {
  const roomy = { limit: 1000, window: "1 second" } as const;

  it.effect("makes all wait for as long as it says", () =>
    Effect.gen(function* () {
      yield* Faults.status(429, { retryAfter: "7" });
      yield* Effect.flip(once);
      yield* TestClock.adjust("1 second");
      yield* inVirtualTime(calls(3));
      assert.deepStrictEqual(yield* Sent, [0, 7000, 7000, 7000]);
    }).pipe(live(roomy)),
  );

  it.effect("makes all wait for a second when it does not say", () =>
    Effect.gen(function* () {
      yield* Faults.status(429);
      yield* Effect.flip(once);
      yield* inVirtualTime(calls(2));
      assert.deepStrictEqual(yield* Sent, [0, 1000, 1000]);
    }).pipe(live(roomy)),
  );

  it.effect("makes all wait for as long as the client was told, when it does not say", () =>
    Effect.gen(function* () {
      yield* Faults.status(429);
      yield* Effect.flip(once);
      yield* inVirtualTime(calls(2));
      assert.deepStrictEqual(yield* Sent, [0, 3000, 3000]);
    }).pipe(live({ ...roomy, pause: "3 seconds" })),
  );

  it.effect("holds back those whose turn comes meanwhile, which then go at the quota's pace", () =>
    Effect.gen(function* () {
      yield* Faults.status(429, { retryAfter: "5" });
      yield* Effect.flip(once);
      yield* inVirtualTime(calls(7));
      assert.deepStrictEqual(yield* Sent, [0, 5000, 5000, 6000, 6000, 7000, 7000, 8000]);
    }).pipe(live({ limit: 2, window: "1 second" })),
  );

  it.effect("holds back those who wait for their turn already", () =>
    Effect.gen(function* () {
      yield* Experiments.list();
      const waiting = yield* Effect.forkChild(calls(4));
      yield* Faults.status(429, { retryAfter: "5", match: { method: "GET" } });
      // The first of them is answered the 429.
      yield* TestClock.adjust("1 day");
      yield* Fiber.join(waiting);
      const sent = yield* Sent;
      assert.deepStrictEqual(sent.slice(0, 2), [0, 1000]);
      assert.lengthOf(sent, 1 + 4 + 1);
      assert.isTrue(sent.slice(2).every((at) => at >= 6000));
      assert.strictEqual(new Set(sent).size, 6, `one in each second: ${sent}`);
    }).pipe(live({ limit: 1, window: "1 second" })),
  );

  it.effect("teaches no limit: what went through between two of them is no quota", () =>
    Effect.gen(function* () {
      yield* Faults.status(429, { retryAfter: "2" });
      yield* Effect.flip(once);
      yield* inItsTime(once);
      yield* Faults.status(429, { retryAfter: "2" });
      yield* Effect.flip(once);
      yield* inItsTime(calls(10));
      assert.deepStrictEqual((yield* Sent).slice(0, 3), [0, 2000, 2000]);
      assert.deepStrictEqual(new Set((yield* Sent).slice(3)), new Set([4000]));
    }).pipe(live(roomy)),
  );

  it.effect("that asks for more than a minute fails the others at once, unsent", () =>
    Effect.gen(function* () {
      yield* Faults.status(429, { retryAfter: "600" });
      yield* Effect.flip(once);
      yield* TestClock.adjust("60 seconds");
      const [error, time] = yield* failureAndTime(Experiments.list());
      assert(error._tag === "MetricsApiRequestError" && error.reason._tag === "RateLimited");
      assert.strictEqual(time, 0);
      assert.strictEqual(error.attempts, 0);
      assert.isUndefined(error.status);
      assert.strictEqual(Duration.toSeconds(error.retryAfter!), 540);
      assert.deepStrictEqual(error.reason.retryAfter, error.retryAfter);
      assert.strictEqual(
        error.message,
        "Experiments.list: 429 Too Many Requests, answered to an earlier call under the same quota (retry after 540s) (GET https://metrics.test/api/v1/experiments)",
      );
      assert.lengthOf(yield* Sent, 1);
    }).pipe(live(roomy)),
  );

  it.effect("is the only answer that does: a 503 asks only its own call to wait", () =>
    Effect.gen(function* () {
      yield* Faults.status(503, { retryAfter: "7" });
      yield* Effect.flip(once);
      yield* calls(2);
      assert.deepStrictEqual(yield* Sent, [0, 0, 0]);
    }).pipe(live(roomy)),
  );
});

describe("whose quota it is", () => {
  const server = MetricsServer.layerOptions({ apiKey: "sk_secret" });
  const client = (apiKey: string) =>
    Layer.orDie(ConfigService.layer({ apiKey, host: "https://metrics.test" }));
  const inTurn = (limits: Layer.Layer<never, unknown>) =>
    Effect.gen(function* () {
      for (const apiKey of ["sk_secret", "sk_secret", "sk_other"]) {
        yield* Effect.provide(Effect.forkChild(Effect.exit(once)), client(apiKey), { local: true });
      }
      yield* TestClock.adjust("1 day");
      return yield* Sent;
    }).pipe(Effect.provide(Layer.mergeAll(noteTimes(server), limits)));
  const quota = { limit: 1, window: "10 seconds" } as const;

  it.effect("is that of an API key", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* inTurn(RateLimit.layerMemory(quota)), [0, 0, 10_000]);
    }),
  );

  it.effect("is that of a key which is given", () =>
    Effect.gen(function* () {
      const sent = yield* inTurn(RateLimit.layerMemory({ ...quota, key: "our organization" }));
      assert.deepStrictEqual(sent, [0, 10_000, 20_000]);
    }),
  );

  it.live("is told to a store without the API key", () =>
    Effect.gen(function* () {
      const told: Array<string> = [];
      const watched = Layer.effect(
        RateLimiter.RateLimiter,
        Effect.map(RateLimiter.RateLimiter, (limiter) =>
          RateLimiter.RateLimiter.of({
            ...limiter,
            consume: (options) => {
              told.push(options.key);
              return limiter.consume(options);
            },
          }),
        ),
      ).pipe(Layer.provide(RateLimiter.layer), Layer.provide(RateLimiter.layerStoreMemory));
      for (const apiKey of ["sk_secret", "sk_secret", "sk_other"]) {
        yield* Effect.exit(once).pipe(
          Effect.provide(
            Layer.mergeAll(server, client(apiKey), Layer.provide(RateLimit.layer(quota), watched)),
            { local: true },
          ),
        );
      }
      const [one, same, other] = told;
      assert.strictEqual(one, same);
      assert.notStrictEqual(one, other);
      for (const key of told) assert.match(key, /^metrics\.test:443\/[0-9a-f]{64}$/);
    }),
  );
});

it.effect("a quota that cannot be is refused when the layer is built", () =>
  Effect.gen(function* () {
    const table: ReadonlyArray<readonly [options: RateLimit.Options, message: string]> = [
      [{ limit: 0, window: "1 second" }, "limit is not a whole number above 0."],
      [{ limit: 1.5, window: "1 second" }, "limit is not a whole number above 0."],
      [{ limit: Number.NaN, window: "1 second" }, "limit is not a whole number above 0."],
      [
        { limit: 1, window: 0 },
        'window is not a duration longer than nothing, such as "10 seconds".',
      ],
      [
        { limit: 1, window: 1, pause: -1 },
        'pause is not a duration longer than nothing, such as "10 seconds".',
      ],
    ];
    for (const [options, message] of table) {
      const error = yield* Effect.flip(Effect.provide(Effect.void, RateLimit.layerMemory(options)));
      assert.strictEqual(error.reason._tag, "InvalidSetting");
      assert.strictEqual(error.message, message);
    }
  }),
);
