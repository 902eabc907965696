/** The API key opens everything but ingestion; an ingestion key that of its own experiment, while it is good. */
import { assert } from "@effect/vitest";
import * as Effect from "effect/Effect";
import { TestClock } from "effect/testing";
import { ask, createExperiment, get, mint, post, promise } from "./ask.ts";

const ingest = (experiment: string, bearer: string | null) =>
  ask("POST", `/experiments/${experiment}/ingest`, { bearer, body: { data: [] } });
const annotate = (experiment: string, bearer: string | null) =>
  ask("POST", `/experiments/${experiment}/annotations`, { bearer, body: { annotation: "a" } });
const words = (request: ReturnType<typeof ask>) =>
  Effect.map(request, ({ status, message }) => `${status} ${message}`);

promise("no bearer and an unknown one are 401, everywhere", function* () {
  const id = yield* createExperiment("a");
  for (const [bearer, message] of [
    [null, "401 the request carries no bearer token"],
    ["wrong", "401 the bearer token is not one that the server knows"],
  ] as const) {
    for (const request of [
      ask("GET", "/folders", { bearer }),
      ingest(id, bearer),
      annotate(id, bearer),
    ]) {
      assert.strictEqual(yield* words(request), message);
    }
  }
  const headers = { authorization: "Basic eA==" };
  assert.strictEqual((yield* ask("GET", "/folders", { bearer: null, headers })).status, 401);
});

promise(
  "the API key is refused where an ingestion key is needed",
  function* () {
    const id = yield* createExperiment("a");
    for (const request of [ingest(id, "my-key"), annotate(id, "my-key")]) {
      assert.strictEqual((yield* request).outcome, "403 ingestion_key_required");
    }
  },
  { apiKey: "my-key" },
);

promise("an ingestion key is refused elsewhere, and by another experiment", function* () {
  const [one, two] = [yield* createExperiment("one"), yield* createExperiment("two")];
  const { token } = yield* mint(one);
  assert.strictEqual((yield* ingest(one, token)).status, 200);
  assert.strictEqual((yield* annotate(one, token)).status, 201);
  assert.strictEqual((yield* ingest(two, token)).status, 403);
  assert.strictEqual((yield* annotate(two, token)).status, 403);
  for (const path of ["/folders", "/auth/status", `/experiments/${one}/annotations`]) {
    assert.strictEqual(
      (yield* ask("GET", path, { bearer: token })).outcome,
      "403 api_key_required",
    );
  }
});

promise(
  "a key expires after its own time, else after that of the server",
  function* () {
    const id = yield* createExperiment("a");
    const [long, short] = [yield* mint(id), yield* mint(id, { name: "k", ttl_ms: 60_000 })];
    yield* TestClock.adjust("59999 millis");
    assert.strictEqual((yield* ingest(id, short.token)).status, 200);
    yield* TestClock.adjust("1 millis");
    const expired = "401 the ingestion key has expired";
    assert.strictEqual(yield* words(ingest(id, short.token)), expired);
    assert.strictEqual(yield* words(ask("GET", "/folders", { bearer: short.token })), expired);
    assert.strictEqual((yield* ingest(id, long.token)).status, 200);
    yield* TestClock.adjust("9 minutes");
    assert.strictEqual(yield* words(annotate(id, long.token)), expired);
  },
  { ingestionKeyTtl: "10 minutes" },
);

promise("a key lasts 24 hours by default, and its token is like no other", function* () {
  const id = yield* createExperiment("a");
  const { key, token } = yield* post(`/experiments/${id}/ingestion-keys`, { name: "k é" });
  assert.match(key.id, /^[\da-f-]{36}$/);
  assert.deepStrictEqual(key, {
    id: key.id,
    experiment_id: id,
    name: "k é",
    created_at_ms: 0,
    expires_at_ms: 86_400_000,
    revoked_at_ms: null,
    last_used_at_ms: null,
  });
  assert.match(token, /^ik_[\da-f]{48}$/);
  assert.notStrictEqual((yield* mint(id)).token, token);
});

promise(
  "a revoked key opens nothing, and revoking it again answers its record again",
  function* () {
    const id = yield* createExperiment("a");
    const { id: keyId, token } = yield* mint(id);
    const path = `/experiments/${id}/ingestion-keys/${keyId}`;
    yield* TestClock.adjust("1 minute");
    const revoked = yield* ask("DELETE", path);
    assert.deepStrictEqual([revoked.status, revoked.data.key.revoked_at_ms], [200, 60_000]);
    assert.strictEqual(yield* words(ingest(id, token)), "401 the ingestion key was revoked");
    yield* TestClock.adjust("1 minute");
    assert.deepStrictEqual((yield* ask("DELETE", path)).json, revoked.json);
    const other = `/experiments/${yield* createExperiment("b")}/ingestion-keys/${keyId}`;
    assert.strictEqual((yield* ask("DELETE", other)).outcome, "404 ingestion_key_not_found");
  },
);

promise("keys are listed without their tokens, and with their last use", function* () {
  const id = yield* createExperiment("a");
  const { token, ...used } = yield* mint(id);
  const { token: _, ...unused } = yield* mint(id);
  yield* mint(yield* createExperiment("b"));
  yield* TestClock.adjust("1 minute");
  yield* ingest(id, token);
  const { keys } = yield* get(`/experiments/${id}/ingestion-keys`);
  assert.deepStrictEqual(keys, [{ ...used, last_used_at_ms: 60_000 }, unused]);
});

promise(
  "the status says whom a key speaks for",
  function* () {
    const { data } = yield* ask("GET", "/auth/status", { bearer: "my-key" });
    const organization = { id: "organization", name: "Flowers" };
    assert.deepStrictEqual(data, { auth: { kind: "api_key" }, organization });
  },
  { apiKey: "my-key", organization: "Flowers" },
);
