/** The reference server, asked without our client: it has the service's rules and is strict where a client is wrong. */
import { assert, describe, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import { TestClock } from "effect/testing";
import { Faults, MetricsServer } from "../src/testing.ts";
import { raw } from "./support/raw.ts";

const live = Effect.provide(MetricsServer.layerOptions({ ingestionKeyTtl: "10 minutes" }));

const create = (slug: string) =>
  Effect.map(
    raw("POST", "/experiments", { body: { slug } }),
    ({ json }) => json.experiment.id as string,
  );
const mint = (experiment: string) =>
  Effect.map(
    raw("POST", `/experiments/${experiment}/ingestion-keys`, { body: {} }),
    ({ json }) => json.ingestion_key as { readonly id: string; readonly key: string },
  );
const metric = { client_event_id: "1", name: "loss", value: 1 };

describe("refuses, with a problem body that says why", () => {
  type Case = readonly [
    what: string,
    request: Parameters<typeof raw>,
    status: number,
    detail: RegExp,
  ];
  const body = { slug: "a" };
  const cases: ReadonlyArray<Case> = [
    ["no bearer", ["GET", "/folders", { bearer: null }], 401, /no bearer/],
    ["a wrong bearer", ["GET", "/folders", { bearer: "wrong" }], 401, /not a valid API key/],
    ["an unknown path", ["GET", "/nothing"], 404, /no \/api\/v1\/nothing/],
    ["a method that the path does not take", ["PUT", "/folders"], 405, /does not take PUT/],
    ["a missing field", ["POST", "/experiments", { body: {} }], 422, /body slug: expected/],
    [
      "an ill-typed field",
      ["POST", "/experiments", { body: { slug: 1 } }],
      422,
      /slug: expected string/,
    ],
    ["an unknown field", ["POST", "/experiments", { body: { ...body, colour: 1 } }], 422, /colour/],
    [
      "a camelCase field",
      ["POST", "/experiments", { body: { ...body, folderId: "x" } }],
      422,
      /folderId/,
    ],
    [
      "null for an optional field",
      ["POST", "/experiments", { body: { ...body, description: null } }],
      422,
      /description/,
    ],
    [
      "metadata that is no object",
      ["POST", "/experiments", { body: { ...body, metadata: [] } }],
      422,
      /metadata/,
    ],
    ["broken JSON", ["POST", "/experiments", { body: '{"slug":' }], 400, /valid JSON/],
    ["no body", ["POST", "/experiments"], 422, /body/],
    ["an unknown query parameter", ["GET", "/experiments?colour=red"], 422, /colour/],
    ["a camelCase query parameter", ["GET", "/experiments?folderId=x"], 422, /folderId/],
    ["a limit that is no number", ["GET", "/experiments?limit=many"], 422, /limit/],
    ["a limit of nothing", ["GET", "/experiments?limit=0"], 422, /limit/],
    ["a limit over 200", ["GET", "/experiments?limit=201"], 422, /limit/],
    ["a cursor that is none of its own", ["GET", "/experiments?cursor=mine"], 422, /cursor/],
    [
      "a POST without an Idempotency-Key",
      ["POST", "/experiments", { body, headers: { "idempotency-key": "" } }],
      400,
      /Idempotency-Key/,
    ],
    [
      "a PATCH without an Idempotency-Key",
      ["PATCH", "/folders/x", { body: {}, headers: { "idempotency-key": "" } }],
      400,
      /Idempotency-Key/,
    ],
    ["an experiment that is not there", ["GET", "/experiments/x"], 404, /no experiment "x"/],
    ["a folder that is not there", ["GET", "/folders/x"], 404, /no folder "x"/],
    [
      "a parent that is not there",
      ["POST", "/folders", { body: { name: "a", parent_id: "x" } }],
      404,
      /no folder "x"/,
    ],
    [
      "comparing what is not there",
      [
        "POST",
        "/metrics/compare",
        { body: { series: [{ experiment_id: "x", metric_name: "a" }] } },
      ],
      404,
      /no experiment/,
    ],
  ];
  for (const [what, request, status, detail] of cases) {
    it.effect(what, () =>
      Effect.gen(function* () {
        const answer = yield* raw(...request);
        assert.strictEqual(answer.status, status);
        assert.include(answer.headers["content-type"], "application/problem+json");
        assert.strictEqual(answer.json.status, status);
        assert.match(answer.json.detail, detail);
        assert.isString(answer.headers["x-request-id"]);
      }).pipe(live),
    );
  }

  it.effect("a slug that is taken", () =>
    Effect.gen(function* () {
      yield* create("a");
      const answer = yield* raw("POST", "/experiments", { body: { slug: "a" } });
      assert.strictEqual(answer.status, 409);
      assert.match(answer.json.detail, /"a" is taken/);
    }).pipe(live),
  );

  it.effect("a folder inside itself", () =>
    Effect.gen(function* () {
      const outer = (yield* raw("POST", "/folders", { body: { name: "a" } })).json.folder.id;
      const inner = (yield* raw("POST", "/folders", { body: { name: "b", parent_id: outer } })).json
        .folder.id;
      for (const parent_id of [outer, inner]) {
        const answer = yield* raw("PATCH", `/folders/${outer}`, { body: { parent_id } });
        assert.strictEqual(answer.status, 422);
      }
    }).pipe(live),
  );
});

describe("ingestion keys", () => {
  const ingest = (experiment: string, bearer?: string) =>
    raw("POST", `/experiments/${experiment}/metrics`, {
      body: { metrics: [metric] },
      ...(bearer === undefined ? {} : { bearer }),
    });

  it.effect("open the two ingestion calls of their experiment, and nothing else", () =>
    Effect.gen(function* () {
      const [one, two] = [yield* create("one"), yield* create("two")];
      const { key } = yield* mint(one);
      assert.strictEqual((yield* ingest(one, key)).status, 202);
      assert.strictEqual((yield* ingest(two, key)).status, 403);
      assert.strictEqual((yield* raw("GET", "/folders", { bearer: key })).status, 401);
      assert.strictEqual((yield* ingest(one)).status, 403);
      assert.strictEqual((yield* ingest(one, "ik_unknown")).status, 401);
    }).pipe(live),
  );

  it.effect("expire", () =>
    Effect.gen(function* () {
      const id = yield* create("a");
      const { key } = yield* mint(id);
      yield* TestClock.adjust("9 minutes");
      assert.strictEqual((yield* ingest(id, key)).status, 202);
      yield* TestClock.adjust("1 minute");
      const late = yield* ingest(id, key);
      assert.strictEqual(late.status, 401);
      assert.match(late.json.detail, /expired/);
    }).pipe(live),
  );

  it.effect("can be revoked, once", () =>
    Effect.gen(function* () {
      const id = yield* create("a");
      const { id: keyId, key } = yield* mint(id);
      const path = `/experiments/${id}/ingestion-keys/${keyId}`;
      assert.strictEqual((yield* raw("DELETE", path)).status, 204);
      assert.strictEqual((yield* ingest(id, key)).status, 401);
      assert.strictEqual((yield* raw("DELETE", path)).status, 404);
    }).pipe(live),
  );
});

describe("client_event_id", () => {
  it.effect("stores each metric once, within a request and across requests", () =>
    Effect.gen(function* () {
      const id = yield* create("a");
      const { key } = yield* mint(id);
      const send = (...metrics: ReadonlyArray<object>) =>
        Effect.map(
          raw("POST", `/experiments/${id}/metrics`, { bearer: key, body: { metrics } }),
          ({ json }) => json,
        );
      assert.deepStrictEqual(yield* send(metric, { ...metric, value: 2 }), {
        accepted: 1,
        duplicates: 1,
      });
      assert.deepStrictEqual(yield* send(metric), { accepted: 0, duplicates: 1 });
      const { json } = yield* raw("GET", `/experiments/${id}/metrics`);
      assert.deepStrictEqual(json.metrics, [
        { ...metric, step: null, timestamp: null, metadata: {} },
      ]);
    }).pipe(live),
  );

  it.effect("answers the same annotation again", () =>
    Effect.gen(function* () {
      const id = yield* create("a");
      const { key } = yield* mint(id);
      const send = raw("POST", `/experiments/${id}/annotations`, {
        bearer: key,
        body: { text: "b", client_event_id: "1" },
      });
      assert.deepStrictEqual((yield* send).json, (yield* send).json);
    }).pipe(live),
  );
});

describe("Idempotency-Key", () => {
  const headers = { "idempotency-key": "k" };

  it.effect("gives the same answer again, and says so", () =>
    Effect.gen(function* () {
      const send = raw("POST", "/folders", { headers, body: { name: "a" } });
      const [first, second] = [yield* send, yield* send];
      assert.strictEqual(second.text, first.text);
      assert.isUndefined(first.headers["idempotent-replayed"]);
      assert.strictEqual(second.headers["idempotent-replayed"], "true");
      assert.lengthOf((yield* raw("GET", "/folders")).json.folders, 1);
    }).pipe(live),
  );

  it.effect("is refused with another body", () =>
    Effect.gen(function* () {
      yield* raw("POST", "/folders", { headers, body: { name: "a" } });
      const answer = yield* raw("POST", "/folders", { headers, body: { name: "b" } });
      assert.strictEqual(answer.status, 422);
      assert.match(answer.json.detail, /another body/);
    }).pipe(live),
  );

  it.effect("does not keep a failure", () =>
    Effect.gen(function* () {
      const send = raw("POST", "/experiments", { headers, body: { slug: "a", folder_id: "x" } });
      assert.strictEqual((yield* send).status, 404);
      assert.strictEqual((yield* send).headers["idempotent-replayed"], undefined);
    }).pipe(live),
  );

  it.effect("answers two requests at once with one act", () =>
    Effect.gen(function* () {
      const send = raw("POST", "/folders", { headers, body: { name: "a" } });
      const answers = yield* Effect.all([send, send, send], { concurrency: "unbounded" });
      assert.strictEqual(new Set(answers.map(({ text }) => text)).size, 1);
    }).pipe(live),
  );
});

it.effect("pages are stable, and end with a null cursor", () =>
  Effect.gen(function* () {
    for (const name of ["a", "b", "c"]) yield* raw("POST", "/folders", { body: { name } });
    const first = (yield* raw("GET", "/folders?limit=2")).json;
    assert.deepStrictEqual(
      first.folders.map((folder: { name: string }) => folder.name),
      ["a", "b"],
    );
    yield* raw("POST", "/folders", { body: { name: "d" } });
    const second = (yield* raw("GET", `/folders?limit=2&cursor=${first.next_cursor}`)).json;
    assert.deepStrictEqual(
      second.folders.map((folder: { name: string }) => folder.name),
      ["c", "d"],
    );
    assert.isNull(second.next_cursor);
  }).pipe(live),
);

it.effect("sync=true answers 200, else 202", () =>
  Effect.gen(function* () {
    const id = yield* create("a");
    const { key } = yield* mint(id);
    const send = (query: string) =>
      Effect.map(
        raw("POST", `/experiments/${id}/metrics${query}`, { bearer: key, body: { metrics: [] } }),
        ({ status }) => status,
      );
    assert.deepStrictEqual(
      [yield* send(""), yield* send("?sync=false"), yield* send("?sync=true")],
      [202, 202, 200],
    );
  }).pipe(live),
);

it.effect("the log has method, path, query, headers and body, and shows no key", () =>
  Effect.gen(function* () {
    yield* raw("POST", "/folders", { body: { name: "a" } });
    yield* raw("GET", "/metrics/catalog?experiment_id=a%2Fb&experiment_id=c");
    const [post, get] = yield* Faults.requests;
    assert.strictEqual(post?.operation, "Folders.create");
    assert.strictEqual(post?.path, "/api/v1/folders");
    assert.deepStrictEqual(post?.body, { name: "a" });
    assert.match(post!.headers["idempotency-key"]!, /^raw-/);
    assert.deepStrictEqual(get?.query, [
      ["experiment_id", "a/b"],
      ["experiment_id", "c"],
    ]);
    assert.notInclude(JSON.stringify([post, get]), "sk_");
  }).pipe(live),
);

it.effect("a server in process answers for its own host only", () =>
  Effect.gen(function* () {
    const server = yield* MetricsServer.MetricsServer;
    const elsewhere = raw("GET", "/folders").pipe(
      Effect.provideService(MetricsServer.MetricsServer, { ...server, host: "https://other.test" }),
    );
    const error = yield* Effect.flip(elsewhere);
    assert.strictEqual(error.reason._tag, "TransportError");
  }).pipe(live),
);

describe("faults", () => {
  it.effect("are used up in order, by the requests they match", () =>
    Effect.gen(function* () {
      yield* Faults.status(503, { match: { method: "POST" }, retryAfter: "7" });
      yield* Faults.status(500, { times: 2, match: { path: /folders$/ } });
      yield* Faults.garbage({ match: { operation: "Auth.status" } });
      yield* Faults.redirect("https://elsewhere.test/", {
        match: { operation: "Experiments.list" },
      });
      const send = raw("POST", "/folders", { body: { name: "a" } });
      const first = yield* send;
      assert.strictEqual(first.status, 503);
      assert.strictEqual(first.headers["retry-after"], "7");
      assert.strictEqual((yield* send).status, 500);
      assert.strictEqual((yield* raw("GET", "/folders")).status, 500);
      assert.strictEqual((yield* send).status, 201);
      const redirected = yield* raw("GET", "/experiments");
      assert.strictEqual(redirected.status, 307);
      assert.strictEqual(redirected.headers["location"], "https://elsewhere.test/");
      const page = yield* raw("GET", "/auth/status");
      assert.strictEqual(page.status, 200);
      assert.match(page.text, /<title>/);
    }).pipe(live),
  );

  it.effect("drop before: nothing happened; drop after: it did", () =>
    Effect.gen(function* () {
      const send = raw("POST", "/folders", { body: { name: "a" } });
      yield* Faults.dropBefore();
      assert.strictEqual((yield* Effect.flip(send)).reason._tag, "TransportError");
      assert.lengthOf((yield* raw("GET", "/folders")).json.folders, 0);
      yield* Faults.dropAfter();
      assert.strictEqual((yield* Effect.flip(send)).reason._tag, "TransportError");
      assert.lengthOf((yield* raw("GET", "/folders")).json.folders, 1);
    }).pipe(live),
  );

  it.effect("delay goes by the clock of the test", () =>
    Effect.gen(function* () {
      yield* Faults.delay("1 hour");
      const fiber = yield* Effect.forkChild(raw("GET", "/folders"));
      yield* TestClock.adjust("59 minutes");
      assert.isUndefined(fiber.pollUnsafe());
      yield* TestClock.adjust("1 minute");
      assert.strictEqual((yield* Fiber.join(fiber)).status, 200);
    }).pipe(live),
  );

  it.effect("clear forgets those that wait", () =>
    Effect.gen(function* () {
      yield* Faults.status(500, { times: 100 });
      yield* Faults.clear;
      assert.strictEqual((yield* raw("GET", "/folders")).status, 200);
    }).pipe(live),
  );
});
