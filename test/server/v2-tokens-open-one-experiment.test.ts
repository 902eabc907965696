/** An experiment token opens its experiment and nothing else, for a day, until it is revoked. */
import { assert, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import * as HttpBody from "effect/http/HttpBody";
import * as HttpClient from "effect/http/HttpClient";
import * as HttpClientRequest from "effect/http/HttpClientRequest";
import * as Redacted from "effect/Redacted";
import * as TestClock from "effect/testing/TestClock";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { layerSqlite } from "../../src/server/drivers/sqlite.ts";
import { Store } from "../../src/server/store.ts";
import { MetricsServer } from "../../src/testing/index.ts";
import { apiKey, ask, event, onEachStore, one, open, outcome, tell } from "../support/bothApis.ts";
import { temporaryDirectory } from "../support/processes.ts";
import { newExperiment } from "../support/stores.ts";

const outcomeOf = ({ status, text }: { readonly status: number; readonly text: string }) =>
  `${status} ${JSON.parse(text).error?.details?.code ?? ""}`.trim();

onEachStore("who may ask what", function* () {
  const run = yield* open("run");
  const other = yield* open("other");
  const start = (bearer: string | null, experimentId = run.experimentId) =>
    Effect.map(
      ask("POST", `/api/v2/experiments/${experimentId}/events`, {
        bearer,
        body: [event("experiment.start", { experimentId })],
      }),
      outcomeOf,
    );
  const read = (bearer: string | null) =>
    Effect.map(
      ask("POST", "/api/v2/events", { bearer, body: [event("foldertree.read", {})] }),
      outcomeOf,
    );
  assert.strictEqual(yield* start(run.experimentToken), "200");
  assert.strictEqual(yield* start(null), "401");
  assert.strictEqual(yield* start("et_unknown"), "401 experiment_token_invalid");
  assert.strictEqual(yield* start(apiKey), "403 experiment_token_required");
  assert.strictEqual(
    yield* start(run.experimentToken, other.experimentId),
    "403 experiment_token_of_another",
  );
  assert.strictEqual(yield* read(apiKey), "200");
  assert.strictEqual(yield* read(null), "401");
  assert.strictEqual(yield* read("unknown"), "401");
  assert.strictEqual(yield* read(run.experimentToken), "403 api_key_required");
  // The other generation does not know it.
  const v1 = yield* ask("POST", `/api/v1/experiments/${run.experimentId}/ingest`, {
    bearer: run.experimentToken,
    body: { data: [] },
  });
  assert.strictEqual(v1.status, 401);
});

onEachStore(
  "a token is renewed while it holds, the old one stays, a revoked one is gone",
  function* () {
    const run = yield* open("run");
    const { experimentId, experimentToken } = run;
    const renewed = yield* one("experiment.tokenRefresh", { experimentId, experimentToken });
    const newToken = String(renewed.data["experimentToken"]);
    assert.notStrictEqual(newToken, experimentToken);
    assert.isAtLeast(Number(renewed.data["expiresAtMs"]), run.expiresAtMs);
    for (const token of [experimentToken, newToken]) {
      const [reply] = yield* tell({ experimentId, experimentToken: token }, ["start"]);
      assert.strictEqual(outcome(reply!), "syvain.v2.experiment.started");
    }

    const [revoked] = yield* tell(run, ["tokenRevoke"]);
    assert.strictEqual(outcome(revoked!), "syvain.v2.experiment.tokenRevoked");
    const late = yield* ask("POST", `/api/v2/experiments/${experimentId}/events`, {
      bearer: experimentToken,
      body: [event("experiment.start", { experimentId })],
    });
    assert.strictEqual(outcomeOf(late), "401 experiment_token_invalid");
    const [still] = yield* tell({ experimentId, experimentToken: newToken }, ["done"]);
    assert.strictEqual(outcome(still!), "syvain.v2.experiment.done");

    const other = yield* open("other");
    const refresh = (data: object) =>
      Effect.map(one("experiment.tokenRefresh", data), (reply) => outcome(reply));
    assert.strictEqual(
      yield* refresh({ experimentId, experimentToken }),
      "401 experiment_token_invalid",
    );
    assert.strictEqual(
      yield* refresh({ experimentId: other.experimentId, experimentToken: newToken }),
      "403 experiment_token_of_another",
    );
    assert.strictEqual(
      yield* refresh({ experimentId, experimentToken: "et_unknown" }),
      "401 experiment_token_invalid",
    );
  },
);

it.effect("a token expires after 24 hours", () =>
  Effect.gen(function* () {
    const server = yield* MetricsServer.MetricsServer;
    const post = (path: string, bearer: string, body: unknown) =>
      Effect.gen(function* () {
        const response = yield* HttpClientRequest.post(server.host + path).pipe(
          HttpClientRequest.bearerToken(bearer),
          HttpClientRequest.setBody(HttpBody.text(JSON.stringify(body), "application/json")),
          HttpClient.execute,
        );
        return { status: response.status, json: JSON.parse(yield* response.text) };
      });
    const opened = yield* post("/api/v2/events", Redacted.value(server.apiKey), [
      event("experiment.open", { slug: "run", description: "", meta: {} }),
    ]);
    const { experimentId, experimentToken, expiresAtMs } = opened.json[0].data;
    assert.strictEqual(expiresAtMs, 24 * 60 * 60 * 1000);
    const start = Effect.map(
      post(`/api/v2/experiments/${experimentId}/events`, experimentToken, [
        event("experiment.start", { experimentId }),
      ]),
      ({ status }) => status,
    );
    yield* TestClock.adjust("23 hours");
    assert.strictEqual(yield* start, 200);
    yield* TestClock.adjust("1 hour");
    assert.strictEqual(yield* start, 401);
    const refreshed = yield* post("/api/v2/events", Redacted.value(server.apiKey), [
      event("experiment.tokenRefresh", { experimentId, experimentToken }),
    ]);
    assert.strictEqual(refreshed.json[0].data.status, 401);
  }).pipe(Effect.provide(MetricsServer.layer)),
);

it.live("no file of the store holds a token", () =>
  Effect.gen(function* () {
    const directory = yield* temporaryDirectory;
    const token = "et_that_is_looked_for";
    yield* Effect.gen(function* () {
      const store = yield* Store;
      yield* store.transaction(
        Effect.gen(function* () {
          yield* store.putExperiment(
            newExperiment("a", {
              description: { text: "a text that is looked for", metadata: {} },
            }),
          );
          yield* store.addExperimentToken(token, { experimentId: "a", expiresAt: 1 });
        }),
      );
      assert.deepInclude(yield* store.experimentToken(token), { experimentId: "a" });
    }).pipe(
      Effect.provide(
        layerSqlite({ file: join(directory, "metrics.db"), lock: join(directory, "lock") }),
      ),
    );
    const kept = readdirSync(directory)
      .map((file) => readFileSync(join(directory, file), "latin1"))
      .join("");
    assert.include(kept, "a text that is looked for");
    assert.notInclude(kept, token);
  }).pipe(Effect.scoped),
);
