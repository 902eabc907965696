/** A service that is down is given up early, and found again by a probe. */
import { assert, describe, it } from "@effect/vitest";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import * as Layer from "effect/Layer";
import * as Schedule from "effect/Schedule";
import * as Schema from "effect/Schema";
import { TestClock } from "effect/testing";
import * as CircuitBreaker from "../src/CircuitBreaker.ts";
import * as ConfigService from "../src/ConfigService.ts";
import * as Experiments from "../src/Experiments.ts";
import { type CircuitOpen, MetricsApiError } from "../src/MetricsApiError.ts";
import * as RateLimit from "../src/RateLimit.ts";
import * as RequestPolicy from "../src/RequestPolicy.ts";
import { Faults, MetricsServer } from "../src/testing.ts";
import { failureAndTime, inItsTime, noteTimes, Sent } from "./support/virtual-time.ts";

const live = (
  circuit?: CircuitBreaker.Options,
  options?: Parameters<typeof MetricsServer.layerClient>[0],
) =>
  Effect.provide(
    Layer.mergeAll(
      noteTimes(MetricsServer.layerClient(options)),
      CircuitBreaker.layerMemory(circuit),
    ),
  );

const down = Faults.status(503, { times: Infinity });
const sent = Effect.map(Sent, (sent) => sent.length);

/** One attempt, and why it failed. */
const once = RequestPolicy.withRetry(Experiments.list(), RequestPolicy.noRetry);
const failure = Effect.flip(once).pipe(
  Effect.map((error) => {
    assert(error._tag === "MetricsApiRequestError");
    return error;
  }),
);
/** The reason of a call that is not sent. */
const unsent = Effect.gen(function* () {
  const before = yield* sent;
  // It would wait for ever if it were tried again.
  const error = yield* Effect.flip(Experiments.list());
  assert(error._tag === "MetricsApiRequestError" && error.reason._tag === "CircuitOpen");
  assert.strictEqual(error.attempts, 0);
  assert.strictEqual(yield* sent, before);
  assert.deepStrictEqual(error.retryAfter, error.reason.retryAfter);
  return error.reason;
});
const seconds = ({ retryAfter }: CircuitOpen) => retryAfter && Duration.toSeconds(retryAfter);

const three = { tripPolicy: CircuitBreaker.consecutive(3) };
const opened = Effect.gen(function* () {
  yield* down;
  for (let i = 0; i < 3; i++) yield* failure;
});

describe("an open circuit", () => {
  it.effect("fails a call at once, unsent, and says when a probe will go", () =>
    Effect.gen(function* () {
      yield* opened;
      yield* TestClock.adjust("2500 millis");
      const reason = yield* unsent;
      assert.strictEqual(seconds(reason), 7.5);
      assert.strictEqual(
        (yield* failure).message,
        "Experiments.list: the circuit breaker is open (retry after 7.5s) (GET https://metrics.test/api/v1/experiments)",
      );
    }).pipe(live(three)),
  );

  it.effect("is one for all operations", () =>
    Effect.gen(function* () {
      yield* opened;
      const error = yield* Effect.flip(Experiments.create({ slug: "a" }));
      assert.strictEqual(error.reason._tag, "CircuitOpen");
    }).pipe(live(three)),
  );

  it.effect("takes nothing from the quota", () =>
    Effect.gen(function* () {
      yield* opened;
      for (let i = 0; i < 5; i++) yield* unsent;
      yield* Faults.clear;
      yield* TestClock.adjust("10 seconds");
      yield* Effect.all([once, once]);
      assert.deepStrictEqual(yield* Sent, [0, 0, 0, 10_000, 10_000]);
    }).pipe(Effect.provide(RateLimit.layerMemory({ limit: 5, window: "1 hour" })), live(three)),
  );

  it.effect("is told in an error that survives JSON", () =>
    Effect.gen(function* () {
      yield* opened;
      const error = yield* failure;
      const codec = Schema.toCodecJson(MetricsApiError);
      const json = JSON.stringify(yield* Schema.encodeEffect(codec)(error));
      const back = yield* Schema.decodeUnknownEffect(codec)(JSON.parse(json));
      assert.deepStrictEqual(JSON.stringify(back), JSON.stringify(error));
      assert.strictEqual(back.message, error.message);
    }).pipe(live(three)),
  );
});

describe("a circuit opens", () => {
  it.effect("after ten failures in a row", () =>
    Effect.gen(function* () {
      yield* down;
      for (let i = 0; i < 10; i++) assert.strictEqual((yield* failure).status, 503);
      yield* unsent;
    }).pipe(live()),
  );

  it.effect("at the part of failures that is given", () =>
    Effect.gen(function* () {
      for (let i = 0; i < 2; i++) {
        yield* once;
        yield* Faults.status(503);
        yield* failure;
      }
      yield* unsent;
    }).pipe(live({ tripPolicy: CircuitBreaker.rate({ threshold: 0.5, size: 4 }) })),
  );

  it.effect("in the middle of a call, which fails with what its last attempt met", () =>
    Effect.gen(function* () {
      yield* Faults.status(503, { times: 3, body: JSON.stringify({ detail: "under repair" }) });
      const spaced = RequestPolicy.withRetry(Experiments.list(), Schedule.spaced("1 second"));
      const [error, time] = yield* failureAndTime(spaced);
      assert.strictEqual(time, 3000);
      assert(error._tag === "MetricsApiRequestError" && error.reason._tag === "ServerStatus");
      assert.strictEqual(error.notRetried, "circuit");
      assert.strictEqual(error.attempts, 3);
      assert.strictEqual(
        error.message,
        "Experiments.list: 503 from the service: under repair (GET https://metrics.test/api/v1/experiments, 3 attempts, not tried again: the circuit breaker is open)",
      );
      assert.strictEqual(yield* sent, 3);
    }).pipe(live(three)),
  );

  const transient: ReadonlyArray<
    readonly [what: string, fault: Effect.Effect<void, never, MetricsServer.MetricsServer>]
  > = [
    ...[408, 425, 500, 502, 503, 504].map(
      (status) => [String(status), Faults.status(status, { times: 3 })] as const,
    ),
    ["connections that break", Faults.dropBefore({ times: 3 })],
    ["timeouts", Faults.delay("11 seconds", { times: 3 })],
  ];
  for (const [what, fault] of transient) {
    it.effect(`for ${what}`, () =>
      Effect.gen(function* () {
        yield* fault;
        for (let i = 0; i < 3; i++) yield* inItsTime(failure);
        yield* unsent;
      }).pipe(live({ ...three })),
    );
  }

  for (const status of [302, 400, 401, 403, 404, 409, 422, 501]) {
    it.effect(`not for ${status}, which shows that the service is up`, () =>
      Effect.gen(function* () {
        yield* Faults.status(503, { times: 2 });
        yield* Faults.status(status, { times: 9 });
        yield* Faults.status(503, { times: 2 });
        for (let i = 0; i < 13; i++) yield* failure;
        yield* once;
      }).pipe(live(three)),
    );
  }

  it.effect("not for failures with a success between them", () =>
    Effect.gen(function* () {
      for (let i = 0; i < 5; i++) {
        yield* Faults.status(503, { times: 2 });
        yield* failure;
        yield* failure;
        yield* once;
      }
    }).pipe(live(three)),
  );

  it.effect("neither for 429, nor later for it", () =>
    Effect.gen(function* () {
      yield* Faults.status(429, { times: 9 });
      for (let i = 0; i < 9; i++) yield* failure;
      yield* Faults.status(503, { times: 2 });
      yield* Faults.status(429);
      yield* Faults.status(503);
      for (let i = 0; i < 4; i++) assert.notStrictEqual((yield* failure).status, undefined);
      yield* unsent;
    }).pipe(live(three)),
  );
});

describe("when the open time is over", () => {
  it.effect("one call is the probe, and its success closes the circuit", () =>
    Effect.gen(function* () {
      yield* opened;
      yield* Faults.clear;
      yield* Faults.delay("2 seconds");
      yield* TestClock.adjust("10 seconds");
      const probe = yield* Effect.forkChild(once);
      yield* TestClock.adjust("1 second");
      assert.strictEqual(yield* sent, 4);
      const error = yield* failure;
      assert.strictEqual(error.reason._tag, "CircuitOpen");
      assert.isUndefined(error.retryAfter);
      assert.match(error.message, /the circuit breaker is open \(a probe is under way\)/);
      yield* TestClock.adjust("1 second");
      yield* Fiber.join(probe);
      yield* Effect.all([once, once, once], { concurrency: "unbounded" });
    }).pipe(live(three)),
  );

  it.effect("a probe that fails opens it again", () =>
    Effect.gen(function* () {
      yield* opened;
      yield* TestClock.adjust("10 seconds");
      assert.strictEqual((yield* failure).status, 503);
      assert.strictEqual(seconds(yield* unsent), 10);
    }).pipe(live(three)),
  );

  it.effect("for a time of its own each time, when a schedule says so", () =>
    Effect.gen(function* () {
      yield* opened;
      for (const open of [1, 2, 4]) {
        assert.strictEqual(seconds(yield* unsent), open);
        yield* TestClock.adjust(`${open} seconds`);
        yield* failure;
      }
    }).pipe(live({ ...three, openDuration: Schedule.exponential("1 second") })),
  );

  it.effect("a probe that is answered 404 closes it", () =>
    Effect.gen(function* () {
      yield* opened;
      yield* Faults.clear;
      yield* TestClock.adjust("10 seconds");
      yield* Effect.flip(Experiments.get("none"));
      yield* once;
    }).pipe(live(three)),
  );

  for (const [what, end] of [
    ["is answered 429", Effect.andThen(Faults.status(429), failure)],
    [
      "is interrupted",
      Effect.gen(function* () {
        yield* Faults.delay("1 second");
        const probe = yield* Effect.forkChild(once);
        yield* TestClock.adjust("500 millis");
        yield* Fiber.interrupt(probe);
      }),
    ],
  ] as const) {
    it.effect(`a probe that ${what} leaves it to the next call`, () =>
      Effect.gen(function* () {
        yield* opened;
        yield* Faults.clear;
        yield* TestClock.adjust("10 seconds");
        yield* end;
        assert.strictEqual(yield* sent, 4);
        yield* once;
        yield* once;
      }).pipe(live(three)),
    );
  }

  for (const [asked, open] of [
    ["5", 10],
    ["30", 30],
    ["600", 60],
  ] as const) {
    it.effect(`which a Retry-After of ${asked} s makes ${open} s`, () =>
      Effect.gen(function* () {
        yield* Faults.status(503, { times: 3, retryAfter: asked });
        for (let i = 0; i < 3; i++) yield* failure;
        assert.strictEqual(seconds(yield* unsent), open);
      }).pipe(live(three)),
    );
  }

  it.effect("which is lengthened no further than the client was told", () =>
    Effect.gen(function* () {
      yield* Faults.status(503, { times: 3, retryAfter: "600" });
      for (let i = 0; i < 3; i++) yield* failure;
      assert.strictEqual(seconds(yield* unsent), 300);
    }).pipe(live({ ...three, maxOpenDuration: "5 minutes" })),
  );
});

describe("a circuit is", () => {
  it.effect("that of a service", () =>
    Effect.gen(function* () {
      yield* opened;
      const elsewhere = ConfigService.layer({ apiKey: "k", host: "https://elsewhere.test" });
      const error = yield* Effect.provide(failure, elsewhere);
      assert.strictEqual(error.reason._tag, "Transport");
    }).pipe(live(three)),
  );

  it.effect("that of a key which is given", () =>
    Effect.gen(function* () {
      yield* opened;
      const elsewhere = ConfigService.layer({ apiKey: "k", host: "https://elsewhere.test" });
      const error = yield* Effect.provide(failure, elsewhere);
      assert.strictEqual(error.reason._tag, "CircuitOpen");
    }).pipe(live({ ...three, key: "all" })),
  );

  it.effect("that of a region of code", () =>
    Effect.gen(function* () {
      const circuit = yield* Layer.build(CircuitBreaker.layerMemory(three));
      yield* Effect.provideContext(opened, circuit);
      assert.strictEqual((yield* failure).status, 503);
      yield* Effect.provideContext(unsent, circuit);
    }).pipe(Effect.provide(noteTimes(MetricsServer.layerClient()))),
  );
});

it.effect("a duration that cannot be is refused when the layer is built", () =>
  Effect.gen(function* () {
    for (const setting of ["openDuration", "maxOpenDuration"]) {
      const error = yield* Effect.flip(
        Effect.provide(Effect.void, CircuitBreaker.layerMemory({ [setting]: 0 })),
      );
      assert.strictEqual(error.reason._tag, "InvalidSetting");
      assert.strictEqual(
        error.message,
        `${setting} is not a duration longer than nothing, such as "10 seconds".`,
      );
    }
  }),
);
