import { assert, describe, it } from "@effect/vitest";
import { inspect } from "node:util";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Redacted from "effect/Redacted";
import * as Schedule from "effect/Schedule";
import * as Experiments from "../../src/Experiments.ts";
import * as IdempotencyKey from "../../src/IdempotencyKey.ts";
import * as IngestionKeys from "../../src/IngestionKeys.ts";
import * as Metrics from "../../src/Metrics.ts";
import { withResponse } from "../../src/ResponseInfo.ts";
import { Faults, MetricsServer } from "../../src/testing/index.ts";
import { inVirtualTime } from "../support/virtual-time.ts";

const live = Effect.provide(MetricsServer.layerClient({ retry: Schedule.spaced("2 seconds") }));
const create = Experiments.create({ slug: "a" });

describe("withResponse", () => {
  it.effect("answers the value, and what happened", () =>
    Effect.gen(function* () {
      yield* Faults.status(503, { times: 2 });
      const { value, response } = yield* inVirtualTime(withResponse(create));
      assert.strictEqual(value.experiment.slug, "a");
      assert(response !== undefined);
      const { headers, idempotencyKey, ...rest } = response;
      assert.deepStrictEqual(rest, {
        operation: "Experiments.create",
        method: "POST",
        url: "https://metrics.test/api/v1/experiments",
        status: 201,
        requestId: headers["x-request-id"],
        attempts: 3,
        retryDelay: Duration.seconds(4),
        elapsed: Duration.seconds(4),
        replayed: false,
      });
      assert.match(headers["content-type"] ?? "", /^application\/json/);
      assert.isNotEmpty(response.requestId);
      const requests = yield* Faults.requests;
      assert.strictEqual(requests[2]!.headers["idempotency-key"], idempotencyKey);
    }).pipe(live),
  );

  it.effect("tells a replayed answer from a fresh one", () =>
    Effect.gen(function* () {
      const keyed = withResponse(create).pipe(IdempotencyKey.withKey("mine"));
      const [first, second] = yield* Effect.all([keyed, keyed]);
      assert.deepStrictEqual(
        [first, second].map(({ response }) => response?.replayed),
        [false, true],
      );
      assert.deepStrictEqual(second.value, first.value);
      assert.strictEqual(second.response?.idempotencyKey, "mine");
    }).pipe(live),
  );

  it.effect("tells that a retry was answered what the lost attempt did", () =>
    Effect.gen(function* () {
      yield* Faults.dropAfter();
      const { response } = yield* inVirtualTime(withResponse(create));
      assert.isTrue(response?.replayed);
      assert.strictEqual(response?.attempts, 2);
    }).pipe(live),
  );

  it.effect("tells of the call, not of the mint on its way", () =>
    Effect.gen(function* () {
      const { experiment } = yield* create;
      const { response } = yield* withResponse(Metrics.ingest(experiment.id, []));
      assert.strictEqual(response?.operation, "Metrics.ingest");
    }).pipe(live),
  );

  it.effect("tells of a stream when it begins", () =>
    Effect.gen(function* () {
      const line = '{"kind":"complete","batchCount":0,"rowCount":0}\n';
      yield* Faults.status(200, { body: line, headers: { "x-request-id": "r" } });
      const { value, response } = yield* withResponse(Metrics.querySeries([{ experimentId: "e" }]));
      assert.deepStrictEqual(value, []);
      assert.strictEqual(response?.requestId, "r");
      assert.isUndefined(response?.idempotencyKey);
    }).pipe(live),
  );

  it.effect("has nothing to tell when nothing was asked", () =>
    Effect.gen(function* () {
      const { response } = yield* withResponse(IngestionKeys.forgetCredential("e"));
      assert.isUndefined(response);
    }).pipe(live),
  );

  it.effect("fails as the call does", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(withResponse(Experiments.get("none")));
      assert.strictEqual(error.reason._tag, "NotFound");
    }).pipe(live),
  );

  it.effect("tells the last of several calls, at every level", () =>
    Effect.gen(function* () {
      const { value, response } = yield* withResponse(
        Effect.andThen(create, withResponse(Experiments.list())),
      );
      assert.strictEqual(response?.operation, "Experiments.list");
      assert.deepStrictEqual(value.response, response);
    }).pipe(live),
  );

  it.effect("shows no key, not even one that the service sends back", () =>
    Effect.gen(function* () {
      const { apiKey } = yield* MetricsServer.MetricsServer;
      const headers = { "x-seen": `Bearer ${Redacted.value(apiKey)}` };
      const body = '{"data":{"experiments":[]},"error":null}';
      yield* Faults.status(200, { body, headers });
      const { response } = yield* withResponse(Experiments.list());
      assert.strictEqual(response?.headers["x-seen"], "Bearer <redacted>");
      assert.notInclude(inspect(response), Redacted.value(apiKey));
    }).pipe(live),
  );
});
