import { assert, describe, it } from "@effect/vitest";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Random from "effect/Random";
import * as Schedule from "effect/Schedule";
import * as ConfigService from "../../src/ConfigService.ts";
import * as Experiments from "../../src/Experiments.ts";
import * as IngestionKeys from "../../src/IngestionKeys.ts";
import type {
  MetricsApiRequestError,
  MetricsApiResponseError,
} from "../../src/internal/base/errors.ts";
import { call } from "../../src/internal/request/call.ts";
import { createFolder } from "../../src/internal/wire/v1/folders.ts";
import * as RequestPolicy from "../../src/RequestPolicy.ts";
import { Faults, MetricsServer } from "../../src/testing/index.ts";
import { inVirtualTime, noteTimes, Sent, waits } from "../support/virtual-time.ts";

const live = (options?: Parameters<typeof MetricsServer.layerClient>[0]) =>
  Effect.provide(noteTimes(MetricsServer.layerClient(options)));

/** What a `Random` that always answers the same makes of full jitter: waits that can be told beforehand. */
const withRandom = (value: number) =>
  Effect.provideService(Random.Random, {
    nextDoubleUnsafe: () => value,
    nextIntUnsafe: () => 0,
  });

const always = { times: 1000 };

/** Pages of the edge in front of the service, by which it is known. */
const edgePages = [
  "error code: 1020",
  '<html><a href="https://x.example/cloudflare-1xxx-errors">What happened?</a>',
  '{"title":"Error","cf-error-code":1015}',
];

describe("what is tried again", () => {
  for (const status of [
    408, 425, 429, 500, 501, 502, 503, 504, 505, 507, 511, 520, 522, 525, 529, 530, 599,
  ]) {
    it.effect(`${status} is transient`, () =>
      Effect.gen(function* () {
        yield* Faults.status(status);
        const { experiment } = yield* inVirtualTime(Experiments.create({ slug: "a" }));
        assert.strictEqual(experiment.slug, "a");
        assert.lengthOf(yield* Sent, 2);
      }).pipe(live()),
    );
  }

  for (const status of [400, 401, 402, 403, 404, 405, 409, 410, 413, 415, 422, 451, 499]) {
    it.effect(`${status} is not`, () =>
      Effect.gen(function* () {
        yield* Faults.status(status, always);
        const error = yield* inVirtualTime(Effect.flip(Experiments.create({ slug: "a" })));
        assert(error._tag === "MetricsApiRequestError");
        assert.strictEqual(error.status, status);
        assert.isFalse(error.retryable);
        assert.strictEqual(error.attempts, 1);
        assert.lengthOf(yield* Sent, 1);
      }).pipe(live()),
    );
  }

  for (const body of edgePages) {
    it.effect(`a page of the edge is, whatever its status: ${body}`, () =>
      Effect.gen(function* () {
        for (const status of [400, 401, 403, 404, 409, 422, 429, 503]) {
          yield* Faults.status(status, { body, contentType: "text/html", times: 5 });
          const error = yield* inVirtualTime(Effect.flip(Experiments.create({ slug: "a" })));
          assert(error._tag === "MetricsApiRequestError");
          assert(error.reason._tag === "ServerStatus", `${status}: ${error.message}`);
          assert.strictEqual(error.reason.status, status);
          assert.strictEqual(error.status, status);
          assert.isTrue(error.retryable);
          assert.strictEqual(error.attempts, 5);
        }
      }).pipe(live()),
    );
  }

  it.effect("a page that only speaks of one is not", () =>
    Effect.gen(function* () {
      yield* Faults.status(403, { body: "see error code: 1020" });
      const error = yield* Effect.flip(Experiments.list());
      assert.strictEqual(error.reason._tag, "Forbidden");
      assert.lengthOf(yield* Sent, 1);
    }).pipe(live()),
  );

  for (const [what, garbage] of Object.entries({
    "is not JSON": {},
    "breaks off": { body: '{"data":{"experiment"' },
    "is empty": { body: "" },
    "a 204 has not": { body: "", status: 204 },
  })) {
    it.effect(`an answer of which the body ${what} is, and ends as a response error`, () =>
      Effect.gen(function* () {
        yield* Faults.garbage({ ...garbage, times: 6 });
        const error = yield* inVirtualTime(Effect.flip(Experiments.list()));
        assert(error._tag === "MetricsApiResponseError");
        assert.strictEqual(error.reason._tag, "InvalidJson");
        assert.strictEqual(error.attempts, 5);
        yield* inVirtualTime(Experiments.list());
        assert.lengthOf(yield* Sent, 5 + 2);
      }).pipe(live()),
    );
  }

  it.effect("a transport failure is", () =>
    Effect.gen(function* () {
      yield* Faults.dropBefore();
      yield* inVirtualTime(Experiments.create({ slug: "a" }));
      assert.lengthOf(yield* Sent, 2);
    }).pipe(live()),
  );

  it.effect("a timeout of one attempt is", () =>
    Effect.gen(function* () {
      yield* Faults.delay("11 seconds");
      yield* inVirtualTime(Experiments.create({ slug: "a" }));
      assert.lengthOf(yield* Sent, 2);
    }).pipe(live()),
  );

  it.effect("an answer of the wrong shape is not", () =>
    Effect.gen(function* () {
      yield* Faults.garbage({ ...always, body: "{}", contentType: "application/json" });
      const error = yield* inVirtualTime(Effect.flip(Experiments.create({ slug: "a" })));
      assert.strictEqual(error._tag, "MetricsApiResponseError");
      assert.lengthOf(yield* Sent, 1);
    }).pipe(live()),
  );
});

describe("the default schedule", () => {
  it.effect("is at most 4 retries", () =>
    Effect.gen(function* () {
      yield* Faults.status(503, always);
      const error = yield* inVirtualTime(Effect.flip(Experiments.list()));
      assert(error._tag === "MetricsApiRequestError");
      assert.strictEqual(error.reason._tag, "ServerStatus");
      assert.strictEqual(error.attempts, 5);
      assert.lengthOf(yield* Sent, 5);
    }).pipe(live()),
  );

  it.effect("is exponential from 250 ms with factor 2", () =>
    Effect.gen(function* () {
      yield* Faults.status(503, always);
      yield* inVirtualTime(Effect.flip(Experiments.list()));
      assert.deepStrictEqual(yield* waits, [250, 500, 1000, 2000]);
    }).pipe(withRandom(1), live()),
  );

  it.effect("has full jitter: a wait may be anything down to nothing", () =>
    Effect.gen(function* () {
      yield* Faults.status(503, always);
      yield* inVirtualTime(Effect.flip(Experiments.list()));
      assert.deepStrictEqual(yield* waits, [0, 0, 0, 0]);
    }).pipe(withRandom(0), live()),
  );

  it.effect("draws a wait of its own for every retry of every call", () =>
    Effect.gen(function* () {
      yield* Faults.status(503, always);
      yield* inVirtualTime(
        Effect.all([Effect.flip(Experiments.list()), Effect.flip(Experiments.list())]),
      );
      const all = (yield* waits).filter((_, i) => i !== 4);
      assert.strictEqual(new Set(all).size, 8);
    }).pipe(Random.withSeed("jitter"), live()),
  );

  it.effect("is capped at 8 s", () =>
    Effect.gen(function* () {
      yield* Faults.status(503, always);
      const longer = RequestPolicy.backoff.pipe(Schedule.upTo({ times: 8 }));
      yield* inVirtualTime(Effect.flip(Experiments.list()).pipe(RequestPolicy.withRetry(longer)));
      assert.deepStrictEqual(yield* waits, [250, 500, 1000, 2000, 4000, 8000, 8000, 8000]);
    }).pipe(withRandom(1), live()),
  );
});

describe("Retry-After", () => {
  it.effect("in seconds is a minimum delay", () =>
    Effect.gen(function* () {
      yield* Faults.status(429, { retryAfter: "7" });
      yield* inVirtualTime(Experiments.list());
      assert.deepStrictEqual(yield* waits, [7000]);
    }).pipe(withRandom(1), live()),
  );

  for (const retryAfter of [
    "Thu, 01 Jan 1970 00:00:09 GMT",
    "Thursday, 01-Jan-70 00:00:09 GMT",
    "Thu Jan  1 00:00:09 1970",
  ]) {
    it.effect(`as a date is a minimum delay: ${retryAfter}`, () =>
      Effect.gen(function* () {
        yield* Faults.status(503, { retryAfter });
        yield* inVirtualTime(Experiments.list());
        assert.deepStrictEqual(yield* waits, [9000]);
      }).pipe(live()),
    );
  }

  it.effect("as a date that is past asks for no wait", () =>
    Effect.gen(function* () {
      yield* Faults.status(503, { retryAfter: "Wed, 31 Dec 1969 00:00:00 GMT" });
      yield* inVirtualTime(Experiments.list());
      assert.deepStrictEqual(yield* waits, [250]);
    }).pipe(withRandom(1), live()),
  );

  it.effect("in milliseconds (retry-after-ms) is a minimum delay, and wins", () =>
    Effect.gen(function* () {
      yield* Faults.status(503, { retryAfter: "7", retryAfterMs: 1234 });
      yield* inVirtualTime(Experiments.list());
      assert.deepStrictEqual(yield* waits, [1234]);
    }).pipe(withRandom(0), live()),
  );

  it.effect("does not shorten the schedule's own delay", () =>
    Effect.gen(function* () {
      yield* Faults.status(503, { retryAfterMs: 10 });
      yield* inVirtualTime(Experiments.list());
      assert.deepStrictEqual(yield* waits, [250]);
    }).pipe(withRandom(1), live()),
  );

  it.effect("of 60 s is waited for", () =>
    Effect.gen(function* () {
      yield* Faults.status(429, { retryAfter: "60" });
      yield* inVirtualTime(Experiments.list());
      assert.deepStrictEqual(yield* waits, [60_000]);
    }).pipe(live()),
  );

  it.effect("of more than 60 s ends the retries at once, with the delay in the error", () =>
    Effect.gen(function* () {
      yield* Faults.status(429, { retryAfter: "61" });
      const error = yield* Effect.flip(Experiments.list());
      assert(error._tag === "MetricsApiRequestError" && error.reason._tag === "RateLimited");
      assert.strictEqual(Duration.toSeconds(error.retryAfter!), 61);
      assert.strictEqual(Duration.toSeconds(error.reason.retryAfter!), 61);
      assert.strictEqual(error.attempts, 1);
    }).pipe(live()),
  );

  for (const retryAfter of ["soon", "", "-5", "7 s", "1e3", "0x10", "Infinity", "Mon, 99 Foo"]) {
    it.effect(`that makes no sense is not heard: ${JSON.stringify(retryAfter)}`, () =>
      Effect.gen(function* () {
        yield* Faults.status(503, { retryAfter });
        yield* inVirtualTime(Experiments.list());
        assert.deepStrictEqual(yield* waits, [250]);
      }).pipe(withRandom(1), live()),
    );
  }

  it.effect("of more seconds than a number holds ends the retries", () =>
    Effect.gen(function* () {
      yield* Faults.status(503, { retryAfter: "9".repeat(400) });
      const error = yield* Effect.flip(Experiments.list());
      assert(error._tag === "MetricsApiRequestError");
      assert.strictEqual(error.notRetried, "retryAfter");
    }).pipe(live()),
  );
});

describe("the policy is replaceable whole", () => {
  const twice = Schedule.spaced("3 seconds").pipe(Schedule.upTo({ times: 2 }));

  it.effect("for the client", () =>
    Effect.gen(function* () {
      yield* Faults.status(503, always);
      yield* inVirtualTime(Effect.flip(Experiments.list()));
      assert.deepStrictEqual(yield* waits, [3000, 3000]);
    }).pipe(live({ retry: twice })),
  );

  it.effect("for a region of code, and only there", () =>
    Effect.gen(function* () {
      yield* Faults.status(503, always);
      yield* inVirtualTime(Effect.flip(Experiments.list()).pipe(RequestPolicy.withRetry(twice)));
      assert.lengthOf(yield* Sent, 3);
      yield* inVirtualTime(Effect.flip(Experiments.list()));
      assert.lengthOf(yield* Sent, 3 + 1);
    }).pipe(live({ retry: RequestPolicy.noRetry })),
  );

  it.effect("with a schedule that looks at the error", () =>
    Effect.gen(function* () {
      yield* Faults.status(429);
      yield* Faults.status(503, always);
      const onlyRateLimits: RequestPolicy.RetrySchedule = Schedule.recurs(5).pipe(
        Schedule.setInputType<MetricsApiRequestError | MetricsApiResponseError>(),
        Schedule.while(({ input }) => input.reason._tag === "RateLimited"),
      );
      const error = yield* Effect.flip(
        Experiments.list().pipe(RequestPolicy.withRetry(onlyRateLimits)),
      );
      assert(error._tag === "MetricsApiRequestError");
      assert.strictEqual(error.reason._tag, "ServerStatus");
      assert.strictEqual(error.attempts, 2);
    }).pipe(live()),
  );

  it.effect("but what is not transient stays so", () =>
    Effect.gen(function* () {
      yield* Faults.status(409, always);
      const error = yield* Effect.flip(Experiments.create({ slug: "a" }));
      assert(error._tag === "MetricsApiRequestError");
      assert.strictEqual(error.attempts, 1);
    }).pipe(live({ retry: Schedule.recurs(10) })),
  );
});

it.effect("a DELETE is, and answers the record", () =>
  Effect.gen(function* () {
    const { experiment } = yield* Experiments.create({ slug: "a" });
    const { key } = yield* IngestionKeys.create(experiment.id);
    yield* Faults.dropAfter();
    const revoked = yield* inVirtualTime(IngestionKeys.revoke(experiment.id, key.id));
    assert.isNotNull(revoked.key.revokedAt);
    assert.lengthOf(yield* Sent, 4);
    const error = yield* Effect.flip(IngestionKeys.revoke(experiment.id, "nothing"));
    assert.strictEqual(error.reason._tag, "NotFound");
  }).pipe(live()),
);

it.effect("the configuration carries the default policy", () =>
  Effect.gen(function* () {
    const { retry } = yield* ConfigService.ConfigService;
    assert.strictEqual(retry, RequestPolicy.defaultRetry);
  }).pipe(live()),
);

describe("an operation that is to be sent once", () => {
  const once = call({ ...createFolder, repeat: "once" }, { payload: { name: "a" } });
  for (const [what, fault] of Object.entries({
    "a 503": Faults.status(503, always),
    "a 409 that says that it is in progress": Faults.status(409, {
      ...always,
      code: "idempotency_key_in_progress",
    }),
    "an edge page": Faults.status(403, { ...always, body: edgePages[0] }),
    "no answer": Faults.dropBefore(always),
    "a stall": Faults.delay("1 hour", always),
    "no JSON": Faults.garbage(always),
  })) {
    it.effect(`is, without a key, whatever comes of it: ${what}`, () =>
      Effect.gen(function* () {
        yield* fault;
        const error = yield* inVirtualTime(Effect.flip(once));
        assert(error._tag !== "MetricsApiAuthError");
        assert.strictEqual(error.attempts, 1);
        assert.isUndefined(error.idempotencyKey);
        const [request, ...rest] = yield* Faults.requests;
        assert.notProperty(request?.headers, "idempotency-key");
        assert.lengthOf(rest, 0);
      }).pipe(live()),
    );
  }
});
