/** An event that is refused, inside an answer that is a success, is told as an answer of its status would be. */
import { assert, it } from "@effect/vitest";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Schedule from "effect/Schedule";
import * as Events from "../../src/v2/Events.ts";
import * as Experiments from "../../src/v2/Experiments.ts";
import { serve } from "../support/socket.ts";
import { envelopesOf, layerV2, usualReply } from "../support/v2.ts";

/** The error of a read that is refused so, and how often it was sent. */
const refusedBy = (data: unknown) =>
  Effect.gen(function* () {
    const server = yield* serve((turn) => {
      const [envelope] = envelopesOf(turn);
      const reply = { correlationId: envelope!.messageId, event: "syvain.v2.error", data };
      turn.response.end(JSON.stringify([reply]));
    });
    const error = yield* Effect.flip(Experiments.get("e")).pipe(
      Effect.provide(layerV2("fetch", server, { retry: Schedule.recurs(1) })),
    );
    assert(error._tag === "MetricsApiRequestError");
    assert.strictEqual(error.attempts, server.seen.length);
    return error;
  });

it.live("its status decides the reason, and whether it passes it says itself", () =>
  Effect.gen(function* () {
    const reasons: { readonly [status: number]: string } = {
      400: "ClientStatus",
      401: "Unauthorized",
      403: "Forbidden",
      404: "NotFound",
      409: "Conflict",
      418: "ClientStatus",
      422: "Unprocessable",
      429: "RateLimited",
      500: "ServerStatus",
      503: "ServerStatus",
    };
    for (const [status, reason] of Object.entries(reasons)) {
      for (const retryable of [true, false]) {
        const error = yield* refusedBy({
          code: "some_code",
          message: "words",
          status: Number(status),
          retryable,
        });
        assert.strictEqual(error.reason._tag, reason);
        assert.strictEqual(error.status, Number(status));
        assert.strictEqual(error.code, "some_code");
        assert.strictEqual(error.detail, "words");
        assert.strictEqual(error.retryable, retryable);
        assert.strictEqual(error.attempts, retryable ? 2 : 1);
      }
    }
  }),
);

it.live("what it does not say, or says in another type, is not told", () =>
  Effect.gen(function* () {
    for (const data of [
      {},
      { code: 1, message: 2, status: "404", retryable: "true", details: [1], retryAfterMs: "5" },
      { status: 302, retryable: 1, details: null },
      { status: 99_999 },
    ]) {
      const error = yield* refusedBy(data);
      assert.strictEqual(error.code, "error");
      assert.strictEqual(error.reason._tag, "ClientStatus");
      // That of the answer.
      assert.strictEqual(error.status, 200);
      assert.isFalse(error.retryable);
      for (const field of ["detail", "details", "retryAfter"] as const) {
        assert.isFalse(Object.hasOwn(error, field), field);
      }
    }
  }),
);

it.live("the wait that it asks for is a wait like that of a header", () =>
  Effect.gen(function* () {
    const error = yield* refusedBy({
      code: "busy",
      status: 503,
      retryable: true,
      retryAfterMs: 61_000,
    });
    assert.deepStrictEqual(error.retryAfter, Duration.seconds(61));
    assert.strictEqual(error.notRetried, "retryAfter");
    assert.strictEqual(error.attempts, 1);
    assert.match(error.message, /the event was refused: 503 from the service \(retry after 61s\)/);
  }),
);

it.live("its details are kept, but for those that nobody wants to have in an error", () =>
  Effect.gen(function* () {
    const details = { folderId: "f", nested: [{ a: null, __proto: 1 }] };
    assert.deepStrictEqual((yield* refusedBy({ details })).details, details);
    const large = yield* refusedBy({ code: "c", details: { text: "x".repeat(20_000) } });
    assert.isUndefined(large.details);
    let deep: object = {};
    for (let i = 0; i < 2000; i++) deep = { deep };
    assert.strictEqual((yield* refusedBy({ code: "c", details: deep })).code, "c");
  }),
);

it.live("events of one request are answered one by one, those that were refused, too", () =>
  Effect.gen(function* () {
    const refusal = { code: "nope", message: "no", status: 422 };
    const server = yield* serve((turn) => {
      const replies = envelopesOf(turn).map((envelope, i) =>
        i === 1
          ? { correlationId: envelope.messageId, event: "syvain.v2.error", data: refusal }
          : usualReply(envelope),
      );
      turn.response.end(JSON.stringify(replies));
    });
    const custom = { event: "syvain.v2.custom", data: { a: [1, null] } };
    yield* Effect.gen(function* () {
      assert.deepStrictEqual(yield* Events.sendAll([custom, custom, custom]), [
        { event: "syvain.v2.custom.answered", data: {} },
        { event: "syvain.v2.error", data: refusal },
        { event: "syvain.v2.custom.answered", data: {} },
      ]);
      const ids = envelopesOf(server.seen[0]!).map(({ messageId }) => messageId);
      assert.strictEqual(new Set(ids).size, 3);
      for (const [events, path] of [
        [[], []],
        [Array.from({ length: 1001 }, () => custom), []],
        [
          [custom, { ...custom, event: "" }],
          [1, "event"],
        ],
        [[{ ...custom, data: [] as never }], [0, "data"]],
      ] as const) {
        const error = yield* Effect.flip(Events.sendAll(events));
        assert(error._tag === "MetricsApiRequestError" && error.reason._tag === "InvalidRequest");
        assert.deepStrictEqual(error.reason.path, path as unknown);
      }
      assert.strictEqual(server.seen.length, 1);
    }).pipe(Effect.provide(layerV2("fetch", server)));
  }),
);
