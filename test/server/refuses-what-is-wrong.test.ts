/** The server is strict where a client is wrong, and says where. */
import { assert } from "@effect/vitest";
import * as Effect from "effect/Effect";
import * as HttpClient from "effect/http/HttpClient";
import * as HttpClientRequest from "effect/http/HttpClientRequest";
import { MetricsServer } from "../../src/testing/index.ts";
import {
  ask,
  createExperiment,
  createFolder,
  get,
  ingest,
  type Method,
  mint,
  promise,
} from "./ask.ts";

const long = (length: number) => "x".repeat(length);
/** `<201>` is a text of that length, `<65 …>` an array of so many. */
const expand = (text: string) =>
  text
    .replace("<order>", '"order":{"axis":"step","direction":"asc"},"stream":true')
    .replace(/<(\d+)>/g, (_, length) => long(Number(length)))
    .replace(/<(\d+) (.+?)>/g, (_, count, one) => `[${Array(Number(count)).fill(one).join()}]`);

/** Method, path, body, status, and how the message begins. */
const requests = String.raw`
GET /nothing -> 404 there is no /api/v1/nothing
GET /FOLDERS -> 404 there is no /api/v1/FOLDERS
GET /auth/status/ -> 404 there is no /api/v1/auth/status/
GET //folders -> 404 there is no /api/v1//folders
PUT /folders -> 405 /api/v1/folders does not take PUT
GET /folders/%ff -> 400 path: expected percent-encoded UTF-8
GET /folders/ -> 422 path folder_id: expected a non-empty id
GET /folders/x -> 404 there is no folder "x"
GET /experiments/x -> 404 there is no experiment "x"
GET /experiments/a%2Fb%3F%20%C3%A9 -> 404 there is no experiment "a/b? é"
GET /experiments/x/metrics -> 404 there is no experiment "x"
GET /experiments/x/catalog -> 404 there is no experiment "x"
GET /experiments/x/catalog/m -> 404 there is no experiment "x"
GET /experiments/x/annotations -> 404 there is no experiment "x"
GET /experiments/x/ingestion-keys -> 404 there is no experiment "x"
GET /auth/status?x=1&x=2 -> 422 query x: expected no field of this name
GET /experiments?colour=red -> 422 query colour: expected no field of this name
GET /experiments?limit=1&limit=2 -> 422 query limit: expected
GET /experiments?limit=many -> 422 query limit: expected
GET /experiments?limit=0 -> 422 query limit: expected a whole number above 0
GET /experiments?from=1.5 -> 422 query from: expected
GET /experiments/x/metrics?metricName=x -> 422 query metricName: expected no field
GET /experiments/x/metrics?sort_by=step,value -> 422 query sort_by[1]: expected one of
GET /experiments/x/metrics?sort_direction=up -> 422 query sort_direction: expected
GET /metrics?series=x -> 422 query series[0]: expected
GET /metrics?series={"experiment_id":"x"} -> 422 query series[0].metric_name: expected a value
GET /metrics?series={"experiment_id":"x","metric_name":"a","b":1} -> 422 query series[0].b: expected no
GET /metrics?series={"experiment_id":"x","metric_name":"a","metadata_value":"b"} -> 422 query series[0]: expected a
GET /metrics?series={"experiment_id":"x","metric_name":"a"} -> 404 there is no experiment "x"
POST /experiments -> 422 body: expected
POST /experiments {"slug": -> 400 body: expected valid JSON
POST /experiments [] -> 422 body: expected object
POST /experiments {} -> 422 body slug: expected a value, but the field is missing
POST /experiments {"slug":1} -> 422 body slug: expected string
POST /experiments {"slug":""} -> 422 body slug: expected 1 to 200 characters
POST /experiments {"slug":"<201>"} -> 422 body slug: expected 1 to 200 characters
POST /experiments {"slug":"a","colour":1} -> 422 body colour: expected no field of this name
POST /experiments {"slug":"a","folderId":"x"} -> 422 body folderId: expected no field of this name
POST /experiments {"slug":"a","folder_id":""} -> 422 body folder_id: expected a non-empty id
POST /experiments {"slug":"a","folder_id":"x"} -> 404 there is no folder "x"
POST /experiments {"slug":"a","metadata":[]} -> 422 body metadata: expected a JSON object
POST /experiments {"slug":"a","description":null} -> 422 body description: expected
POST /experiments {"slug":"a","description":"<4001>"} -> 422 body description: expected at most 4000
POST /experiments/x {"status":"created"} -> 422 body status: expected "running" | "done" | "error"
POST /experiments/x {"status":"error","error":{"name":"<501>"}} -> 422 body error.name: expected at most 500
POST /experiments/x {"status":"error","error":{"detail":"<8001>"}} -> 422 body error.detail: expected at most 8000
POST /experiments/x {"status":"done","timestamp_ms":1.5} -> 422 body timestamp_ms: expected
POST /experiments/x {"status":"done","timestamp_ms":-1} -> 422 body timestamp_ms: expected an instant of 1970 or later
POST /folders {"name":"<201>"} -> 422 body name: expected 1 to 200 characters
POST /folders {"name":"a","parent_id":"x"} -> 404 there is no folder "x"
PATCH /folders/x {} -> 422 body: expected a name or a
POST /query/series {"series":[],<order>} -> 422 body series: expected 1 to 64
POST /query/series {"series":<65 {"experimentId":"x"}>,<order>} -> 422 body series:
POST /query/series {"series":[{"experimentId":"x","metadataFilter":<33 {"key":"a"}>}],"stream":true} -> 422 body
POST /query/series {"series":[{"experiment_id":"x"}],<order>} -> 422 body series[0]
POST /query/series {"series":[{"experimentId":"x"}],"order":{"axis":"x","direction":"asc"},"stream":true} -> 422 body
POST /query/series {"series":[{"experimentId":"x"}],<order>} -> 404 there is no
POST /query/metric-catalog {"experimentIds":[]} -> 422 body experimentIds: expected 1 to 64 experiments
`;

for (const line of requests.trim().split("\n")) {
  promise(line, function* () {
    const [, method, path, body, status, message] = /^(\w+) (\S+) ?(.*?) ?-> (\d+) (.*)$/.exec(
      line,
    )!;
    const options = body === "" ? {} : { body: expand(body!) };
    const answer = yield* ask(method as Method, path!, options);
    assert.strictEqual(answer.status, Number(status), answer.text);
    assert.strictEqual(answer.message!.slice(0, message!.length), message);
    assert.deepStrictEqual(answer.json, { data: null, error: answer.json.error });
    assert.match(answer.headers["x-request-id"]!, /^[\da-f-]{36}$/);
  });
}

/** An event, and how the message begins. */
const events: ReadonlyArray<readonly [event: object, message: string]> = [
  [{ run: 1 }, "run: expected no field of this name"],
  [{ clientEventId: "x" }, "clientEventId: expected no field of this name"],
  [{ client_event_id: "" }, "client_event_id: expected 1 to 200 characters"],
  [{ client_event_id: long(201) }, "client_event_id: expected 1 to 200 characters"],
  [{ name: "" }, "name: expected 1 to 500 characters"],
  [{ name: long(501) }, "name: expected 1 to 500 characters"],
  [{ value: undefined }, "value: expected a value, but the field is missing"],
  [{ value: "1" }, "value: expected"],
  [{ step: -1 }, "step: expected"],
  [{ step: 0.5 }, "step: expected"],
  [{ timestamp_ms: null }, "timestamp_ms: expected"],
  [{ metadata: "x" }, "metadata: expected a JSON object"],
];

promise("an event that breaks a rule is refused, and its neighbours with it", function* () {
  const id = yield* createExperiment("a");
  const good = { client_event_id: "1", name: "loss", value: 1, step: null };
  for (const [bad, message] of events) {
    const answer = yield* ingest(id, [good, { ...good, ...bad }]);
    assert.strictEqual(answer.status, 422);
    assert.strictEqual(
      `${answer.message}`.slice(0, message.length + 13),
      `body data[1].${message}`,
    );
  }
  const tooMany = yield* ingest(
    id,
    Array.from({ length: 1001 }, () => good),
  );
  assert.strictEqual(tooMany.message, "body data: expected at most 1000 events");
  const sync = yield* ingest(id, [good], "?sync=1");
  assert.match(sync.message!, /^query sync: expected/);
  assert.deepStrictEqual(yield* get(`/experiments/${id}/metrics`), { rows: [] });
});

promise(
  "an annotation that is too long, or whose metadata are too large, is refused",
  function* () {
    const id = yield* createExperiment("a");
    const { token } = yield* mint(id);
    for (const [body, message] of [
      [{ annotation: "" }, "body annotation: expected 1 to 16000 characters"],
      [{ annotation: long(16_001) }, "body annotation: expected 1 to 16000 characters"],
      [
        { annotation: "a", metadata: { a: long(65_536) } },
        "body metadata: expected at most 65536 UTF-8 bytes of JSON",
      ],
    ] as const) {
      const answer = yield* ask("POST", `/experiments/${id}/annotations`, { bearer: token, body });
      assert.deepStrictEqual([answer.status, answer.message], [422, message]);
    }
  },
);

promise("a key that lives for nothing, or more than 7 days, is refused", function* () {
  const path = `/experiments/${yield* createExperiment("a")}/ingestion-keys`;
  for (const [body, expected] of [
    [{ name: "k", ttl_ms: 0 }, 422],
    [{ name: "k", ttl_ms: 1 }, 201],
    [{ name: "k", ttl_ms: 604_800_000 }, 201],
    [{ name: "k", ttl_ms: 604_800_001 }, 422],
    [{ name: "" }, 422],
    [{}, 422],
  ] as const) {
    assert.strictEqual((yield* ask("POST", path, { body })).status, expected);
  }
});

promise(
  "a folder beside one of the same name, and a folder inside itself, are refused",
  function* () {
    const outer = yield* createFolder("a");
    const inner = yield* createFolder("a", outer);
    const other = yield* createFolder("b");
    for (const [method, path, body, outcome] of [
      ["POST", "", { name: "a" }, "409 folder_already_exists"],
      ["PATCH", `/${other}`, { name: "a" }, "409 folder_already_exists"],
      ["PATCH", `/${inner}`, { parent_id: null }, "409 folder_already_exists"],
      ["PATCH", `/${outer}`, { parent_id: outer }, "400 folder_inside_itself"],
      ["PATCH", `/${outer}`, { parent_id: inner }, "400 folder_inside_itself"],
      ["PATCH", `/${other}`, { name: "c", parent_id: "x" }, "404 folder_not_found"],
      ["PATCH", `/${other}`, { name: "b" }, "200"],
      ["POST", "", { name: "b", parent_id: outer }, "201"],
    ] as const) {
      assert.strictEqual((yield* ask(method, `/folders${path}`, { body })).outcome, outcome);
    }
  },
);

promise("a 405 says what the path takes, and a path outside the API is 404", function* () {
  assert.strictEqual((yield* ask("PUT", "/folders")).headers["allow"], "POST, GET");
  assert.strictEqual((yield* ask("POST", "/healthz", { base: "" })).headers["allow"], "GET");
  assert.strictEqual((yield* ask("GET", "/", { base: "" })).outcome, "404 not_found");
});

promise("a body that does not say it is JSON is 415", function* () {
  const { host, apiKey } = yield* MetricsServer.MetricsServer;
  for (const [type, status] of [
    ["text/plain", 415],
    ["application/json; charset=utf-8", 201],
  ] as const) {
    const response = yield* HttpClientRequest.post(`${host}/api/v1/folders`).pipe(
      HttpClientRequest.bearerToken(apiKey),
      HttpClientRequest.bodyText('{"name":"a"}', type),
      HttpClient.execute,
    );
    assert.strictEqual(response.status, status);
    assert.match(
      yield* response.text,
      /"error":(null|\{"message":"body: expected application\/json)/,
    );
  }
});

promise("events that do not say they are JSON are 415", function* () {
  const { host } = yield* MetricsServer.MetricsServer;
  const id = yield* createExperiment("a");
  const { token } = yield* mint(id);
  for (const [type, status] of [
    ["text/plain", 415],
    ["application/jsonl", 415],
    ["Application/JSON ; charset=utf-8", 200],
  ] as const) {
    const response = yield* HttpClientRequest.post(`${host}/api/v1/experiments/${id}/ingest`).pipe(
      HttpClientRequest.bearerToken(token),
      HttpClientRequest.bodyText('{"data":[]}', type),
      HttpClient.execute,
    );
    assert.strictEqual(response.status, status);
    assert.match(yield* response.text, /^\{"data":(null|\{"ok":true)/);
  }
});

promise("a body over 16 MiB is 413, one of 16 MiB is read", function* () {
  const send = (bytes: number) =>
    Effect.map(ask("POST", "/folders", { body: long(bytes) }), (one) => one.outcome);
  assert.strictEqual(yield* send(16 * 1024 * 1024 + 1), "413 body_too_large");
  assert.strictEqual(yield* send(16 * 1024 * 1024), "400 malformed_body");
});

promise("a body of more than 128 levels is 422, however deep it is", function* () {
  const nested = (levels: number) => "[".repeat(levels) + '"]{"' + "]".repeat(levels);
  // The body and its metadata are two of them.
  for (const [levels, outcome] of [
    [126, "201"],
    [127, "422 body_too_deep"],
    [1_000_000, "422 body_too_deep"],
  ] as const) {
    const body = `{"slug":"s${levels}","metadata":{"a\\"[":${nested(levels)}}}`;
    assert.strictEqual((yield* ask("POST", "/experiments", { body })).outcome, outcome);
  }
});
