/** The headers of every request: those that say who asks, and those of a region of code. */
import { assert, describe, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import manifest from "../../package.json" with { type: "json" };
import * as Experiments from "../../src/Experiments.ts";
import { version } from "../../src/internal/base/version.ts";
import * as Metrics from "../../src/Metrics.ts";
import * as RequestPolicy from "../../src/RequestPolicy.ts";
import { Faults, MetricsServer } from "../../src/testing/index.ts";
import { type Asked, layerAnswering } from "../support/answering.ts";
import { answerAt, calls } from "../support/socket-calls.ts";
import { inVirtualTime } from "../support/virtual-time.ts";

const live = Effect.provide(MetricsServer.layerClient());
const list = Experiments.list();

it("the version of the sources is the version of package.json", () => {
  assert.strictEqual(version, manifest.version);
});

describe("every request says who asks, with which key, and what it sends and accepts", () => {
  for (const { name, operation, effect } of calls) {
    it.effect(name, () =>
      Effect.gen(function* () {
        const asked: Array<Asked> = [];
        const answer = ({ url }: Asked) => new Response(answerAt(url.pathname));
        yield* Effect.provide(effect, layerAnswering(answer, { asked }));
        const { method, headers, body } = asked.at(-1)!.request;
        const { "idempotency-key": _key, "content-length": length, ...rest } = headers;
        const isWrite = method === "POST" || method === "PATCH";
        assert.deepStrictEqual(
          { ...rest },
          {
            accept:
              name === "Metrics.querySeries"
                ? "application/vnd.syvain.metric-series+ndjson"
                : "application/json",
            authorization: `Bearer ${operation.auth === "apiKey" ? "api-key" : "ingestion-key"}`,
            "user-agent": `syvain-metrics-effect/${manifest.version}`,
            "x-syvain-client": "syvain-metrics-effect",
            "x-syvain-client-version": manifest.version,
            ...(isWrite && {
              "content-type": "application/json",
            }),
          },
        );
        assert.strictEqual(body._tag === "Empty", !isWrite);
        assert.strictEqual(length === undefined, !isWrite);
      }),
    );
  }
});

describe("extra headers", () => {
  it.effect("go with every request of their region, and with no other", () =>
    Effect.gen(function* () {
      const { experiment } = yield* Experiments.create({ slug: "a" });
      yield* Faults.status(503);
      yield* Metrics.ingest(experiment.id, []).pipe(
        RequestPolicy.withHeaders({ "X-Team": "vision" }),
        inVirtualTime,
      );
      yield* list;
      const requests = yield* Faults.requests;
      assert.deepStrictEqual(
        requests.map(({ operation, headers }) => [operation, headers["x-team"]]),
        [
          ["Experiments.create", undefined],
          ["IngestionKeys.create", "vision"],
          ["IngestionKeys.create", "vision"],
          ["Metrics.ingest", "vision"],
          ["Experiments.list", undefined],
        ],
      );
    }).pipe(live),
  );

  it.effect("add up, the inner one winning, whatever the case of its name", () =>
    Effect.gen(function* () {
      yield* list.pipe(
        RequestPolicy.withHeaders({ "X-A": "inner", "x-b": "inner" }),
        RequestPolicy.withHeaders({ "x-a": "outer", "x-c": "outer" }),
      );
      const [{ headers } = assert.fail()] = yield* Faults.requests;
      assert.deepStrictEqual(
        ["x-a", "x-b", "x-c"].map((name) => headers[name]),
        ["inner", "inner", "outer"],
      );
    }).pipe(live),
  );

  it.effect("may name the program to the service", () =>
    Effect.gen(function* () {
      yield* list.pipe(RequestPolicy.withHeaders({ "user-agent": "trainer/1.2" }));
      const [{ headers } = assert.fail()] = yield* Faults.requests;
      assert.strictEqual(headers["user-agent"], "trainer/1.2");
    }).pipe(live),
  );

  for (const [name, value] of [
    ["Authorization", "Bearer other"],
    ["idempotency-key", "k"],
    ["Accept", "text/html"],
    ["content-type", "text/plain"],
    ["host", "elsewhere"],
    ["", "empty"],
    ["a b", "space"],
    ["x-a", "two\r\nlines"],
    ["x-a", "\u{1f511}"],
    ["x-a", undefined as never],
  ] as const) {
    it.effect(`${JSON.stringify({ [name]: value })} is refused, and nothing is sent`, () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(list.pipe(RequestPolicy.withHeaders({ [name]: value })));
        assert(error._tag === "MetricsApiRequestError" && error.reason._tag === "InvalidRequest");
        assert.deepStrictEqual(error.reason.path, ["headers", name]);
        assert.lengthOf(yield* Faults.requests, 0);
      }).pipe(live),
    );
  }
});
