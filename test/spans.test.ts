import { assert, describe, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import * as HttpClient from "effect/http/HttpClient";
import * as Option from "effect/Option";
import * as Annotations from "../src/Annotations.ts";
import * as Auth from "../src/Auth.ts";
import * as Experiments from "../src/Experiments.ts";
import * as Folders from "../src/Folders.ts";
import * as IngestionKeys from "../src/IngestionKeys.ts";
import * as Metrics from "../src/Metrics.ts";
import { Faults, MetricsServer } from "../src/testing.ts";
import { inVirtualTime } from "./support/virtual-time.ts";
import { spansOf, told } from "./support/spans.ts";

const live = Effect.provide(MetricsServer.layerClient());

/** Ids and query values that must not show. */
const id = "id-s3cret";
const value = "value-s3cret";
const metric = { metricName: value, metadataKey: value };

describe("each call is one span, named after it, that tells no id, no query value and no key", () => {
  const folder = "/api/v1/folders/{folder_id}";
  const experiment = "/api/v1/experiments/{experiment_id}";
  for (const [name, method, template, call] of [
    ["Auth.status", "GET", "/api/v1/auth/status", Auth.status],
    ["Folders.list", "GET", "/api/v1/folders", Folders.list({ parentId: value })],
    ["Folders.create", "POST", "/api/v1/folders", Folders.create({ name: value })],
    ["Folders.get", "GET", folder, Folders.get(id)],
    ["Folders.patch", "PATCH", folder, Folders.patch(id, { name: value })],
    ["Folders.rename", "PATCH", folder, Folders.rename(id, value)],
    ["Folders.move", "PATCH", folder, Folders.move(id, null)],
    ["Experiments.list", "GET", "/api/v1/experiments", Experiments.list({ slug: value })],
    ["Experiments.create", "POST", "/api/v1/experiments", Experiments.create({ slug: value })],
    ["Experiments.get", "GET", experiment, Experiments.get(id)],
    ["Experiments.updateStatus", "PATCH", experiment, Experiments.updateStatus(id, "done")],
    ["Experiments.move", "PATCH", experiment, Experiments.move(id, null)],
    ["Metrics.list", "GET", `${experiment}/metrics`, Metrics.list(id, { name: value })],
    ["Metrics.compare", "POST", "/api/v1/metrics/compare", Metrics.compare([])],
    ["Metrics.listCatalog", "GET", "/api/v1/metrics/catalog", Metrics.listCatalog()],
    [
      "Metrics.inspectCatalogValues",
      "GET",
      "/api/v1/metrics/catalog/values",
      Metrics.inspectCatalogValues(metric),
    ],
    ["IngestionKeys.list", "GET", `${experiment}/ingestion-keys`, IngestionKeys.list(id)],
    ["IngestionKeys.create", "POST", `${experiment}/ingestion-keys`, IngestionKeys.create(id)],
    [
      "IngestionKeys.revoke",
      "DELETE",
      `${experiment}/ingestion-keys/{ingestion_key_id}`,
      IngestionKeys.revoke(id, id),
    ],
    ["Annotations.list", "GET", `${experiment}/annotations`, Annotations.list(id)],
  ] as const) {
    it.effect(name, () =>
      Effect.gen(function* () {
        const spans = yield* spansOf(call as Effect.Effect<unknown, unknown, never>);
        assert.lengthOf(spans, 1);
        const { attributes, ...rest } = told(spans[0]!);
        assert.deepStrictEqual(rest, { name, kind: "client" });
        assert.strictEqual(attributes["http.request.method"], method);
        assert.strictEqual(attributes["url.template"], template);
        assert.strictEqual(attributes["server.address"], "metrics.test");
        assert.isNumber(attributes["http.response.status_code"]);
        assert.strictEqual(attributes["syvain.attempts"], 1);
        assert.strictEqual(spans[0]!.status._tag, "Ended");
        assert.notMatch(JSON.stringify(attributes), /s3cret|sk_|ik_/);
      }).pipe(live),
    );
  }

  it.effect("Metrics.ingest and Annotations.create, with the mint as their child", () =>
    Effect.gen(function* () {
      const { experiment } = yield* Experiments.create({ slug: "a" });
      const spans = yield* spansOf(
        Effect.andThen(
          Metrics.ingest(experiment.id, []),
          Annotations.create(experiment.id, { text: "b" }),
        ),
      );
      assert.deepStrictEqual(
        spans.map(({ name }) => name),
        ["Metrics.ingest", "IngestionKeys.create", "Annotations.create"],
      );
      assert.strictEqual(Option.getOrThrow(spans[1]!.parent).spanId, spans[0]!.spanId);
      assert.notMatch(JSON.stringify(spans.map(told)), /sk_|ik_/);
    }).pipe(live),
  );
});

it.effect("a failure is told by its reason, and retries are counted", () =>
  Effect.gen(function* () {
    yield* Faults.status(503, { times: 2 });
    yield* Faults.status(409);
    const spans = yield* inVirtualTime(spansOf(Experiments.create({ slug: "a" })));
    const { attributes } = told(spans[0]!);
    assert.strictEqual(attributes["error.type"], "Conflict");
    assert.strictEqual(attributes["http.response.status_code"], 409);
    assert.strictEqual(attributes["syvain.attempts"], 3);
    assert.strictEqual(attributes["http.request.resend_count"], 2);
  }).pipe(live),
);

it.effect("without an answer there is no status", () =>
  Effect.gen(function* () {
    yield* Faults.dropBefore({ times: 5 });
    const spans = yield* inVirtualTime(spansOf(Experiments.list()));
    const { attributes } = told(spans[0]!);
    assert.strictEqual(attributes["error.type"], "Transport");
    assert.notProperty(attributes, "http.response.status_code");
  }).pipe(live),
);

describe("without a tracer", () => {
  /** The name of the span that a transport finds itself in. */
  const seen = Effect.gen(function* () {
    const names: Array<string | undefined> = [];
    yield* Effect.provideServiceEffect(
      Experiments.list(),
      HttpClient.HttpClient,
      Effect.map(
        HttpClient.HttpClient,
        HttpClient.mapRequestEffect((request) =>
          Effect.option(Effect.currentSpan).pipe(
            Effect.map((span) => {
              names.push(Option.getOrUndefined(span)?.name);
              return request;
            }),
          ),
        ),
      ),
    );
    return names;
  });

  it.effect("a call in a span is one all the same", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* Effect.withSpan(seen, "mine"), ["Experiments.list"]);
    }).pipe(live),
  );

  it.effect("a call that nobody would see is none", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* seen, [undefined]);
    }).pipe(live),
  );
});

describe("trace headers", () => {
  const headers = Effect.map(Faults.requests, ([request]) => request!.headers);

  it.effect("do not go to the service", () =>
    Effect.gen(function* () {
      yield* Effect.withSpan(Experiments.list(), "mine");
      assert.notProperty(yield* headers, "traceparent");
      assert.notProperty(yield* headers, "b3");
    }).pipe(live),
  );

  it.effect("go there when asked for, and name the span of the call", () =>
    Effect.gen(function* () {
      const [span] = yield* spansOf(Experiments.list());
      assert.strictEqual((yield* headers)["traceparent"], `00-${span!.traceId}-${span!.spanId}-01`);
    }).pipe(Effect.provide(MetricsServer.layerClient({ propagateTraces: true }))),
  );
});
