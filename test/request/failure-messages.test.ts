/** What the client makes of an answer that is a failure: its reason, its words, and what it keeps of it. */
import { assert, describe, it } from "@effect/vitest";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import { TestClock } from "effect/testing";
import * as Experiments from "../../src/Experiments.ts";
import * as IngestionKeys from "../../src/IngestionKeys.ts";
import { noRetry, withRetry } from "../../src/RequestPolicy.ts";
import { layerAnswering } from "../support/answering.ts";

/** The error of a call that is answered like this, once. */
const failing = (body: string | ReadableStream | null, init: ResponseInit) =>
  Effect.gen(function* () {
    const error = yield* Effect.flip(withRetry(Experiments.create({ slug: "s" }), noRetry));
    assert(error._tag === "MetricsApiRequestError");
    return error;
  }).pipe(Effect.provide(layerAnswering(() => new Response(body, init))));

const json = (value: unknown) => JSON.stringify(value);

const failure = (message: unknown, details?: unknown) =>
  json({ data: null, error: { message, details } });

describe("the service's words", () => {
  const html = "<html><body><h1>Bad é</h1></body></html>";
  const table: ReadonlyArray<readonly [body: string, detail: string | undefined]> = [
    [failure("taken"), "taken"],
    [failure("taken", "by run 7"), "taken: by run 7"],
    [failure("taken", ""), "taken"],
    [failure("taken", { a: 1 }), "taken"],
    [json({ error: "taken" }), "taken"],
    // What is no envelope is told as it stands.
    ...[
      failure(""),
      failure(5, "by run 7"),
      json({ error: { details: "by run 7" } }),
      json({ error: {} }),
      json({ error: "" }),
      json({ error: null }),
      json({ error: 5 }),
      json({ error: ["taken"] }),
      json({ message: "taken" }),
      json(["taken"]),
      json("taken"),
      "null",
      "{}",
      "upstream connect error",
      html,
      '{"error":{"message":"tak',
    ].map((body) => [body, body] as const),
    ["  Bad Gateway\n", "Bad Gateway"],
    ["x".repeat(501), "x".repeat(500)],
    ["  \n ", undefined],
    ["", undefined],
  ];
  it.effect.each(table)("of %s are %s", ([body, detail]) =>
    Effect.gen(function* () {
      const error = yield* failing(body, { status: 400 });
      assert.strictEqual(error.detail, detail);
      assert.strictEqual("detail" in error, detail !== undefined);
      assert.include(error.message, `400 from the service${detail ? `: ${detail} (` : " ("}`);
    }),
  );

  it.effect("a hostile body does no harm", () =>
    Effect.gen(function* () {
      for (const body of [
        '{"error":{"__proto__":{"message":"m"}}}',
        '{"error":{"message":"m","details":{"toString":1}}}',
        failure("m", "code=".repeat(100_000)),
        failure("m", ";".repeat(100_000)),
        "[".repeat(20_000),
      ]) {
        assert.isString((yield* failing(body, { status: 400 })).message);
      }
    }),
  );

  it.effect("at most 1,000 characters are kept, all of them whole", () =>
    Effect.gen(function* () {
      for (const at of [997, 998, 999, 1000, 5000]) {
        const text = `${"x".repeat(at)}${"😀".repeat(1000)}`;
        const { detail } = yield* failing(failure(text), { status: 500 });
        assert.isAtMost(detail!.length, 1000);
        assert.isAtLeast(detail!.length, 999);
        assert.strictEqual(Buffer.from(detail!).toString(), detail, `cut at ${at}`);
      }
    }),
  );
});

describe("the code", () => {
  const table: ReadonlyArray<readonly [details: unknown, code: string | undefined]> = [
    ["code=idempotency_key_reused", "idempotency_key_reused"],
    ["a=1; code=folder_already_exists; b=2", "folder_already_exists"],
    ["code=;code=second=x", "second=x"],
    ["code=first;code=second", "first"],
    ["the code=inside", undefined],
    [" code = spaced ", undefined],
    ["xcode=1", undefined],
    ["CODE=loud", undefined],
    ["code=", undefined],
    ["", undefined],
    [["code=a"], undefined],
    [undefined, undefined],
  ];
  it.effect.each(table)("in the details %j is %s", ([details, code]) =>
    Effect.gen(function* () {
      for (const status of [400, 409, 500]) {
        const error = yield* failing(failure("clash", details), { status });
        assert.strictEqual(error.code, code);
        assert.strictEqual("code" in error, code !== undefined);
      }
    }),
  );

  it.effect("is nowhere else", () =>
    Effect.gen(function* () {
      for (const body of [
        json({ error: { message: "clash", code: "field" } }),
        json({ error: { message: "code=message" } }),
        json({ error: "code=text" }),
        json({ error: null, details: "code=beside" }),
        "code=plain",
      ]) {
        assert.notProperty(yield* failing(body, { status: 409 }), "code");
      }
    }),
  );
});

describe("the status decides the reason, whatever the body says", () => {
  const table: ReadonlyArray<readonly [status: number, reason: string, message: string]> = [
    [400, "ClientStatus", "400 from the service"],
    [401, "Unauthorized", "401 Unauthorized"],
    [403, "Forbidden", "403 Forbidden"],
    [404, "NotFound", "404 Not Found"],
    [405, "ClientStatus", "405 from the service"],
    [408, "ClientStatus", "408 from the service"],
    [409, "Conflict", "409 Conflict"],
    [413, "ClientStatus", "413 from the service"],
    [422, "Unprocessable", "422 Unprocessable Content"],
    [429, "RateLimited", "429 Too Many Requests"],
    [499, "ClientStatus", "499 from the service"],
    [500, "ServerStatus", "500 from the service"],
    [503, "ServerStatus", "503 from the service"],
    [599, "ServerStatus", "599 from the service"],
    [301, "Redirected", "301 redirect"],
    [304, "Redirected", "304 redirect"],
    [308, "Redirected", "308 redirect"],
  ];
  const bodies = [null, failure("words", "code=unauthorized"), "<html>", "{"];
  it.effect.each(table)("%d is %s", ([status, reason, message]) =>
    Effect.gen(function* () {
      for (const body of status === 304 ? [null] : bodies) {
        const error = yield* failing(body, { status });
        assert.strictEqual(error.reason._tag, reason);
        assert.strictEqual(error.status, status);
        assert.include(error.message, `Experiments.create: ${message}`);
        if ("status" in error.reason) assert.strictEqual(error.reason.status, status);
      }
    }),
  );

  it.effect("unless the body breaks off: that is no answer", () =>
    Effect.gen(function* () {
      for (const status of [200, 401, 404, 503]) {
        const body = new ReadableStream({
          start: (controller) => {
            controller.enqueue(new TextEncoder().encode('{"error":{"mess'));
            controller.error(new Error("socket hang up"));
          },
        });
        const error = yield* failing(body, { status });
        assert.strictEqual(error.reason._tag, "Transport");
        assert.include(error.message, "the answer broke off: ");
        assert.include(error.message, "socket hang up");
        assert.isTrue(error.retryable);
        assert.notProperty(error, "status");
      }
    }),
  );
});

it.effect(
  "a message says what failed, the status, the service's words, where, and the request id",
  () =>
    Effect.gen(function* () {
      const error = yield* failing(failure("slug is taken", "code=slug_taken"), {
        status: 409,
        headers: { "x-request-id": "req-1" },
      });
      assert.strictEqual(
        error.message,
        "Experiments.create: 409 Conflict: slug is taken: code=slug_taken (POST https://metrics.syvain.com/api/v1/experiments, request id req-1)",
      );
      assert.strictEqual(error.detail, "slug is taken: code=slug_taken");
      assert.strictEqual(error.code, "slug_taken");
      assert.isFalse(error.retryable);
      assert.strictEqual(error.operation, "Experiments.create");
      assert.strictEqual(error.method, "POST");
      assert.strictEqual(error.attempts, 1);
      assert.match(error.idempotencyKey ?? "", /^[0-9a-f-]{36}$/);
    }),
);

describe("the request id", () => {
  const table: ReadonlyArray<readonly [Record<string, string>, string | undefined]> = [
    [{ "X-Request-Id": "a" }, "a"],
    [{ "Request-Id": "b" }, "b"],
    [{ "Request-Id": "b", "X-Request-ID": "a" }, "a"],
    [{}, undefined],
  ];
  it.effect.each(table)("of %j", ([headers, id]) =>
    Effect.map(failing(null, { status: 500, headers }), (error) => {
      assert.strictEqual(error.requestId, id);
      assert.strictEqual("requestId" in error, id !== undefined);
    }),
  );
});

describe("the body that an error keeps", () => {
  const keptBytes = 16 * 1024;
  const stream = (text: string) => new Blob([text]).stream();
  const table: ReadonlyArray<readonly [string, text: string, keptLength: number]> = [
    ["16 KiB whole", "x".repeat(keptBytes), keptBytes],
    ["1 MiB of text", "x".repeat(1 << 20), keptBytes],
    ["two bytes each", "é".repeat(20_000), keptBytes / 2],
    ["three bytes each, cut at a character", "€".repeat(20_000), Math.floor(keptBytes / 3)],
    ["four bytes each", "😀".repeat(20_000), (keptBytes / 4) * 2],
    ["one byte and four bytes each", `x${"😀".repeat(20_000)}`, 1 + (keptBytes / 4 - 1) * 2],
  ];
  for (const declared of [true, false]) {
    it.effect.each(table)(
      `%s, ${declared ? "with" : "without"} a Content-Length`,
      ([, text, length]) =>
        Effect.gen(function* () {
          const headers: Record<string, string> = declared
            ? { "content-length": String(Buffer.byteLength(text)) }
            : {};
          const { body = "" } = yield* failing(stream(text), { status: 500, headers });
          assert.lengthOf(body, length);
          assert.isTrue(text.startsWith(body));
          assert.isAtMost(Buffer.byteLength(body), keptBytes);
        }),
    );
  }

  it.effect("does not read on when it has enough", () =>
    Effect.gen(function* () {
      let pulled = 0;
      const endless = new ReadableStream({
        pull: (controller) => {
          pulled += 1024;
          controller.enqueue(new Uint8Array(1024).fill(120));
        },
      });
      const { body } = yield* failing(endless, { status: 500 });
      assert.lengthOf(body!, keptBytes);
      assert.isBelow(pulled, 4 * keptBytes);
    }),
  );

  it.effect("is not there when there was none", () =>
    Effect.map(failing(null, { status: 500 }), (error) => {
      assert.isFalse("body" in error || "detail" in error);
    }),
  );

  it.effect("has its control characters taken out, as the detail and the request id have", () =>
    Effect.gen(function* () {
      const nasty = "\u001b[2J\u001b]0;title\u0007\u0000\b\r\u007f\u009b31mred\ttab\nline";
      const error = yield* failing(nasty, {
        status: 500,
        headers: { "x-request-id": "a\u009bb" },
      });
      for (const text of [error.body, error.detail, error.requestId, error.message]) {
        // oxlint-disable-next-line no-control-regex -- these are what is looked for
        assert.notMatch(text!, /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/);
      }
      assert.include(error.body, "red\ttab\nline");
    }),
  );

  it.effect("is never that of an answer which holds a key", () =>
    Effect.gen(function* () {
      const body = json({ data: { token: "s3cret" }, error: { message: "s3cret" } });
      const error = yield* Effect.flip(withRetry(IngestionKeys.create("e"), noRetry)).pipe(
        Effect.provide(layerAnswering(() => new Response(body, { status: 500 }))),
      );
      assert.notInclude(json(error) + error.message, "s3cret");
    }),
  );

  it.effect("has the API key cut out, even where the cut would halve it", () =>
    Effect.gen(function* () {
      for (let at = keptBytes - 12; at <= keptBytes; at++) {
        const error = yield* failing(`${"x".repeat(at)}api-key`, { status: 500 });
        assert.notMatch(error.body!, /x(a|ap|api|api-|api-k|api-ke|api-key)$/);
      }
      for (let at = 490; at <= 1000; at++) {
        const text = `${"x".repeat(at)}api-key`;
        const error = yield* failing(at < 600 ? text : failure(text), { status: 500 });
        assert.notMatch(error.detail!, /x(a|ap|api|api-|api-k|api-ke|api-key)$/);
      }
      const error = yield* failing(failure("unknown key api-key"), { status: 401 });
      assert.strictEqual(error.detail, "unknown key <redacted>");
    }),
  );
});

describe("the delay that the service asks for", () => {
  // The test clock starts in 1970.
  const table: ReadonlyArray<readonly [Record<string, string>, millis: number | undefined]> = [
    [{ "Retry-After": "7" }, 7000],
    [{ "Retry-After": " 120 " }, 120_000],
    [{ "Retry-After": "0" }, 0],
    [{ "Retry-After": "Thu, 01 Jan 1970 01:00:30 GMT" }, 30_000],
    [{ "Retry-After": "Thursday, 01-Jan-70 01:00:30 GMT" }, 30_000],
    [{ "Retry-After": "Thu Jan  1 01:00:30 1970" }, 30_000],
    [{ "Retry-After": "Thu, 01 Jan 1970 00:59:59 GMT" }, 0],
    [{ "retry-after-ms": "250" }, 250],
    [{ "retry-after-ms": "0.5" }, 0.5],
    [{ "retry-after-ms": "250", "Retry-After": "7" }, 250],
    [{ "retry-after-ms": "soon", "Retry-After": "7" }, 7000],
    [{ "Retry-After": "soon" }, undefined],
    [{ "Retry-After": "-7" }, undefined],
    [{ "Retry-After": "7s" }, undefined],
    [{ "Retry-After": "NaN" }, undefined],
    [{ "Retry-After": "" }, undefined],
    [{ "retry-after-ms": "-1" }, undefined],
    [{ "retry-after-ms": "1e3" }, undefined],
    [{ "retry-after-ms": "Infinity" }, undefined],
    [{}, undefined],
  ];
  it.effect.each(table)("%j", ([headers, millis]) =>
    Effect.gen(function* () {
      yield* TestClock.setTime(3_600_000);
      for (const status of [429, 503]) {
        const error = yield* failing(null, { status, headers });
        assert.strictEqual(error.retryAfter && Duration.toMillis(error.retryAfter), millis);
        assert.strictEqual("retryAfter" in error, millis !== undefined);
        if (error.reason._tag === "RateLimited") {
          assert.deepStrictEqual(error.reason.retryAfter, error.retryAfter);
        }
        const words = `(retry after ${(millis ?? 0) / 1000}s)`;
        assert.strictEqual(error.message.includes(words), millis !== undefined);
      }
    }),
  );

  it.effect("of absurd length does no harm", () =>
    Effect.gen(function* () {
      for (const headers of [
        { "retry-after": "9".repeat(400) },
        { "retry-after-ms": "9".repeat(400) },
      ]) {
        const error = yield* failing(null, { status: 429, headers });
        assert.isTrue(Duration.isGreaterThan(error.retryAfter!, Duration.days(36_500)));
        assert.include(error.message, "429 Too Many Requests");
        assert.isString(json(error));
      }
    }),
  );
});
