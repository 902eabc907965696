/** Metrics in any number: nothing twice, nothing left out without a word, and what was refused is told by its index. */
import { assert, it } from "@effect/vitest";
import * as DateTime from "effect/DateTime";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import * as Layer from "effect/Layer";
import * as Logger from "effect/Logger";
import * as References from "effect/References";
import * as Schedule from "effect/Schedule";
import * as Stream from "effect/Stream";
import { Faults, MetricsServer } from "../../src/testing/index.ts";
import * as Telemetry from "../../src/Telemetry.ts";
import * as Runs from "../../src/v2/Runs.ts";
import * as Series from "../../src/v2/Series.ts";
import { serve, type Turn } from "../support/socket.ts";
import { type Envelope, envelopesOf, layerV2, usualBody } from "../support/v2.ts";

const isMetrics = (turn: Turn): boolean =>
  envelopesOf(turn)[0]?.event === "syvain.v2.experiment.metric";

/** A service that keeps one point for each id. */
const service = () => {
  const stored = new Map<string, Envelope["data"]>();
  const requests: Array<ReadonlyArray<Envelope>> = [];
  return Effect.map(
    serve((turn) => {
      if (isMetrics(turn)) {
        const envelopes = envelopesOf(turn);
        requests.push(envelopes);
        for (const { data, messageId } of envelopes) stored.set(messageId, data);
      }
      turn.response.end(usualBody(turn));
    }),
    (server) => ({ requests, server, stored }),
  );
};

const steps = (count: number): ReadonlyArray<Runs.MetricPoint> =>
  Array.from({ length: count }, (_, step) => ({ name: "loss", value: step / 2, step }));

const retry = { retry: Schedule.recurs(3) };

const within = <A, E>(
  { server }: { readonly server: Parameters<typeof layerV2>[1] },
  f: (run: Runs.Run) => Effect.Effect<A, E>,
) =>
  Effect.flatMap(Runs.open({ slug: "run" }), f).pipe(
    Effect.scoped,
    Effect.provide(layerV2("undici", server, retry)),
  );

// -----------------------------------------------------------------------------
// In process, where faults are
// -----------------------------------------------------------------------------

const stepOf = ({ data }: MetricsServer.LoggedEvent): number => Number(data["step"]);
const isOdd = (event: MetricsServer.LoggedEvent) => stepOf(event) % 2 === 1;
const isStep = (step: number) => (event: MetricsServer.LoggedEvent) => stepOf(event) === step;

const refuseForGood = (step: number) =>
  Faults.refuseEvent("too_many_series", {
    where: isStep(step),
    message: "no more",
    details: { max: 4096 },
  });

/** What `f` comes to, and the steps that are stored then. */
const inProcess = <A, E>(f: (run: Runs.Run) => Effect.Effect<A, E>) =>
  Effect.gen(function* () {
    const run = yield* Runs.open({ slug: "run" });
    const result = yield* f(run);
    const [series] = yield* Series.read(run.experimentId);
    return { result, all: series?.steps ?? [] };
  }).pipe(Effect.scoped);

/** The metrics that were sent, request by request. */
const sentEvents = Effect.map(Faults.requests, (all) =>
  all.flatMap(({ events, operation }) => (operation === "Runs.metrics" ? [events] : [])),
);
const sentSteps = Effect.map(sentEvents, (all) => all.map((events) => events.map(stepOf)));

// -----------------------------------------------------------------------------
// Tests
// -----------------------------------------------------------------------------

it.live("are sent 1,000 in a request, from an array, a generator or a stream", () =>
  Effect.gen(function* () {
    const all = steps(2500);
    function* generated() {
      // One object, over and over again.
      const point = { name: "loss", value: 0, step: 0 };
      for (const { step, value } of all) yield Object.assign(point, { step, value });
    }
    for (const points of [all, generated(), Stream.fromIterable(all)]) {
      const to = yield* service();
      const result = yield* within(to, (run) => run.metrics(points));
      assert.deepStrictEqual(result, { acknowledged: 2500, batches: 3, invalid: [] });
      assert.deepStrictEqual(
        to.requests.map((envelopes) => envelopes.length).toSorted((a, b) => a - b),
        [500, 1000, 1000],
      );
      assert.deepStrictEqual(
        [...to.stored.values()].map(({ step }) => Number(step)).toSorted((a, b) => a - b),
        all.map(({ step }) => step),
      );
      assert.strictEqual(to.stored.size, 2500);
    }
  }),
);

it.live("are fewer in a request where they are long, which stays at about a mebibyte", () =>
  Effect.gen(function* () {
    const to = yield* service();
    const metadata = Object.fromEntries(
      Array.from({ length: 32 }, (_, i) => [`k${i}`, "v".repeat(100)]),
    );
    const points = steps(1000).map((point) => ({ ...point, metadata }));
    yield* within(to, (run) => run.metrics(points));
    assert.strictEqual(to.stored.size, 1000);
    for (const { body } of to.server.seen.filter(isMetrics))
      assert.isBelow(body.length, 1.05 * 1024 ** 2);
  }),
);

it.live("say what is given, and now where no time is", () =>
  Effect.gen(function* () {
    const to = yield* service();
    const timestamp = DateTime.makeUnsafe(1_700_000_000_000);
    const before = Date.now();
    yield* within(to, (run) =>
      run.metrics([
        { name: "a", value: 1, step: 0, metadata: { split: "val" }, timestamp, messageId: "mine" },
        { name: "b", value: -2.5, step: 1 },
      ]),
    );
    const [[first, second] = []] = to.requests;
    assert.deepStrictEqual(first, {
      messageId: "mine",
      event: "syvain.v2.experiment.metric",
      data: {
        experimentId: "exp-138",
        timestampMs: 1_700_000_000_000,
        step: 0,
        metricName: "a",
        metricValue: 1,
        meta: { split: "val" },
      },
    });
    assert.isAtLeast(Number(second!.data["timestampMs"]), before);
    assert.isAtMost(Number(second!.data["timestampMs"]), Date.now());
    assert.deepStrictEqual(second!.data["meta"], {});
  }),
);

it.live("of which some were refused for now are sent again, those alone and under their ids", () =>
  Effect.gen(function* () {
    yield* Faults.refuseEvent("busy", { where: isOdd, times: 6, status: 503, retryable: true });
    const { all, result } = yield* inProcess((run) => run.metrics(steps(6)));
    assert.deepStrictEqual(result, { acknowledged: 6, batches: 1, invalid: [] });
    assert.deepStrictEqual(yield* sentSteps, [
      [0, 1, 2, 3, 4, 5],
      [1, 3, 5],
      [1, 3, 5],
    ]);
    assert.deepStrictEqual(all, [0, 1, 2, 3, 4, 5]);
  }).pipe(Effect.provide(MetricsServer.layerClient(retry))),
);

it.live(
  "that are sent again in part when the token has expired are not taken for its renewal",
  () =>
    Effect.gen(function* () {
      yield* Faults.refuseEvent("busy", { where: isOdd, times: 3, status: 503, retryable: true });
      const ofMetrics = { match: { operation: "Runs.metrics" } } as const;
      yield* Faults.delay(0, ofMetrics);
      yield* Faults.expireToken(ofMetrics);
      const { all, result } = yield* inProcess((run) => run.metrics(steps(6)));
      assert.deepStrictEqual(result, { acknowledged: 6, batches: 1, invalid: [] });
      assert.deepStrictEqual(yield* sentSteps, [
        [0, 1, 2, 3, 4, 5],
        [1, 3, 5],
        [1, 3, 5],
      ]);
      assert.deepStrictEqual(all, [0, 1, 2, 3, 4, 5]);
    }).pipe(Effect.provide(MetricsServer.layerClient(retry))),
);

it.live("that are sent again in part stand so in the debug log", () =>
  Effect.gen(function* () {
    const sent: Array<ReadonlyArray<number>> = [];
    const logger = Logger.make(({ message }) => {
      const [words, more] = message as readonly [string, { readonly body: string }?];
      if (more === undefined || !words.startsWith("Runs.metrics: attempt")) return;
      sent.push(JSON.parse(more.body).map(stepOf));
    });
    yield* Faults.refuseEvent("busy", { where: isOdd, times: 3, status: 503, retryable: true });
    yield* inProcess((run) => run.metrics(steps(6))).pipe(
      Effect.provide(Layer.merge(Telemetry.layerLog(), Logger.layer([logger]))),
      Effect.provideService(References.MinimumLogLevel, "Debug"),
    );
    assert.deepStrictEqual(sent, [
      [0, 1, 2, 3, 4, 5],
      [1, 3, 5],
    ]);
  }).pipe(Effect.provide(MetricsServer.layerClient(retry))),
);

it.live("whose answer was lost are sent again under their ids, and are there once", () =>
  Effect.gen(function* () {
    yield* Faults.dropAfter({ match: { operation: "Runs.metrics" } });
    const { all } = yield* inProcess((run) => run.metrics(steps(5)));
    const [first, second, ...more] = yield* sentEvents;
    assert.deepStrictEqual(first, second);
    assert.deepStrictEqual(more, []);
    assert.strictEqual(new Set(first!.map(({ messageId }) => messageId)).size, 5);
    assert.deepStrictEqual(all, [0, 1, 2, 3, 4]);
  }).pipe(Effect.provide(MetricsServer.layerClient(retry))),
);

it.live("that are refused for good fail the call, when the others of the request are settled", () =>
  Effect.gen(function* () {
    yield* refuseForGood(1004);
    // One of the others, in the same request.
    yield* Faults.refuseEvent("busy", { where: isStep(1002), status: 503, retryable: true });
    const { all, result: error } = yield* inProcess((run) =>
      Effect.flip(run.metrics(steps(1010), { concurrency: 1 })),
    );
    assert(error._tag === "MetricsApiRequestError");
    assert.strictEqual(error.reason._tag, "Unprocessable");
    assert.strictEqual(
      error.reason.message,
      "point 1004 was refused: 422 Unprocessable Content: no more",
    );
    assert.strictEqual(error.code, "too_many_series");
    assert.deepStrictEqual(error.details, { max: 4096 });
    assert.isFalse(error.retryable);
    // Those of the first request.
    assert.strictEqual(error.acknowledged, 1000);
    assert.strictEqual(all.length, 1009);
  }).pipe(Effect.provide(MetricsServer.layerClient(retry))),
);

it.live(
  "that cannot be sent or are refused are left out and told by their indexes, if that is asked for",
  () =>
    Effect.gen(function* () {
      yield* refuseForGood(3);
      const points = steps(6).map((point) => (point.step === 1 ? { ...point, value: NaN } : point));
      const { all, result } = yield* inProcess((run) =>
        run.metrics(points, { onInvalid: "collect" }),
      );
      assert.deepStrictEqual(result, {
        acknowledged: 4,
        batches: 1,
        invalid: [
          { index: 1, reason: "value: expected a finite number", code: undefined },
          {
            index: 3,
            reason: "point 3 was refused: 422 Unprocessable Content: no more",
            code: "too_many_series",
          },
        ],
      });
      assert.deepStrictEqual(all, [0, 2, 4, 5]);
    }).pipe(Effect.provide(MetricsServer.layerClient(retry))),
);

it.live("that cannot be sent fail the call before their request, with their place", () =>
  Effect.gen(function* () {
    const wrong: ReadonlyArray<readonly [change: object, path: ReadonlyArray<string>]> = [
      [{ value: Infinity }, ["value"]],
      [{ value: "1" }, ["value"]],
      [{ name: "" }, ["name"]],
      [{ name: "n".repeat(501) }, ["name"]],
      [{ step: -1 }, ["step"]],
      [{ step: 0.5 }, ["step"]],
      [{ step: undefined }, ["step"]],
      [{ metadata: { split: 1 } }, ["metadata", "split"]],
      [{ metadata: ["train"] }, ["metadata"]],
      [{ timestamp: 0 }, ["timestamp"]],
      [{ timestamp: DateTime.makeUnsafe(-1) }, ["timestamp"]],
      [{ messageId: "" }, ["messageId"]],
      [{ metdata: {} }, ["metdata"]],
    ];
    for (const [change, path] of wrong) {
      const to = yield* service();
      const points = steps(1003).map((point) =>
        point.step === 1001 ? { ...point, ...change } : point,
      );
      const error = yield* Effect.flip(
        within(to, (run) => run.metrics(points as ReadonlyArray<Runs.MetricPoint>)),
      );
      assert(error._tag === "MetricsApiRequestError" && error.reason._tag === "InvalidRequest");
      assert.deepStrictEqual(error.reason.path, [1001, ...path]);
      assert.strictEqual(error.acknowledged, 1000);
      assert.strictEqual(to.stored.size, 1000);
    }
  }),
);

it.live(
  "of a stream that fails are stored up to there, and the failure is that of the stream",
  () =>
    Effect.gen(function* () {
      const to = yield* service();
      const points = Stream.concat(Stream.fromIterable(steps(5)), Stream.fail("no more" as const));
      assert.strictEqual(yield* Effect.flip(within(to, (run) => run.metrics(points))), "no more");
      assert.strictEqual(to.stored.size, 5);
    }),
);

it.live("in their hundred thousands never wait for more than a few requests", () =>
  Effect.gen(function* () {
    let given = 0;
    let most = 0;
    const to = yield* service();
    function* points() {
      for (; given < 100_000; given++) {
        most = Math.max(most, given - to.stored.size);
        yield { name: "loss", value: given, step: given };
      }
    }
    const { acknowledged } = yield* within(to, (run) => run.metrics(points(), { concurrency: 2 }));
    assert.strictEqual(acknowledged, 100_000);
    assert.isBelow(most, 10_000);
  }),
);

it.live("of a stream that goes on are sent as soon as a thousand are there", () =>
  Effect.gen(function* () {
    const to = yield* service();
    yield* within(to, (run) =>
      Effect.gen(function* () {
        const points = Stream.concat(Stream.fromIterable(steps(1000)), Stream.never);
        const fiber = yield* Effect.forkChild(run.metrics(points));
        // What opened the run was the first.
        yield* to.server.arrival(2);
        yield* Fiber.interrupt(fiber);
        assert.strictEqual(to.stored.size, 1000);
      }),
    );
  }),
);

it.live("none are no request", () =>
  Effect.gen(function* () {
    const to = yield* service();
    const result = yield* within(to, (run) => run.metrics([]));
    assert.deepStrictEqual(result, { acknowledged: 0, batches: 0, invalid: [] });
    assert.deepStrictEqual(to.requests, []);
  }),
);
