/** The reference server, asked without our client: it has the service's rules and is strict where a client is wrong. */
import { assert, describe, it } from "@effect/vitest";
import { inspect } from "node:util";
import * as Effect from "effect/Effect";
import * as HttpClient from "effect/http/HttpClient";
import * as HttpClientRequest from "effect/http/HttpClientRequest";
import * as Tracer from "effect/Tracer";
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
    ({ json }) =>
      json.ingestion_key as {
        readonly id: string;
        readonly key: string;
        readonly expires_at: string | null;
      },
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
    ["a path in capitals", ["GET", "/FOLDERS"], 404, /no \/api\/v1\/FOLDERS/],
    ["a slash at the end", ["GET", "/auth/status/"], 404, /no \/api\/v1\/auth\/status\//],
    ["an empty id", ["GET", "/folders/"], 422, /^path folder_id: expected/],
    ["a slash too many", ["GET", "//folders"], 404, /no \/api\/v1\/\/folders/],
    ["a path that is not percent-encoded UTF-8", ["GET", "/folders/%ff"], 400, /percent-encoded/],
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
    [
      "an id of any characters and any length",
      ["GET", `/experiments/${encodeURIComponent("a/b?c#d%é\u{1f600} ".repeat(50))}`],
      404,
      /^there is no experiment "(a\/b\?c#d%é\u{1f600} ){50}"$/u,
    ],
    [
      "an experiment in a folder that is not there",
      ["POST", "/experiments", { body: { ...body, folder_id: "x" } }],
      404,
      /no folder "x"/,
    ],
    [
      "a catalog of an experiment that is not there",
      ["GET", "/metrics/catalog?experiment_id=x"],
      404,
      /no experiment "x"/,
    ],
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
        assert.match(answer.headers["x-request-id"]!, /^[\da-f-]{36}$/);
      }).pipe(live),
    );
  }

  it.effect("with the place, in words and as a path", () =>
    Effect.gen(function* () {
      const { json } = yield* raw("POST", "/metrics/compare", {
        body: { series: [{ experiment_id: "x", metric_name: "a" }, { experiment_id: "x" }] },
      });
      assert.strictEqual(
        json.detail,
        "body series[1].metric_name: expected a value, but the field is missing",
      );
      assert.deepStrictEqual(json.errors, [
        {
          path: ["series", 1, "metric_name"],
          message: "expected a value, but the field is missing",
        },
      ]);
    }).pipe(live),
  );

  it.effect("a body that does not say it is JSON", () =>
    Effect.gen(function* () {
      const { host, apiKey } = yield* MetricsServer.MetricsServer;
      const send = (type: string) =>
        HttpClientRequest.post(`${host}/api/v1/folders`).pipe(
          HttpClientRequest.bearerToken(apiKey),
          HttpClientRequest.setHeader("idempotency-key", "k"),
          HttpClientRequest.bodyText('{"name":"a"}', type),
          HttpClient.execute,
        );
      const response = yield* send("text/plain");
      assert.strictEqual(response.status, 415);
      assert.include(response.headers["content-type"], "application/problem+json");
      assert.include(yield* response.text, "expected application/json");
      // The refusal is not kept under the key.
      assert.strictEqual((yield* send("application/json; charset=utf-8")).status, 201);
    }).pipe(live),
  );

  it.effect("a 405 tells what the path takes", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* raw("PUT", "/folders")).headers["allow"], "POST, GET");
    }).pipe(live),
  );

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

  it.effect("do not expire when their time is infinite", () =>
    Effect.gen(function* () {
      const id = yield* create("a");
      const { key, expires_at } = yield* mint(id);
      assert.isNull(expires_at);
      yield* TestClock.adjust("36500 days");
      assert.strictEqual((yield* ingest(id, key)).status, 202);
    }).pipe(Effect.provide(MetricsServer.layerOptions({ ingestionKeyTtl: "Infinity" }))),
  );

  it.effect("are listed without the key", () =>
    Effect.gen(function* () {
      const id = yield* create("a");
      const { id: keyId } = yield* mint(id);
      yield* mint(yield* create("b"));
      yield* TestClock.adjust("1 minute");
      yield* raw("DELETE", `/experiments/${id}/ingestion-keys/${keyId}`);
      const { json } = yield* raw("GET", `/experiments/${id}/ingestion-keys`);
      assert.deepStrictEqual(json.ingestion_keys, [
        {
          id: keyId,
          experiment_id: id,
          created_at: "1970-01-01T00:00:00.000Z",
          expires_at: "1970-01-01T00:10:00.000Z",
          revoked_at: "1970-01-01T00:01:00.000Z",
        },
      ]);
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

  it.effect("is refused with another query", () =>
    Effect.gen(function* () {
      const id = yield* create("a");
      const { key } = yield* mint(id);
      const send = (query: string) =>
        raw("POST", `/experiments/${id}/metrics?sync=${query}`, {
          bearer: key,
          headers,
          body: { metrics: [metric] },
        });
      assert.strictEqual((yield* send("true")).status, 200);
      assert.strictEqual((yield* send("false")).status, 422);
    }).pipe(live),
  );

  it.effect("counts for one method and one path, whatever valid key the bearer is", () =>
    Effect.gen(function* () {
      const id = yield* create("a");
      const [one, two] = [yield* mint(id), yield* mint(id)];
      const annotate = (bearer: string) =>
        raw("POST", `/experiments/${id}/annotations`, { bearer, headers, body: { text: "t" } });
      const first = yield* annotate(one.key);
      const second = yield* annotate(two.key);
      assert.strictEqual(second.headers["idempotent-replayed"], "true");
      assert.strictEqual(second.text, first.text);
      const { folder } = (yield* raw("POST", "/folders", { headers, body: { name: "a" } })).json;
      const renamed = yield* raw("PATCH", `/folders/${folder.id}`, {
        headers,
        body: { name: "b" },
      });
      assert.strictEqual(renamed.json.folder.name, "b");
    }).pipe(live),
  );

  it.effect("does not answer a bearer that is refused", () =>
    Effect.gen(function* () {
      const send = (bearer?: string) =>
        raw("POST", "/folders", {
          headers,
          body: { name: "a" },
          ...(bearer === undefined ? {} : { bearer }),
        });
      yield* send();
      assert.strictEqual((yield* send("wrong")).status, 401);
    }).pipe(live),
  );

  it.effect("every answer has a request id of its own, also one that is given again", () =>
    Effect.gen(function* () {
      const send = raw("POST", "/folders", { headers, body: { name: "a" } });
      const [first, second] = [yield* send, yield* send];
      assert.notStrictEqual(first.headers["x-request-id"], second.headers["x-request-id"]);
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

it.effect("a page has 50 items unless it is told", () =>
  Effect.gen(function* () {
    for (let i = 0; i < 51; i++) yield* raw("POST", "/folders", { body: { name: `${i}` } });
    const { folders, next_cursor } = (yield* raw("GET", "/folders")).json;
    assert.lengthOf(folders, 50);
    const rest = (yield* raw("GET", `/folders?cursor=${next_cursor}`)).json;
    assert.deepStrictEqual(
      rest.folders.map((folder: { name: string }) => folder.name),
      ["50"],
    );
  }).pipe(live),
);

describe("PATCH", () => {
  it.effect("changes what it names, null moves to the top, and updated_at tells when", () =>
    Effect.gen(function* () {
      const folder = (yield* raw("POST", "/folders", { body: { name: "a" } })).json.folder.id;
      const { experiment } = (yield* raw("POST", "/experiments", {
        body: { slug: "a", description: "d", metadata: { camelCase: 1 }, folder_id: folder },
      })).json;
      assert.deepStrictEqual(experiment, {
        id: experiment.id,
        slug: "a",
        description: "d",
        status: "pending",
        folder_id: folder,
        metadata: { camelCase: 1 },
        created_at: "1970-01-01T00:00:00.000Z",
        updated_at: "1970-01-01T00:00:00.000Z",
      });
      yield* TestClock.adjust("1 second");
      const patch = (body: object) =>
        Effect.map(
          raw("PATCH", `/experiments/${experiment.id}`, { body }),
          ({ json }) => json.experiment,
        );
      const running = { ...experiment, status: "running", updated_at: "1970-01-01T00:00:01.000Z" };
      assert.deepStrictEqual(yield* patch({ status: "running" }), running);
      assert.deepStrictEqual(yield* patch({ folder_id: null }), { ...running, folder_id: null });
      const { json } = yield* raw("GET", `/experiments?folder_id=${folder}`);
      assert.deepStrictEqual(json.experiments, []);
    }).pipe(live),
  );

  it.effect("of a folder that is refused changes nothing", () =>
    Effect.gen(function* () {
      const { folder } = (yield* raw("POST", "/folders", { body: { name: "a" } })).json;
      const body = { name: "b", parent_id: "x" };
      assert.strictEqual((yield* raw("PATCH", `/folders/${folder.id}`, { body })).status, 404);
      assert.deepStrictEqual((yield* raw("GET", `/folders/${folder.id}`)).json, { folder });
    }).pipe(live),
  );
});

describe("metrics across experiments", () => {
  const recorded = Effect.gen(function* () {
    const [one, two] = [yield* create("one"), yield* create("two")];
    const send = (experiment: string, metrics: ReadonlyArray<object>) =>
      Effect.flatMap(mint(experiment), ({ key }) =>
        raw("POST", `/experiments/${experiment}/metrics`, { bearer: key, body: { metrics } }),
      );
    const event = (id: string, value: number, rest: object) => ({
      client_event_id: id,
      name: "loss",
      value,
      ...rest,
    });
    yield* send(one, [
      event("a", 1, { step: 2, metadata: { fold: { k: [1, 2], n: null } } }),
      event("b", 2, { step: 1, metadata: { fold: { n: null, k: [1, 2] } } }),
      event("c", 3, { metadata: { fold: 1 } }),
      event("d", 4, { step: 1, metadata: { fold: "1" } }),
      { client_event_id: "e", name: "accuracy", value: 5 },
    ]);
    yield* send(two, [event("a", 6, { step: 0, metadata: { split: "val" } })]);
    return { one, two };
  });

  const compare = (series: ReadonlyArray<object>, limit?: number) =>
    Effect.map(raw("POST", "/metrics/compare", { body: { series, limit } }), ({ json }) =>
      json.rows.map((row: { value: number }) => row.value),
    );

  it.effect("are compared series by series, by step, then as they arrived", () =>
    Effect.gen(function* () {
      const { one, two } = yield* recorded;
      const series = [two, one].map((experiment_id) => ({ experiment_id, metric_name: "loss" }));
      assert.deepStrictEqual(yield* compare(series), [6, 2, 4, 1, 3]);
      assert.deepStrictEqual(yield* compare(series, 2), [6, 2, 4]);
      const { json } = yield* raw("POST", "/metrics/compare", { body: { series, limit: 1 } });
      assert.deepStrictEqual(json.rows[0], {
        experiment_id: two,
        metric_name: "loss",
        step: 0,
        timestamp: null,
        value: 6,
        metadata: { split: "val" },
      });
    }).pipe(live),
  );

  it.effect("are narrowed to a value of a metadata key, equal as JSON", () =>
    Effect.gen(function* () {
      const { one: experiment_id } = yield* recorded;
      const narrowed = (metadata_value: unknown) =>
        compare([{ experiment_id, metric_name: "loss", metadata_key: "fold", metadata_value }]);
      assert.deepStrictEqual(yield* narrowed({ k: [1, 2], n: null }), [2, 1]);
      assert.deepStrictEqual(yield* narrowed({ k: [2, 1], n: null }), []);
      assert.deepStrictEqual(yield* narrowed(1), [3]);
      assert.deepStrictEqual(yield* narrowed("1"), [4]);
    }).pipe(live),
  );

  it.effect("are cataloged by name, with keys and counts", () =>
    Effect.gen(function* () {
      const { one, two } = yield* recorded;
      const catalog = (query: string) =>
        Effect.map(raw("GET", `/metrics/catalog${query}`), ({ json }) => json.metrics);
      const accuracy = { metric_name: "accuracy", metadata_keys: [], count: 1 };
      const loss = { metric_name: "loss", metadata_keys: ["fold", "split"], count: 5 };
      assert.deepStrictEqual(yield* catalog(""), [loss, accuracy]);
      const both = yield* catalog(`?experiment_id=${one}&experiment_id=${two}`);
      assert.deepStrictEqual(both, [loss, accuracy]);
      assert.deepStrictEqual(yield* catalog(`?experiment_id=${two}`), [
        { metric_name: "loss", metadata_keys: ["split"], count: 1 },
      ]);
    }).pipe(live),
  );

  it.effect("have their metadata values counted", () =>
    Effect.gen(function* () {
      const { two } = yield* recorded;
      const values = (query: string) =>
        Effect.map(raw("GET", `/metrics/catalog/values?metric_name=loss&${query}`), ({ json }) =>
          json.values.map(({ value, count }: { value: unknown; count: number }) => [value, count]),
        );
      assert.deepStrictEqual(yield* values("metadata_key=fold"), [
        [{ k: [1, 2], n: null }, 2],
        [1, 1],
        ["1", 1],
      ]);
      assert.deepStrictEqual(yield* values(`metadata_key=fold&experiment_id=${two}`), []);
    }).pipe(live),
  );
});

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
    assert.strictEqual(get?.path, "/api/v1/metrics/catalog");
    assert.isUndefined(get?.body);
    for (const shown of [JSON.stringify([post, get]), inspect([post, get], { depth: 9 })]) {
      assert.include(shown, "<redacted>");
      assert.notInclude(shown, "sk_");
    }
  }).pipe(live),
);

it.effect("the log has a body that is not JSON as text", () =>
  Effect.gen(function* () {
    yield* raw("POST", "/folders", { body: "{" });
    assert.strictEqual((yield* Faults.requests)[0]?.body, "{");
  }).pipe(live),
);

it.effect("a server in process adds no span", () =>
  Effect.gen(function* () {
    const spans: Array<string> = [];
    const tracer = Tracer.make({
      span: (options) => {
        spans.push(options.name);
        return new Tracer.NativeSpan(options);
      },
    });
    yield* raw("POST", "/folders", { body: { name: "a" } }).pipe(
      Effect.provideService(HttpClient.TracerDisabledWhen, () => true),
      Effect.provideService(Tracer.Tracer, tracer),
      Effect.withTracerEnabled(true),
    );
    assert.deepStrictEqual(spans, []);
  }).pipe(live),
);

it.effect("options: the key, the host and the organization", () =>
  Effect.gen(function* () {
    const { host } = yield* MetricsServer.MetricsServer;
    assert.strictEqual(host, "https://metrics.example");
    const { json } = yield* raw("GET", "/auth/status", { bearer: "my-key" });
    assert.isTrue(json.authenticated);
    assert.strictEqual(json.organization.name, "Flowers");
  }).pipe(
    Effect.provide(
      MetricsServer.layerOptions({
        apiKey: "my-key",
        host: "https://metrics.example",
        organization: "Flowers",
      }),
    ),
  ),
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
