/** Faults on API v2: of requests by the names of its calls, of single events, of streams and of tokens. */
import { createServer } from "node:http";
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer";
import { assert, describe, it } from "@effect/vitest";
import * as Cause from "effect/Cause";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import * as FetchHttpClient from "effect/http/FetchHttpClient";
import type * as HttpClient from "effect/http/HttpClient";
import * as Layer from "effect/Layer";
import * as Logger from "effect/Logger";
import * as Stream from "effect/Stream";
import { TestClock } from "effect/testing";
import * as ConfigService from "../../src/ConfigService.ts";
import * as MetricsV1 from "../../src/Metrics.ts";
import * as ExperimentsV1 from "../../src/Experiments.ts";
import * as RequestPolicy from "../../src/RequestPolicy.ts";
import { Faults, MetricsServer } from "../../src/testing/index.ts";
import * as Auth from "../../src/v2/Auth.ts";
import * as Events from "../../src/v2/Events.ts";
import * as Experiments from "../../src/v2/Experiments.ts";
import * as Folders from "../../src/v2/Folders.ts";
import * as Runs from "../../src/v2/Runs.ts";
import * as Series from "../../src/v2/Series.ts";
import { ask } from "./ask.ts";

const once = MetricsServer.layerClient({ retry: RequestPolicy.noRetry });

const point = (step: number) => ({ name: "loss", value: step / 2, step });

/** The names of the operations that came, those of events one by one. */
const operations = Effect.map(Faults.requests, (all) =>
  all.map(({ events, operation }) =>
    events.length > 1 ? events.map((event) => event.operation) : operation,
  ),
);

it.effect("the log names the call of each request, and of each event in it", () =>
  Effect.gen(function* () {
    yield* Auth.status;
    yield* Folders.make("/models");
    yield* Effect.scoped(
      Effect.gen(function* () {
        const run = yield* Runs.open({ slug: "run" });
        yield* run.start;
        yield* run.metrics([point(0), { ...point(1), messageId: "mine" }]);
        yield* run.annotate("a");
        yield* run.error("e");
        yield* Series.read(run.experimentId);
      }),
    );
    yield* Effect.flip(Events.send("syvain.v2.custom", { a: 1 }));
    yield* Events.sendAll([
      { event: "syvain.v2.custom", data: {} },
      { event: "syvain.v2.foldertree.read", data: {} },
    ]);
    yield* ask("POST", "/events", { base: "/api/v2", body: "{" });
    yield* ask("POST", "/query/series", { base: "/api/v2", body: {} });
    yield* ask("GET", "/folders");
    assert.deepStrictEqual(yield* operations, [
      "Auth.status",
      "Folders.tree",
      "Folders.create",
      "Runs.open",
      "Runs.start",
      ["Runs.metrics", "Runs.metrics"],
      "Runs.annotate",
      "Runs.error",
      "Series.read",
      "Runs.revoke",
      undefined,
      [undefined, "Folders.tree"],
      undefined,
      undefined,
      "Folders.list",
    ]);
    const all = yield* Faults.requests;
    const [, second] = all[5]!.events;
    assert.deepInclude(second, {
      operation: "Runs.metrics",
      messageId: "mine",
      event: "syvain.v2.experiment.metric",
    });
    assert.deepInclude(second!.data, { metricName: "loss", metricValue: 0.5, step: 1 });
    assert.deepStrictEqual(all.at(-1)!.events, []);
  }).pipe(Effect.provide(once)),
);

it.effect("a fault waits for the request that has the event, whichever function sends it", () =>
  Effect.gen(function* () {
    yield* Faults.status(503, { match: { operation: "Folders.tree" } });
    yield* Faults.dropAfter({ match: { operation: "Folders.create" } });
    yield* Faults.status(504, {
      code: "slow",
      match: { operation: "Experiments.get", path: /v2/ },
    });
    const { experiment } = yield* ExperimentsV1.create({ slug: "run" });
    yield* ExperimentsV1.get(experiment.id);
    const late = yield* Effect.flip(Experiments.get(experiment.id));
    assert(late._tag === "MetricsApiRequestError");
    assert.deepStrictEqual(
      [late.status, late.detail],
      [504, 'a fault that was asked for: {"code":"slow"}'],
    );
    const away = yield* Effect.flip(Experiments.find("run"));
    assert.strictEqual(away.reason._tag, "ServerStatus");
    const lost = yield* Effect.flip(Folders.create({ name: "models" }));
    assert.strictEqual(lost.reason._tag, "Transport");
    const { experiments, folders } = yield* Folders.tree;
    assert.deepStrictEqual(
      [...experiments, ...folders].map(({ path }) => path),
      ["/run", "/models"],
    );
  }).pipe(Effect.provide(once)),
);

it.effect("a delay goes by the clock of the test", () =>
  Effect.gen(function* () {
    yield* Faults.delay("5 seconds", { match: { operation: "Auth.status" } });
    const fiber = yield* Effect.forkChild(Auth.status);
    yield* TestClock.adjust("4 seconds");
    assert.isUndefined(fiber.pollUnsafe());
    yield* TestClock.adjust("1 second");
    yield* Fiber.join(fiber);
  }).pipe(Effect.provide(once)),
);

describe("refuseEvent", () => {
  it.effect("refuses as many events as it says, and its neighbours are kept", () =>
    Effect.gen(function* () {
      const run = yield* Runs.open({ slug: "run" });
      yield* Faults.refuseEvent("too_many_series", {
        where: ({ data }) => Number(data["step"]) % 2 === 1,
        times: 2,
        message: "no more",
        details: { max: 4096 },
      });
      const { acknowledged, invalid } = yield* run.metrics([0, 1, 2, 3, 4, 5].map(point), {
        onInvalid: "collect",
      });
      assert.strictEqual(acknowledged, 4);
      assert.deepStrictEqual(
        invalid.map(({ code, index }) => [index, code]),
        [
          [1, "too_many_series"],
          [3, "too_many_series"],
        ],
      );
      const [series] = yield* Series.read(run.experimentId);
      assert.deepStrictEqual(series!.steps, [0, 2, 4, 5]);
    }).pipe(Effect.scoped, Effect.provide(once)),
  );

  it.effect("says what it was told to, of any event and of a question for series", () =>
    Effect.gen(function* () {
      yield* Faults.refuseEvent("busy", {
        match: { operation: "Experiments.get" },
        status: 503,
        retryable: true,
        retryAfter: "3 seconds",
        details: { queue: [1, "a"] },
      });
      yield* Faults.refuseEvent("no_series", { match: { operation: "Series.read" } });
      const { experiment } = yield* ExperimentsV1.create({ slug: "run" });
      const busy = yield* Effect.flip(Experiments.get(experiment.id));
      assert(busy._tag === "MetricsApiRequestError");
      assert.deepInclude(busy, { code: "busy", status: 503, retryable: true });
      assert.deepStrictEqual(busy.details, { queue: [1, "a"] });
      assert.match(busy.message, /retry after 3s/);
      const refused = yield* Effect.flip(Series.read(experiment.id));
      assert.deepInclude(refused, { code: "no_series", status: 422, retryable: false });
      assert.deepStrictEqual(yield* Series.read(experiment.id), []);
      yield* Experiments.get(experiment.id);
    }).pipe(Effect.provide(once)),
  );

  it.effect("waits for an event that is asked by who may", () =>
    Effect.gen(function* () {
      yield* Faults.refuseEvent("busy", { match: { operation: "Folders.tree" } });
      const body = [{ messageId: "m", event: "syvain.v2.foldertree.read", data: {} }];
      const wrong = yield* ask("POST", "/events", { base: "/api/v2", bearer: "wrong", body });
      assert.strictEqual(wrong.status, 401);
      assert.deepInclude(yield* Effect.flip(Folders.tree), { code: "busy" });
      yield* Folders.tree;
    }).pipe(Effect.provide(once)),
  );
});

describe("expireToken", () => {
  it.effect("the token of a run is refused from then on, and the run gets itself another", () =>
    Effect.gen(function* () {
      const run = yield* Runs.open({ slug: "run" });
      yield* run.start;
      yield* Faults.expireToken({ match: { operation: "Runs.annotate" } });
      yield* run.metrics([point(0)]);
      yield* run.annotate("a");
      yield* run.done;
      assert.deepStrictEqual((yield* operations).slice(2), [
        "Runs.metrics",
        "Runs.annotate",
        "Runs.refresh",
        "Runs.annotate",
        "Runs.done",
      ]);
      const tokens = (yield* Faults.requests).map(({ headers }) => headers["authorization"]);
      const body = [
        {
          messageId: "m",
          event: "syvain.v2.experiment.done",
          data: { experimentId: run.experimentId },
        },
      ];
      const again = yield* ask("POST", `/experiments/${run.experimentId}/events`, {
        base: "/api/v2",
        bearer: tokens[1]!.replace("Bearer ", ""),
        body,
      });
      assert.deepStrictEqual([again.status, again.message], [401, "the token has expired"]);
      const { annotations } = yield* Experiments.annotations(run.experimentId);
      assert.strictEqual(annotations.length, 1);
    }).pipe(Effect.scoped, Effect.provide(once)),
  );

  it.effect("is for tokens alone, those of v1 too", () =>
    Effect.gen(function* () {
      yield* Faults.expireToken();
      const { experiment } = yield* ExperimentsV1.create({ slug: "run" });
      const ingest = (id: string) =>
        MetricsV1.ingest(experiment.id, [{ clientEventId: id, name: "loss", value: 1 }]);
      yield* ingest("a");
      yield* ingest("b");
      assert.deepStrictEqual(yield* operations, [
        "Experiments.create",
        "IngestionKeys.create",
        "Metrics.ingest",
        "IngestionKeys.create",
        "Metrics.ingest",
        "Metrics.ingest",
      ]);
    }).pipe(Effect.provide(once)),
  );
});

/** Two series of as many points, which come in three lines each. */
const twoSeries = Effect.gen(function* () {
  const run = yield* Runs.open({ slug: "run" });
  const steps = Array.from({ length: 25_000 }, (_, step) => step);
  for (const name of ["acc", "loss"]) {
    yield* run.metrics(steps.map((step) => ({ name, value: step / 8, step })));
  }
  return run.experimentId;
}).pipe(Effect.scoped);

const onPort = Layer.unwrap(
  Effect.map(MetricsServer.MetricsServer, ({ apiKey, host }) =>
    ConfigService.layer({ apiKey, host, retry: RequestPolicy.noRetry }),
  ),
).pipe(
  Layer.provideMerge(MetricsServer.layerHttp()),
  Layer.provide(NodeHttpServer.layer(createServer, { port: 0, host: "127.0.0.1" })),
  Layer.merge(FetchHttpClient.layer),
);
const servers: Record<
  string,
  Layer.Layer<
    MetricsServer.MetricsServer | ConfigService.ConfigService | HttpClient.HttpClient,
    unknown
  >
> = { "in process": once, "on a port": onPort };

for (const [name, server] of Object.entries(servers)) {
  describe(`cutShort, ${name}`, () => {
    it.live("gives some lines of a stream, and then breaks the connection", () => {
      const said: Array<unknown> = [];
      return Effect.gen(function* () {
        const id = yield* twoSeries;
        for (const [fault, batches] of [
          [Faults.cutShort({ lines: 0 }), 0],
          [Faults.cutShort({ match: { operation: "Series.read" } }), 1],
          [Faults.cutShort({ lines: 5 }), 4],
        ] as const) {
          yield* fault;
          let given = 0;
          const error = yield* Series.stream(id).pipe(
            Stream.runForEach(() => Effect.sync(() => given++)),
            Effect.flip,
          );
          assert.strictEqual(given, batches);
          assert.strictEqual(error.reason._tag, "Transport");
        }
        yield* Faults.cutShort();
        const all = yield* RequestPolicy.withPolicy(Series.read(id), {
          retry: RequestPolicy.defaultRetry,
        });
        assert.deepStrictEqual(
          all.map(({ values }) => values.length),
          [25_000, 25_000],
        );
      }).pipe(
        Effect.provide(
          Layer.merge(
            server,
            Logger.layer([
              Logger.make(({ cause, message }) => void said.push(message, Cause.pretty(cause))),
            ]),
          ),
        ),
        Effect.ensuring(Effect.sync(() => assert.deepStrictEqual(said, []))),
      );
    });

    it.live("of an answer that is no stream, half", () =>
      Effect.gen(function* () {
        yield* Faults.cutShort();
        const error = yield* Effect.flip(Folders.create({ name: "models" }));
        assert.strictEqual(error.reason._tag, "Transport");
        assert.strictEqual((yield* Folders.tree).folders.length, 1);
      }).pipe(Effect.provide(server)),
    );
  });
}
