import { assert, describe, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import * as Schedule from "effect/Schedule";
import * as Experiments from "../../src/Experiments.ts";
import * as RequestPolicy from "../../src/RequestPolicy.ts";
import * as RetryBudget from "../../src/RetryBudget.ts";
import { Faults, MetricsServer } from "../../src/testing/index.ts";
import { inVirtualTime } from "../support/virtual-time.ts";

const live = (options?: Parameters<typeof MetricsServer.layerClient>[0]) =>
  Effect.provide(MetricsServer.layerClient(options));

const retries = Schedule.recurs(4);
const down = Faults.status(503, { times: Infinity });
const calls = (n: number) =>
  inVirtualTime(Effect.forEach(Array.from({ length: n }), () => Effect.exit(Experiments.list())));
const sent = Effect.map(Faults.requests, (requests) => requests.length);

describe("by default, the calls of one client", () => {
  it.effect("make 1.1 times the normal load on a service that is down, and not 5 times", () =>
    Effect.gen(function* () {
      yield* down;
      yield* calls(1000);
      assert.strictEqual(yield* sent, 1100);
    }).pipe(live()),
  );

  it.effect("do so when they are concurrent, too", () =>
    Effect.gen(function* () {
      yield* down;
      const all = Array.from({ length: 1000 }, () => Effect.exit(Experiments.list()));
      yield* inVirtualTime(Effect.all(all, { concurrency: "unbounded" }));
      assert.strictEqual(yield* sent, 1100);
    }).pipe(live()),
  );

  it.effect("retry all they need when one attempt in five fails", () =>
    Effect.gen(function* () {
      for (let i = 0; i < 1000; i++) {
        if (i % 4 === 0) yield* Faults.status(503);
        yield* inVirtualTime(Experiments.list());
      }
      assert.strictEqual(yield* sent, 1250);
    }).pipe(live()),
  );
});

it.effect("an exhausted budget fails the call at once, and says so", () =>
  Effect.gen(function* () {
    yield* down;
    yield* calls(25);
    const error = yield* Effect.flip(Experiments.list());
    assert(error._tag === "MetricsApiRequestError" && error.reason._tag === "ServerStatus");
    assert.strictEqual(error.attempts, 1);
    assert.strictEqual(error.notRetried, "budget");
    assert.match(error.message, /not tried again: the retry budget of the client is used up/);
  }).pipe(live({ retry: retries })),
);

it.effect("the first attempt is always made", () =>
  Effect.gen(function* () {
    yield* Faults.status(503, { times: 125 });
    yield* calls(25);
    yield* Experiments.list();
    assert.strictEqual(yield* sent, 126);
  }).pipe(live({ retry: retries })),
);

describe("a budget", () => {
  const budget = RetryBudget.make({ capacity: 20, retryCost: 5, reward: 2 });

  it.effect("pays a retry with its price, and nothing when that is not there", () =>
    Effect.gen(function* () {
      const { take, available } = yield* budget;
      assert.deepStrictEqual(
        [take(), take(), take(), take(), take()],
        [true, true, true, true, false],
      );
      assert.strictEqual(available(), 0);
    }),
  );

  it.effect(
    "gets the price of the last retry back, or the reward, and never more than it holds",
    () =>
      Effect.gen(function* () {
        const { take, give, available } = yield* budget;
        give(false);
        assert.strictEqual(available(), 20);
        take();
        take();
        give(true);
        assert.strictEqual(available(), 15);
        give(false);
        assert.strictEqual(available(), 17);
        give(true);
        assert.strictEqual(available(), 20);
      }),
  );

  it.effect("takes and gives as the calls of a client go", () =>
    Effect.gen(function* () {
      const mine = yield* budget;
      yield* Effect.gen(function* () {
        yield* Faults.status(503, { times: 2 });
        yield* inVirtualTime(Experiments.list());
        assert.strictEqual(mine.available(), 15);
        yield* Experiments.list();
        assert.strictEqual(mine.available(), 17);
        yield* Effect.flip(Experiments.get("none"));
        assert.strictEqual(mine.available(), 17);
      }).pipe(live({ retryBudget: mine, retry: retries }));
    }),
  );

  it.effect("can be shared by clients, or set for a region of code, or be unlimited", () =>
    Effect.gen(function* () {
      const mine = yield* budget;
      const six = Effect.andThen(down, calls(6));
      for (const [expected, call, options] of [
        [6 + 4, six, { retryBudget: mine }],
        [6, six, { retryBudget: mine }],
        [6, RequestPolicy.withPolicy(six, { retryBudget: mine }), {}],
        [30, six, { retryBudget: RetryBudget.unlimited }],
      ] as const) {
        const requests = yield* Effect.andThen(call, sent).pipe(
          live({ ...options, retry: retries }),
        );
        assert.strictEqual(requests, expected);
      }
    }),
  );
});

it.effect("a Retry-After that is too long ends the retries without touching the budget", () =>
  Effect.gen(function* () {
    const budget = yield* RetryBudget.make();
    yield* Effect.gen(function* () {
      yield* Faults.status(503, { retryAfter: "61" });
      const error = yield* Effect.flip(Experiments.list());
      assert(error._tag === "MetricsApiRequestError");
      assert.strictEqual(error.notRetried, "retryAfter");
      assert.match(error.message, /not tried again: the service asked for too long a wait/);
    }).pipe(live({ retryBudget: budget }));
    assert.strictEqual(budget.available(), 500);
  }),
);
