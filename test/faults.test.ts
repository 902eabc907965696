/** Faults do what they say, seen without our client: in process, and as a broken connection on a real socket. */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient";
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer";
import { assert, describe, it, layer } from "@effect/vitest";
import { createServer } from "node:http";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import * as FetchHttpClient from "effect/http/FetchHttpClient";
import * as HttpClient from "effect/http/HttpClient";
import * as Layer from "effect/Layer";
import { TestClock } from "effect/testing";
import { Faults, MetricsServer } from "../src/testing.ts";
import { raw } from "./support/raw.ts";

const live = Effect.provide(MetricsServer.layer);

const createFolder = raw("POST", "/folders", { body: { name: "a" } });
const listFolders = raw("GET", "/folders");
const statusOf = <A extends { readonly status: number }, E, R>(self: Effect.Effect<A, E, R>) =>
  Effect.map(self, ({ status }) => status);

describe("a fault", () => {
  it.effect("is for one request, unless it is told how many", () =>
    Effect.gen(function* () {
      yield* Faults.status(503);
      yield* Faults.status(500, { times: 2 });
      const statuses = yield* Effect.replicateEffect(statusOf(listFolders), 4);
      assert.deepStrictEqual(statuses, [503, 500, 500, 200]);
    }).pipe(live),
  );

  it.effect("of no times is none", () =>
    Effect.gen(function* () {
      yield* Faults.status(503, { times: 0 });
      assert.strictEqual((yield* listFolders).status, 200);
    }).pipe(live),
  );

  it.effect("of infinite times lasts until it is cleared", () =>
    Effect.gen(function* () {
      yield* Faults.status(503, { times: Infinity });
      for (let i = 0; i < 20; i++) assert.strictEqual((yield* listFolders).status, 503);
      yield* Faults.clear;
      assert.strictEqual((yield* listFolders).status, 200);
    }).pipe(live),
  );

  it.effect("waits for a request that it matches", () =>
    Effect.gen(function* () {
      yield* Faults.status(501, { match: { method: "POST" } });
      yield* Faults.status(502, { match: { path: "/api/v1/auth/status" } });
      yield* Faults.status(503, { match: { operation: "Folders.list" } });
      yield* Faults.status(504, { match: { path: /^\/api\/v1\/experiments/, method: "GET" } });
      assert.strictEqual((yield* raw("GET", "/experiments")).status, 504);
      assert.strictEqual((yield* listFolders).status, 503);
      assert.strictEqual((yield* raw("GET", "/auth/status")).status, 502);
      assert.strictEqual((yield* createFolder).status, 501);
      assert.strictEqual((yield* createFolder).status, 201);
    }).pipe(live),
  );

  it.effect("matches a global pattern every time", () =>
    Effect.gen(function* () {
      yield* Faults.status(503, { times: 3, match: { path: /folders/g } });
      const statuses = yield* Effect.replicateEffect(statusOf(listFolders), 4);
      assert.deepStrictEqual(statuses, [503, 503, 503, 200]);
    }).pipe(live),
  );

  it.effect("matches the PATCH of an experiment as Experiments.patch", () =>
    Effect.gen(function* () {
      yield* Faults.status(503, { match: { operation: "Experiments.patch" } });
      const patch = raw("PATCH", "/experiments/an%2Fid", { body: {} });
      assert.strictEqual((yield* patch).status, 503);
      assert.strictEqual((yield* patch).status, 404);
    }).pipe(live),
  );

  it.effect("comes before authentication, and its request is in the log", () =>
    Effect.gen(function* () {
      yield* Faults.status(503);
      yield* Faults.dropBefore();
      const wrong = raw("GET", "/folders", { bearer: "wrong" });
      assert.strictEqual((yield* wrong).status, 503);
      yield* Effect.flip(wrong);
      assert.strictEqual((yield* wrong).status, 401);
      assert.deepStrictEqual(
        (yield* Faults.requests).map(({ operation }) => operation),
        ["Folders.list", "Folders.list", "Folders.list"],
      );
    }).pipe(live),
  );
});

describe("status", () => {
  it.effect("answers without acting, with a problem body", () =>
    Effect.gen(function* () {
      yield* Faults.status(503);
      const { json, headers } = yield* createFolder;
      assert.include(headers["content-type"], "application/problem+json");
      assert.strictEqual(json.status, 503);
      assert.isUndefined(headers["x-request-id"]);
      assert.lengthOf((yield* listFolders).json.folders, 0);
    }).pipe(live),
  );

  it.effect("takes Retry-After as a duration or as it stands, and retry-after-ms", () =>
    Effect.gen(function* () {
      const date = "Thu, 01 Jan 1970 00:00:09 GMT";
      yield* Faults.status(429, { retryAfter: Duration.minutes(2) });
      yield* Faults.status(429, { retryAfter: Duration.millis(1001) });
      yield* Faults.status(429, { retryAfter: date, retryAfterMs: 250 });
      const answers = yield* Effect.replicateEffect(listFolders, 3);
      assert.deepStrictEqual(
        answers.map(({ headers }) => [headers["retry-after"], headers["retry-after-ms"]]),
        [
          ["120", undefined],
          ["2", undefined],
          [date, "250"],
        ],
      );
    }).pipe(live),
  );

  it.effect("takes a body and headers", () =>
    Effect.gen(function* () {
      yield* Faults.status(500, {
        body: "oops",
        contentType: "text/plain",
        headers: { "x-request-id": "req-1" },
      });
      const answer = yield* listFolders;
      assert.strictEqual(answer.text, "oops");
      assert.include(answer.headers["content-type"], "text/plain");
      assert.strictEqual(answer.headers["x-request-id"], "req-1");
    }).pipe(live),
  );
});

it.effect("redirect points elsewhere", () =>
  Effect.gen(function* () {
    yield* Faults.redirect("https://elsewhere.test/");
    yield* Faults.redirect("/here", { status: 301 });
    const [first, second] = [yield* listFolders, yield* listFolders];
    assert.strictEqual(first.status, 307);
    assert.strictEqual(first.headers["location"], "https://elsewhere.test/");
    assert.strictEqual(second.status, 301);
    assert.strictEqual(second.headers["location"], "/here");
  }).pipe(live),
);

it.effect("garbage is a 200 that is not what the contract says, without acting", () =>
  Effect.gen(function* () {
    yield* Faults.garbage();
    const page = yield* createFolder;
    assert.strictEqual(page.status, 200);
    assert.include(page.headers["content-type"], "text/html");
    assert.match(page.text, /<title>/);
    yield* Faults.garbage({ body: '{"folder":1}', contentType: "application/json", status: 201 });
    const json = yield* createFolder;
    assert.strictEqual(json.status, 201);
    assert.deepStrictEqual(json.json, { folder: 1 });
    assert.lengthOf((yield* listFolders).json.folders, 0);
  }).pipe(live),
);

describe("in process", () => {
  it.effect("a lost connection is a transport error that says when it was lost", () =>
    Effect.gen(function* () {
      yield* Faults.dropBefore();
      const before = yield* Effect.flip(createFolder);
      assert.strictEqual(before.reason._tag, "TransportError");
      assert.match(before.message, /lost before the server acted/);
      assert.lengthOf((yield* listFolders).json.folders, 0);
      yield* Faults.dropAfter();
      const after = yield* Effect.flip(createFolder);
      assert.strictEqual(after.reason._tag, "TransportError");
      assert.match(after.message, /lost after the server acted/);
      assert.lengthOf((yield* listFolders).json.folders, 1);
    }).pipe(live),
  );

  it.effect("a delay goes by the clock of the test, before the server acts", () =>
    Effect.gen(function* () {
      yield* Faults.delay("1 hour", { match: { method: "POST" } });
      const fiber = yield* Effect.forkChild(createFolder);
      yield* TestClock.adjust("59 minutes");
      assert.isUndefined(fiber.pollUnsafe());
      assert.lengthOf((yield* listFolders).json.folders, 0);
      yield* TestClock.adjust("1 minute");
      const { json } = yield* Fiber.join(fiber);
      assert.strictEqual(json.folder.created_at, "1970-01-01T01:00:00.000Z");
    }).pipe(live),
  );

  it.effect("a request that is interrupted while it waits does nothing", () =>
    Effect.gen(function* () {
      yield* Faults.delay("1 hour", { match: { method: "POST" } });
      const fiber = yield* Effect.forkChild(createFolder);
      yield* TestClock.adjust("1 minute");
      yield* Fiber.interrupt(fiber);
      yield* TestClock.adjust("2 hours");
      assert.lengthOf((yield* listFolders).json.folders, 0);
    }).pipe(live),
  );

  it.effect("two requests with one Idempotency-Key act once, though they wait side by side", () =>
    Effect.gen(function* () {
      yield* Faults.delay("1 second", { times: 2 });
      const send = raw("POST", "/folders", {
        headers: { "idempotency-key": "k" },
        body: { name: "a" },
      });
      const fiber = yield* Effect.forkChild(Effect.all([send, send], { concurrency: "unbounded" }));
      yield* TestClock.adjust("1 second");
      const [first, second] = yield* Fiber.join(fiber);
      assert.strictEqual(first.text, second.text);
      assert.lengthOf((yield* listFolders).json.folders, 1);
    }).pipe(live),
  );
});

const onPort = MetricsServer.layerHttp().pipe(
  Layer.provide(NodeHttpServer.layer(createServer, { port: 0, host: "127.0.0.1" })),
);
const transports = { fetch: FetchHttpClient.layer, undici: NodeHttpClient.layerUndici };

for (const [name, transport] of Object.entries(transports)) {
  layer(Layer.merge(onPort, transport), { excludeTestServices: true })(
    `on a port, over ${name}`,
    (it) => {
      /** How many folders there are, in any number of pages. */
      const count = Effect.map(raw("GET", "/folders?limit=200"), ({ json }) => json.folders.length);

      it.effect("dropBefore breaks the connection, and nothing has happened", () =>
        Effect.gen(function* () {
          const before = yield* count;
          yield* Faults.dropBefore();
          const error = yield* Effect.flip(createFolder);
          assert.strictEqual(error.reason._tag, "TransportError");
          assert.isUndefined(error.response);
          assert.strictEqual(yield* count, before);
        }),
      );

      it.effect("dropAfter breaks the connection, and it has happened", () =>
        Effect.gen(function* () {
          const before = yield* count;
          yield* Faults.dropAfter();
          const error = yield* Effect.flip(createFolder);
          assert.strictEqual(error.reason._tag, "TransportError");
          assert.strictEqual(yield* count, before + 1);
        }),
      );

      it.effect("status, redirect and garbage come as they were asked for", () =>
        Effect.gen(function* () {
          yield* Faults.status(429, {
            retryAfter: "7",
            body: "slow down",
            contentType: "text/plain",
          });
          const slow = yield* listFolders;
          assert.strictEqual(slow.status, 429);
          assert.strictEqual(slow.headers["retry-after"], "7");
          assert.strictEqual(slow.text, "slow down");
          yield* Faults.garbage();
          assert.match((yield* listFolders).text, /<title>/);
          yield* Faults.redirect("http://127.0.0.1:1/");
          const redirected = yield* listFolders.pipe(
            Effect.provideService(FetchHttpClient.RequestInit, { redirect: "manual" }),
          );
          assert.strictEqual(redirected.status, 307);
        }),
      );

      it.effect("the host is the address, with the OpenAPI document and its page", () =>
        Effect.gen(function* () {
          const { host } = yield* MetricsServer.MetricsServer;
          assert.match(host, /^http:\/\/127\.0\.0\.1:\d+$/);
          const document = yield* HttpClient.get(`${host}/openapi.json`);
          assert.property(yield* document.json, "openapi");
          const page = yield* Effect.flatMap(HttpClient.get(`${host}/docs`), ({ text }) => text);
          assert.match(page, /Syvain Metrics \(reference server\)/);
          // It must work offline: nothing is fetched from elsewhere to draw it.
          assert.notMatch(page, /<script[^>]+src=["']?https?:/);
          assert.notMatch(page, /<link[^>]+href=["']?https?:/);
        }),
      );
    },
  );
}

it.live("a server on every address tells one that a client on the same machine can use", () =>
  Effect.gen(function* () {
    const { host } = yield* MetricsServer.MetricsServer;
    assert.match(host, /^http:\/\/127\.0\.0\.1:\d+$/);
    assert.strictEqual((yield* listFolders).status, 200);
  }).pipe(
    Effect.provide(
      MetricsServer.layerHttp().pipe(
        Layer.provide(NodeHttpServer.layer(createServer, { port: 0, host: "0.0.0.0" })),
        Layer.merge(FetchHttpClient.layer),
      ),
    ),
  ),
);
