import { assert, describe, it } from "@effect/vitest";
import * as Deferred from "effect/Deferred";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Fiber from "effect/Fiber";
import * as Stream from "effect/Stream";
import * as Metrics from "../../src/Metrics.ts";
import * as RequestPolicy from "../../src/RequestPolicy.ts";
import { against, serve } from "../support/socket.ts";
import { accept, event, events, taking } from "../support/ingest-all.ts";
import { answerToAll } from "../support/socket-calls.ts";

const small = { maxBatchEvents: 10, concurrency: 1 };
const status = (status: number) => Effect.succeed(new Response("{}", { status }));
const stored = (taken: ReadonlyArray<{ readonly ids: ReadonlyArray<string> }>) =>
  taken.flatMap(({ ids }) => ids.map(Number));

describe("a batch that fails", () => {
  it.effect("fails the call with its error, and the number of events that are safe", () =>
    Effect.gen(function* () {
      const { taken, live } = taking((one, n) => (n === 4 ? status(422) : accept(one, n)));
      const error = yield* Effect.flip(Metrics.ingestAll("e", events(100), small)).pipe(live);
      assert(error._tag === "MetricsApiRequestError");
      assert.strictEqual(error.reason._tag, "Unprocessable");
      assert.strictEqual(error.acknowledged, 30);
      assert.lengthOf(taken, 4);

      // Going on from there stores the rest.
      const rest = taking();
      const result = yield* Metrics.ingestAll(
        "e",
        events(100).slice(error.acknowledged),
        small,
      ).pipe(rest.live);
      assert.strictEqual(result.acknowledged, 70);
      assert.deepStrictEqual(stored(rest.taken)[0], 30);
    }),
  );

  it.effect("does not count what was stored behind it", () =>
    Effect.gen(function* () {
      const others = yield* Deferred.make<void>();
      let done = 0;
      const { live } = taking((one, n) =>
        one.ids[0] === "10"
          ? Effect.andThen(Deferred.await(others), status(422))
          : Effect.tap(accept(one, n), () =>
              ++done === 3 ? Deferred.succeed(others, undefined) : Effect.void,
            ),
      );
      const error = yield* Effect.flip(
        Metrics.ingestAll("e", events(40), { maxBatchEvents: 10, concurrency: 4 }),
      ).pipe(live);
      assert(error._tag === "MetricsApiRequestError");
      assert.strictEqual(error.acknowledged, 10);
    }),
  );

  it.effect("with an answer that is none does so, too", () =>
    Effect.gen(function* () {
      const { live } = taking((one, n) =>
        n === 2
          ? Effect.succeed(Response.json({ data: { ok: "all" }, error: null }))
          : accept(one, n),
      );
      const error = yield* Effect.flip(Metrics.ingestAll("e", events(30), small)).pipe(live);
      assert(error._tag === "MetricsApiResponseError");
      assert.strictEqual(error.acknowledged, 10);
    }),
  );
});

describe("a stream that fails", () => {
  for (const before of [0, 5, 25]) {
    it.effect(`after ${before} events fails the call when those are stored`, () =>
      Effect.gen(function* () {
        const { taken, live } = taking();
        const broken = Stream.fromIterable(events(before)).pipe(
          Stream.concat(Stream.fail("disk" as const)),
        );
        const error = yield* Effect.flip(Metrics.ingestAll("e", broken, small)).pipe(live);
        assert.strictEqual(error, "disk");
        assert.lengthOf(stored(taken), before);
      }),
    );
  }

  it.effect("with a defect is that defect", () =>
    Effect.gen(function* () {
      const { taken, live } = taking();
      const broken = Stream.concat(Stream.fromIterable(events(5)), Stream.die("boom"));
      const exit = yield* Effect.exit(Metrics.ingestAll("e", broken, small)).pipe(live);
      assert.isTrue(Exit.hasDies(exit));
      assert.lengthOf(stored(taken), 5);
    }),
  );
});

describe("an event that cannot be sent", () => {
  const bad = (n: number): Metrics.MetricInput => ({ ...event(n), value: Number.NaN });
  const mixed = [...events(25), bad(25), ...events(5), { ...event(31), name: "" }];

  it.effect("fails the call before its batch is sent, and names its place in the whole input", () =>
    Effect.gen(function* () {
      const { taken, live } = taking();
      const error = yield* Effect.flip(Metrics.ingestAll("e", mixed, small)).pipe(live);
      assert(error._tag === "MetricsApiRequestError" && error.reason._tag === "InvalidRequest");
      assert.deepStrictEqual(error.reason.path, [25, "value"]);
      assert.match(error.message, /\[25\]\.value: expected a finite number/);
      assert.strictEqual(error.acknowledged, 20);
      assert.lengthOf(stored(taken), 20);
    }),
  );

  it.effect("is left out and reported when the caller wants that", () =>
    Effect.gen(function* () {
      const { taken, live } = taking();
      const result = yield* Metrics.ingestAll("e", mixed, { ...small, onInvalid: "collect" }).pipe(
        live,
      );
      assert.strictEqual(result.acknowledged, 30);
      assert.lengthOf(stored(taken), 30);
      assert.deepStrictEqual(result.invalid, [
        { index: 25, reason: "value: expected a finite number" },
        { index: 31, reason: "name: expected 1 to 500 characters" },
      ]);
    }),
  );

  it.effect("because it is too large alone is one of them", () =>
    Effect.gen(function* () {
      const { taken, live } = taking((one, n) =>
        one.ids.includes("7") ? status(413) : accept(one, n),
      );
      const result = yield* Metrics.ingestAll("e", events(20), {
        ...small,
        onInvalid: "collect",
      }).pipe(live);
      assert.strictEqual(result.acknowledged, 19);
      assert.deepStrictEqual(
        result.invalid.map(({ index }) => index),
        [7],
      );
      assert.match(result.invalid[0]!.reason, /^413/);
      const error = yield* Effect.flip(Metrics.ingestAll("e", events(20), small)).pipe(live);
      assert(error._tag === "MetricsApiRequestError");
      assert.strictEqual(error.status, 413);
      void taken;
    }),
  );

  for (const name of ["concurrency", "maxBatchEvents", "maxBatchBytes"] as const) {
    for (const limit of [
      0,
      -1,
      1.5,
      Number.NaN,
      Infinity,
      ...(name === "maxBatchEvents" ? [1001] : []),
    ]) {
      it.effect(`a limit is not an event, and refused: ${name}: ${limit}`, () =>
        Effect.gen(function* () {
          const { taken, live } = taking();
          const error = yield* Effect.flip(
            Metrics.ingestAll("e", events(1), { [name]: limit }),
          ).pipe(live);
          assert(error.reason._tag === "InvalidRequest");
          assert.deepStrictEqual(error.reason.path, [name]);
          assert.lengthOf(taken, 0);
        }),
      );
    }
  }
});

it.live("an interruption aborts the batches under way, and nothing is left running", () =>
  Effect.gen(function* () {
    const server = yield* serve((turn) => {
      if (turn.path.endsWith("ingestion-keys")) turn.response.end(answerToAll());
    });
    yield* Effect.gen(function* () {
      const endless = Stream.iterate(0, (n) => n + 1).pipe(Stream.map((n) => event(n)));
      const fiber = yield* Effect.forkChild(Metrics.ingestAll("e", endless));
      for (const n of [2, 3, 4, 5]) yield* server.arrival(n);
      yield* Fiber.interrupt(fiber);
    }).pipe(against("undici", server, { retry: RequestPolicy.noRetry }));
    assert.lengthOf(server.seen, 5);
  }),
);
