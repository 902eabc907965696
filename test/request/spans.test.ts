import { assert, describe, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import * as HttpClient from "effect/http/HttpClient";
import * as Option from "effect/Option";
import * as Annotations from "../../src/Annotations.ts";
import * as Experiments from "../../src/Experiments.ts";
import { urlTemplate } from "../../src/internal/wire/operation.ts";
import * as Metrics from "../../src/Metrics.ts";
import { Faults, MetricsServer } from "../../src/testing/index.ts";
import { type Asked, layerAnswering } from "../support/answering.ts";
import { answerAt, calls, marker } from "../support/socket-calls.ts";
import { inVirtualTime } from "../support/virtual-time.ts";
import { spansOf, told } from "../support/spans.ts";

const live = Effect.provide(MetricsServer.layerClient());
const answer = ({ url }: Asked) => new Response(answerAt(url.pathname));

describe("each call is one span, named after it, that tells no id, no query value and no key", () => {
  for (const { name, operation, effect, mints } of calls) {
    it.effect(name, () =>
      Effect.gen(function* () {
        const [span, ...rest] = yield* spansOf(effect);
        assert.deepStrictEqual(
          rest.map(({ name }) => name),
          mints ? ["IngestionKeys.create"] : [],
        );
        const { attributes, ...others } = told(span!);
        assert.deepStrictEqual(others, { name, kind: "client" });
        assert.strictEqual(attributes["http.request.method"], operation.method);
        assert.strictEqual(attributes["url.template"], urlTemplate(operation));
        assert.match(urlTemplate(operation), /^\/api\/v1(\/([a-z-]+|\{[a-z_]+\}))+$/);
        assert.strictEqual(attributes["server.address"], "metrics.syvain.com");
        assert.strictEqual(attributes["http.response.status_code"], 200);
        assert.strictEqual(attributes["syvain.attempts"], 1);
        assert.strictEqual(span!.status._tag, "Ended");
        assert.notMatch(JSON.stringify(attributes), new RegExp(`${marker}|api-key|ingestion-key"`));
      }).pipe(Effect.provide(layerAnswering(answer))),
    );
  }

  it.effect("Metrics.ingest and Annotations.create, with the mint as their child", () =>
    Effect.gen(function* () {
      const { experiment } = yield* Experiments.create({ slug: "a" });
      const spans = yield* spansOf(
        Effect.andThen(
          Metrics.ingest(experiment.id, []),
          Annotations.create(experiment.id, { annotation: "b" }),
        ),
      );
      assert.deepStrictEqual(
        spans.map(({ name }) => name),
        ["Metrics.ingest", "IngestionKeys.create", "Annotations.create"],
      );
      assert.strictEqual(Option.getOrThrow(spans[1]!.parent).spanId, spans[0]!.spanId);
      assert.notMatch(JSON.stringify(spans.map(told)), /ak_|ik_/);
    }).pipe(live),
  );
});

it.effect("a failure is told by its reason, and retries are counted", () =>
  Effect.gen(function* () {
    yield* Faults.status(503, { times: 2 });
    yield* Faults.status(409, { code: "slug_taken" });
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
