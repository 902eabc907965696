/** Faults do what they say, seen without our client: in process, and as a broken connection on a real socket. */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient";
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer";
import { assert, it, layer } from "@effect/vitest";
import { createServer } from "node:http";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import * as FetchHttpClient from "effect/http/FetchHttpClient";
import * as HttpClient from "effect/http/HttpClient";
import * as Layer from "effect/Layer";
import { TestClock } from "effect/testing";
import { Faults, MetricsServer } from "../../src/testing/index.ts";
import { within5s } from "../support/socket.ts";
import { ask, promise } from "./ask.ts";

let names = 0;
const create = Effect.suspend(() => ask("POST", "/folders", { body: { name: `${names++}` } }));
const list = ask("GET", "/folders");
const count = Effect.map(list, ({ data }) => data.folders.length as number);

/** The statuses of so many requests, one behind the other. */
const statuses = (times: number, request: ReturnType<typeof ask> = list) =>
  Effect.replicateEffect(
    Effect.map(request, ({ status }) => status),
    times,
  );

promise(
  "a fault is for one request by default, of no times for none, of infinite times until it is cleared",
  function* () {
    yield* Faults.status(503);
    yield* Faults.status(504, { times: 0 });
    yield* Faults.status(500, { times: 2 });
    assert.deepStrictEqual(yield* statuses(4), [503, 500, 500, 200]);
    yield* Faults.status(503, { times: Infinity });
    assert.deepStrictEqual(yield* statuses(20), Array(20).fill(503));
    yield* Faults.clear;
    assert.deepStrictEqual(yield* statuses(1), [200]);
  },
);

promise(
  "a fault waits for a request that it matches, by method, path, pattern or operation",
  function* () {
    yield* Faults.status(501, { match: { method: "POST", operation: "Folders.create" } });
    yield* Faults.status(502, { match: { path: "/api/v1/auth/status" } });
    yield* Faults.status(503, { match: { operation: "Folders.list" } });
    yield* Faults.status(504, {
      times: 2,
      match: { path: /^\/api\/v1\/experiments/g, method: "GET" },
    });
    yield* Faults.status(505, { match: { operation: "Experiments.updateStatus" } });
    yield* Faults.status(506, { match: { operation: "Experiments.move" } });
    const path = "/experiments/an%2Fid";
    const experiments = ask("GET", "/experiments");
    assert.deepStrictEqual(yield* statuses(3, experiments), [504, 504, 200]);
    assert.deepStrictEqual(yield* statuses(2), [503, 200]);
    assert.deepStrictEqual(yield* statuses(2, ask("GET", "/auth/status")), [502, 200]);
    assert.deepStrictEqual(yield* statuses(2, create), [501, 201]);
    const move = ask("PATCH", path, { body: { folder_id: null } });
    assert.deepStrictEqual(yield* statuses(2, move), [506, 404]);
    const update = ask("POST", path, { body: { status: "done" } });
    assert.deepStrictEqual(yield* statuses(2, update), [505, 404]);
  },
);

promise("a fault comes before authentication, and its request is in the log", function* () {
  yield* Faults.status(503);
  yield* Faults.dropBefore();
  const wrong = ask("GET", "/folders", { bearer: "wrong" });
  assert.strictEqual((yield* wrong).status, 503);
  yield* Effect.flip(wrong);
  assert.strictEqual((yield* wrong).status, 401);
  const operations = (yield* Faults.requests).map(({ operation }) => operation);
  assert.deepStrictEqual(operations, ["Folders.list", "Folders.list", "Folders.list"]);
});

promise(
  "status answers without acting, in the envelope, with a code if there is one",
  function* () {
    yield* Faults.status(503);
    yield* Faults.status(409, { code: "idempotency_key_in_progress" });
    const [plain, coded] = [yield* create, yield* create];
    const error = { message: "a fault that was asked for" };
    assert.deepStrictEqual([plain.status, plain.json], [503, { data: null, error }]);
    assert.strictEqual(coded.outcome, "409 idempotency_key_in_progress");
    assert.isUndefined(plain.headers["x-request-id"]);
    assert.strictEqual(yield* count, 0);
  },
);

promise(
  "status takes Retry-After as a duration or as it stands, retry-after-ms, a body and headers",
  function* () {
    const date = "Thu, 01 Jan 1970 00:00:09 GMT";
    yield* Faults.status(429, { retryAfter: Duration.minutes(2) });
    yield* Faults.status(429, { retryAfter: Duration.millis(1001) });
    yield* Faults.status(429, { retryAfter: date, retryAfterMs: 250 });
    const answers = yield* Effect.replicateEffect(list, 3);
    assert.deepStrictEqual(
      answers.map(({ headers }) => [headers["retry-after"], headers["retry-after-ms"]]),
      [
        ["120", undefined],
        ["2", undefined],
        [date, "250"],
      ],
    );
    const headers = { "x-request-id": "req-1" };
    yield* Faults.status(500, { body: "oops", contentType: "text/plain", headers });
    const answer = yield* list;
    assert.deepStrictEqual([answer.text, answer.headers["x-request-id"]], ["oops", "req-1"]);
    assert.include(answer.headers["content-type"], "text/plain");
  },
);

promise(
  "redirect points elsewhere, garbage is not what the contract says, neither acts",
  function* () {
    yield* Faults.redirect("https://elsewhere.test/");
    yield* Faults.redirect("/here", { status: 301 });
    yield* Faults.garbage();
    yield* Faults.garbage({ body: '{"folder":1}', contentType: "application/json", status: 201 });
    const [first, second, page, json] = yield* Effect.replicateEffect(create, 4);
    assert.deepStrictEqual(
      [first, second].map((one) => [one!.status, one!.headers["location"]]),
      [
        [307, "https://elsewhere.test/"],
        [301, "/here"],
      ],
    );
    assert.strictEqual(page!.status, 200);
    assert.match(page!.text, /<title>/);
    assert.deepStrictEqual([json!.status, json!.json], [201, { folder: 1 }]);
    assert.strictEqual(yield* count, 0);
  },
);

promise(
  "in process, a lost connection is a transport error that says when it was lost",
  function* () {
    for (const [fault, message, folders] of [
      [Faults.dropBefore(), /lost before the server acted/, 0],
      [Faults.dropAfter(), /lost after the server acted/, 1],
    ] as const) {
      yield* fault;
      const error = yield* Effect.flip(create);
      assert.strictEqual(error.reason._tag, "TransportError");
      assert.match(error.message, message);
      assert.strictEqual(yield* count, folders);
    }
  },
);

promise(
  "a delay goes by the clock of the test, before the server acts, and can be interrupted",
  function* () {
    yield* Faults.delay("1 hour", { times: 2, match: { method: "POST" } });
    const [gone, waiting] = [yield* Effect.forkChild(create), yield* Effect.forkChild(create)];
    yield* TestClock.adjust("59 minutes");
    yield* Fiber.interrupt(gone);
    assert.isUndefined(waiting.pollUnsafe());
    assert.strictEqual(yield* count, 0);
    yield* TestClock.adjust("1 minute");
    assert.strictEqual((yield* Fiber.join(waiting)).status, 201);
    assert.strictEqual(yield* count, 1);
  },
);

const onPort = (host: string) =>
  MetricsServer.layerHttp().pipe(
    Layer.provide(NodeHttpServer.layer(() => createServer(), { port: 0, host })),
  );
const transports = { fetch: FetchHttpClient.layer, undici: NodeHttpClient.layerUndici };

for (const [name, transport] of Object.entries(transports)) {
  layer(Layer.merge(onPort("127.0.0.1"), transport), { excludeTestServices: true })(
    `on a port, over ${name}`,
    (it) => {
      it.effect("a dropped connection breaks, before the server acts or after", () =>
        Effect.gen(function* () {
          for (const [fault, done] of [
            [Faults.dropBefore(), 0],
            [Faults.dropAfter(), 1],
          ] as const) {
            const before = yield* count;
            yield* fault;
            const error = yield* Effect.flip(create);
            assert.strictEqual(error.reason._tag, "TransportError");
            assert.isUndefined(error.response);
            assert.strictEqual(yield* count, before + done);
          }
        }),
      );

      it.effect("status, redirect and garbage come as they were asked for", () =>
        Effect.gen(function* () {
          yield* Faults.status(429, { retryAfter: "7", body: "no", contentType: "text/plain" });
          const { status, headers, text } = yield* list;
          assert.deepStrictEqual([status, headers["retry-after"], text], [429, "7", "no"]);
          yield* Faults.garbage();
          assert.match((yield* list).text, /<title>/);
          yield* Faults.redirect("http://127.0.0.1:1/");
          const redirected = yield* list.pipe(
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
          assert.notMatch(page, /<script[^>]+src=["']?https?:|<link[^>]+href=["']?https?:/);
        }),
      );
    },
  );
}

it.live("a server on every address has a host that a client on the same machine can use", () =>
  Effect.gen(function* () {
    const { host } = yield* MetricsServer.MetricsServer;
    assert.match(host, /^http:\/\/127\.0\.0\.1:\d+$/);
    assert.strictEqual((yield* list).status, 200);
  }).pipe(Effect.provide(Layer.merge(onPort("0.0.0.0"), FetchHttpClient.layer))),
);

it.live(
  "a delayed request ends when its client goes away, and does not hold up the end of the server",
  () => {
    const session = Effect.gen(function* () {
      const { host } = yield* MetricsServer.MetricsServer;
      yield* Faults.delay("1 hour");
      const client = new AbortController();
      const answer = fetch(host, { signal: client.signal }).catch(() => {});
      const arrived = Effect.map(Faults.requests, ({ length }) => length === 1);
      yield* Effect.repeat(Effect.sleep(5), { until: () => arrived });
      client.abort();
      yield* Effect.promise(() => answer);
    }).pipe(Effect.provide(onPort("127.0.0.1")));
    return within5s("the end of the server", Effect.runPromise(session));
  },
);
