/** The requests that arrived can be read, and a server in process keeps to itself. */
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer";
import { assert, it } from "@effect/vitest";
import { createServer } from "node:http";
import { inspect } from "node:util";
import * as Effect from "effect/Effect";
import * as FetchHttpClient from "effect/http/FetchHttpClient";
import * as HttpClient from "effect/http/HttpClient";
import * as Layer from "effect/Layer";
import * as Redacted from "effect/Redacted";
import * as Tracer from "effect/Tracer";
import { Faults, MetricsServer } from "../../src/testing/index.ts";
import { ask, promise } from "./ask.ts";

promise("the log has method, path, query, headers and body, and shows no key", function* () {
  const headers = { "Idempotency-Key": "k" };
  yield* ask("POST", "/folders", { headers, body: { name: "a" } });
  yield* ask("GET", "/metrics?series=a%2Fb+c&series=d");
  yield* ask("POST", "/folders", { body: "{" });
  yield* ask("GET", "/nothing");
  const all = yield* Faults.requests;
  assert.deepStrictEqual(
    all.map(({ operation, method, path, query, body }) => [operation, method, path, query, body]),
    [
      ["Folders.create", "POST", "/api/v1/folders", [], { name: "a" }],
      [
        "Metrics.compare",
        "GET",
        "/api/v1/metrics",
        [
          ["series", "a/b c"],
          ["series", "d"],
        ],
        undefined,
      ],
      ["Folders.create", "POST", "/api/v1/folders", [], "{"],
      [undefined, "GET", "/api/v1/nothing", [], undefined],
    ],
  );
  assert.strictEqual(all[0]?.headers["idempotency-key"], "k");
  for (const shown of [JSON.stringify(all), inspect(all, { depth: 9 })]) {
    assert.include(shown, "<redacted>");
    assert.notInclude(shown, "ak_org_");
  }
});

promise("a new API key is made as those of the service are, and is like no other", function* () {
  const key = Effect.map(MetricsServer.MetricsServer, ({ apiKey }) => Redacted.value(apiKey));
  const [one, two] = [yield* key, yield* Effect.provide(key, Layer.fresh(MetricsServer.layer))];
  assert.match(one, /^ak_org_[\da-f]{48}$/);
  assert.notStrictEqual(one, two);
});

promise("a server in process adds no span", function* () {
  const spans: Array<string> = [];
  const tracer = Tracer.make({
    span: (options) => {
      spans.push(options.name);
      return new Tracer.NativeSpan(options);
    },
  });
  yield* ask("POST", "/folders", { body: { name: "a" } }).pipe(
    Effect.provideService(HttpClient.TracerDisabledWhen, () => true),
    Effect.provideService(Tracer.Tracer, tracer),
    Effect.withTracerEnabled(true),
  );
  assert.deepStrictEqual(spans, []);
});

promise(
  "a server in process answers for its own host only",
  function* () {
    const server = yield* MetricsServer.MetricsServer;
    assert.strictEqual(server.host, "https://metrics.example");
    const other = { ...server, host: "https://other.test" };
    const error = yield* ask("GET", "/folders").pipe(
      Effect.provideService(MetricsServer.MetricsServer, other),
      Effect.flip,
    );
    assert.match(String(error), /other\.test is not https:\/\/metrics\.example/);
  },
  { host: "https://metrics.example/" },
);

promise("healthz is a small JSON that needs no key", function* () {
  const { status, json } = yield* ask("GET", "/healthz", { base: "", bearer: null });
  assert.deepStrictEqual([status, json], [200, { status: "ok" }]);
});

it.live("on a port, too, a body over 16 MiB is 413, whether its length is known or not", () =>
  Effect.gen(function* () {
    const { host } = yield* MetricsServer.MetricsServer;
    const bytes = new Uint8Array(16 * 1024 * 1024 + 1).fill(32);
    for (const body of [bytes, new Blob([bytes]).stream()]) {
      const response = yield* Effect.promise(() =>
        fetch(`${host}/api/v1/folders`, { method: "POST", body, duplex: "half" } as RequestInit),
      );
      assert.strictEqual(response.status, 413);
      const { error } = yield* Effect.promise(() => response.json());
      assert.strictEqual(error.details, "code=body_too_large");
    }
    assert.strictEqual((yield* ask("GET", "/folders")).status, 200);
  }).pipe(
    Effect.provide(
      MetricsServer.layerHttp().pipe(
        Layer.provide(NodeHttpServer.layer(createServer, { port: 0, host: "127.0.0.1" })),
        Layer.merge(FetchHttpClient.layer),
      ),
    ),
  ),
);
