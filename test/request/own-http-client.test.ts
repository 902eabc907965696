import { assert, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as HttpClient from "effect/http/HttpClient";
import * as HttpClientRequest from "effect/http/HttpClientRequest";
import * as Experiments from "../../src/Experiments.ts";
import { Faults, MetricsServer } from "../../src/testing/index.ts";
import { inVirtualTime } from "../support/virtual-time.ts";

/** A user's own client on top of the one that reaches the server. */
const withClient = (own: (client: HttpClient.HttpClient) => HttpClient.HttpClient) =>
  Effect.provide(
    Layer.effect(HttpClient.HttpClient, Effect.map(HttpClient.HttpClient, own)).pipe(
      Layer.provideMerge(MetricsServer.layerClient()),
    ),
  );

it.effect("a client that filters statuses changes neither errors nor retries", () =>
  Effect.gen(function* () {
    yield* Faults.status(503);
    yield* Faults.status(409, { body: JSON.stringify({ error: { message: "taken" } }) });
    const error = yield* inVirtualTime(Effect.flip(Experiments.create({ slug: "a" })));
    assert(error._tag === "MetricsApiRequestError");
    assert.strictEqual(error.reason._tag, "Conflict");
    assert.strictEqual(error.detail, "taken");
    assert.strictEqual(error.attempts, 2);
  }).pipe(withClient(HttpClient.filterStatusOk)),
);

it.effect("a client that adds headers adds them to every attempt", () =>
  Effect.gen(function* () {
    yield* Faults.status(503);
    yield* inVirtualTime(Experiments.create({ slug: "a" }));
    assert.deepStrictEqual(
      (yield* Faults.requests).map(({ headers }) => headers["x-team"]),
      ["vision", "vision"],
    );
  }).pipe(withClient(HttpClient.mapRequest(HttpClientRequest.setHeader("x-team", "vision")))),
);
