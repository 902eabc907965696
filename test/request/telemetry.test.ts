/** What a real receiver of OTLP is told of the calls of a program. */
import { assert, describe, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Logger from "effect/Logger";
import * as Metric from "effect/Metric";
import * as References from "effect/References";
import * as Schedule from "effect/Schedule";
import * as Experiments from "../../src/Experiments.ts";
import * as IngestionKeyCache from "../../src/IngestionKeyCache.ts";
import * as IngestionKeys from "../../src/IngestionKeys.ts";
import * as Metrics from "../../src/Metrics.ts";
import * as RequestPolicy from "../../src/RequestPolicy.ts";
import * as RetryBudget from "../../src/RetryBudget.ts";
import * as Telemetry from "../../src/Telemetry.ts";
import { Faults, MetricsServer } from "../../src/testing/index.ts";
import { type OtlpMetric, receiver, record } from "../support/otlp.ts";

const at = { "server.address": "metrics.test", "server.port": 443 };

/** Two retries, a failure that is not retried, a key that is replaced, and a budget that is used up. */
const program = Effect.gen(function* () {
  yield* Faults.status(503, { times: 2 });
  const { experiment } = yield* Experiments.create({ slug: "a" });
  yield* Faults.status(409, { match: { operation: "Experiments.create" } });
  yield* Effect.flip(Experiments.create({ slug: "a" }));
  yield* Metrics.ingest(experiment.id, []);
  const { keys } = yield* IngestionKeys.list(experiment.id);
  // By somebody else: the cache does not hear of it.
  yield* IngestionKeys.revoke(experiment.id, keys[0]!.id).pipe(
    Effect.provide(Layer.fresh(IngestionKeyCache.layer)),
  );
  yield* Metrics.ingest(experiment.id, []);
  yield* Faults.status(503);
  const none = yield* RetryBudget.make({ capacity: 0 });
  yield* Effect.flip(Experiments.list()).pipe(RequestPolicy.withPolicy({ retryBudget: none }));
  yield* Faults.dropBefore();
  yield* Effect.flip(Experiments.list()).pipe(RequestPolicy.withRetry(RequestPolicy.noRetry));
});

const told = Effect.gen(function* () {
  const { received, layer } = yield* receiver;
  yield* program.pipe(
    Effect.provide(
      Layer.mergeAll(
        MetricsServer.layerClient({ retry: Schedule.recurs(4) }),
        Telemetry.layer,
        Telemetry.layerLog(),
        layer.pipe(Layer.provide(Logger.layer([]))),
        Layer.succeed(References.MinimumLogLevel, "Debug"),
      ),
    ),
    Effect.provideService(Metric.MetricRegistry, new Map()),
  );
  return received;
});

const points = (metrics: ReadonlyArray<OtlpMetric>, name: string) => {
  const metric = metrics.find((metric) => metric.name === name);
  return (metric?.histogram ?? metric?.sum)?.dataPoints.map(({ attributes, asDouble, count }) => [
    record(attributes),
    Number(asDouble ?? count),
  ]);
};

describe("a receiver of OTLP is told", () => {
  it.live("one span for each call, with a retry as an event", () =>
    Effect.gen(function* () {
      const spans = (yield* told).spans();
      assert.deepStrictEqual(spans.map(({ name }) => name).toSorted(), [
        "Experiments.create",
        "Experiments.create",
        "Experiments.list",
        "Experiments.list",
        "IngestionKeys.create",
        "IngestionKeys.create",
        "IngestionKeys.list",
        "IngestionKeys.revoke",
        "Metrics.ingest",
        "Metrics.ingest",
      ]);
      const [first, second] = spans.filter(({ name }) => name === "Experiments.create");
      assert.strictEqual(first!.kind, 3);
      assert.deepStrictEqual(record(first!.attributes), {
        ...at,
        "http.request.method": "POST",
        "url.template": "/api/v1/experiments",
        "http.response.status_code": 201,
        "http.request.resend_count": 2,
        "syvain.attempts": 3,
      });
      assert.deepStrictEqual(
        first!.events.map(({ name, attributes }) => [name, record(attributes)]),
        [1, 2].map((n) => [
          "retry",
          {
            "error.type": "ServerStatus",
            "http.request.resend_count": n,
            "syvain.retry.delay": 0,
          },
        ]),
      );
      assert.deepStrictEqual(record(second!.attributes), {
        ...at,
        "http.request.method": "POST",
        "url.template": "/api/v1/experiments",
        "http.response.status_code": 409,
        "error.type": "Conflict",
        "syvain.attempts": 1,
      });
      assert.strictEqual(second!.status.code, 2);
    }),
  );

  it.live("the duration of requests as OpenTelemetry has it, in seconds", () =>
    Effect.gen(function* () {
      const metrics = (yield* told).metrics();
      const durations = metrics.find(({ name }) => name === "http.client.request.duration");
      assert(durations !== undefined);
      assert.strictEqual(durations.unit, "s");
      assert.deepStrictEqual(
        durations.histogram?.dataPoints[0]?.explicitBounds,
        [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10],
      );
      const server = { "server.address": "metrics.test", "server.port": "443", unit: "s" };
      const list = { "http.request.method": "GET", "url.template": "/api/v1/experiments" };
      const create = { ...list, "http.request.method": "POST" };
      const status = (status: number) => ({
        "http.response.status_code": String(status),
        ...(status >= 400 && { "error.type": String(status) }),
      });
      const all = points(metrics, "http.client.request.duration")!;
      for (const [attributes, count] of [
        [{ ...create, ...status(503) }, 2],
        [{ ...create, ...status(201) }, 1],
        [{ ...create, ...status(409) }, 1],
        [{ ...list, ...status(503) }, 1],
        [{ ...list, "error.type": "Transport" }, 1],
      ] as const) {
        assert.deepInclude(all, [{ ...server, ...attributes }, count]);
      }
    }),
  );

  it.live("the duration of calls, retries, mints anew and what the budget did not allow", () =>
    Effect.gen(function* () {
      const metrics = (yield* told).metrics();
      const calls = points(metrics, "syvain.client.call.duration")!;
      const server = { "server.address": "metrics.test", "server.port": "443", unit: "s" };
      assert.deepInclude(calls, [{ ...server, "syvain.operation": "Metrics.ingest" }, 2]);
      assert.deepInclude(calls, [
        { ...server, "syvain.operation": "Experiments.create", "error.type": "Conflict" },
        1,
      ]);
      assert.deepStrictEqual(points(metrics, "syvain.client.retries"), [
        [{ "syvain.operation": "Experiments.create", "error.type": "ServerStatus" }, 2],
      ]);
      assert.deepStrictEqual(points(metrics, "syvain.client.remints"), [
        [{ "syvain.operation": "Metrics.ingest" }, 1],
      ]);
      assert.deepStrictEqual(points(metrics, "syvain.client.retry_budget.exhausted"), [
        [{ "syvain.operation": "Experiments.list" }, 1],
      ]);
    }),
  );

  it.live("no key, in spans, metrics and debug logs", () =>
    Effect.gen(function* () {
      const { bodies } = yield* told;
      const paths = new Set(bodies.map(({ path }) => path));
      assert.deepStrictEqual([...paths].toSorted(), ["/v1/logs", "/v1/metrics", "/v1/traces"]);
      for (const { text } of bodies) assert.notMatch(text, /ak_|ik_/);
    }),
  );
});
