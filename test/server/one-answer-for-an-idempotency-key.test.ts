/** The same `Idempotency-Key` with the same request is one act and one answer. */
import { assert, describe, it } from "@effect/vitest";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import * as HttpClientRequest from "effect/http/HttpClientRequest";
import * as HttpServerRequest from "effect/http/HttpServerRequest";
import * as HttpServerResponse from "effect/http/HttpServerResponse";
import { TestClock } from "effect/testing";
import { makeApp, makeDesk } from "../../src/server/app.ts";
import { makeMemoryStore } from "../../src/server/memory.ts";
import { Store } from "../../src/server/store.ts";
import { ask, createExperiment, get, mint, promise } from "./ask.ts";

const headers = { "idempotency-key": "k" };
const create = (name: string) => ask("POST", "/folders", { headers, body: { name } });

promise("the answer is given again, and says so", function* () {
  const [first, second] = [yield* create("a"), yield* create("a")];
  assert.deepStrictEqual([second.status, second.text], [201, first.text]);
  assert.include(second.headers["content-type"], "application/json");
  assert.isUndefined(first.headers["idempotent-replayed"]);
  assert.strictEqual(second.headers["idempotent-replayed"], "true");
  assert.notStrictEqual(second.headers["x-request-id"], first.headers["x-request-id"]);
  assert.lengthOf((yield* get("/folders")).folders, 1);
});

promise("a refusal is given again too", function* () {
  const send = ask("POST", "/experiments", { headers, body: { slug: "a", folder_id: "x" } });
  assert.strictEqual((yield* send).status, 404);
  assert.strictEqual((yield* send).headers["idempotent-replayed"], "true");
});

promise("another request with the key is refused: body, query, path or method", function* () {
  const id = `/experiments/${yield* createExperiment("a")}`;
  const status = { status: "done" };
  for (const [method, path, body, outcome] of [
    ["POST", id, status, "200"],
    ["POST", id, status, "200"],
    ["POST", id, { status: "running" }, "422 idempotency_key_reused"],
    ["POST", `${id}?x=1`, status, "422 idempotency_key_reused"],
    ["POST", "/folders", { name: "a" }, "422 idempotency_key_reused"],
    ["PATCH", id, status, "422 idempotency_key_reused"],
  ] as const) {
    assert.strictEqual((yield* ask(method, path, { headers, body })).outcome, outcome);
  }
});

promise("the bearer may be another one that is good, and no other", function* () {
  const id = yield* createExperiment("a");
  const annotate = (bearer: string) =>
    ask("POST", `/experiments/${id}/annotations`, { bearer, headers, body: { annotation: "t" } });
  const first = yield* annotate((yield* mint(id)).token);
  const second = yield* annotate((yield* mint(id)).token);
  assert.strictEqual(second.text, first.text);
  assert.strictEqual((yield* annotate("wrong")).status, 401);
});

promise("the creation of an ingestion key and the queries take no notice of it", function* () {
  const id = yield* createExperiment("a");
  const path = `/experiments/${id}/ingestion-keys`;
  for (const name of ["a", "a", "b"]) {
    assert.strictEqual((yield* ask("POST", path, { headers, body: { name } })).status, 201);
  }
  assert.lengthOf((yield* get(path)).keys, 3);
  const catalog = { headers, body: { experimentIds: [id] } };
  assert.strictEqual((yield* ask("POST", "/query/metric-catalog", catalog)).status, 200);
  assert.strictEqual((yield* create("a")).status, 201);
});

describe("while a write takes a second", () => {
  /** A server whose first write fails, if asked, after a second. */
  const slow = (failing = false) =>
    Effect.gen(function* () {
      const store = makeMemoryStore();
      let writes = 0;
      const { answer } = yield* makeApp(
        {
          isApiKey: (bearer) => bearer === "key",
          organization: { id: "o", name: "o" },
          ingestionKeyTtl: Duration.days(1),
        },
        makeDesk(),
      ).pipe(
        Effect.provideService(Store, {
          ...store,
          transaction: (self) =>
            Effect.andThen(
              Effect.sleep("1 second"),
              failing && writes++ === 0 ? Effect.die(new Error("disk full")) : self,
            ),
        }),
      );
      return (name: string) =>
        answer.pipe(
          Effect.provideService(
            HttpServerRequest.HttpServerRequest,
            HttpServerRequest.fromClientRequest(
              HttpClientRequest.post("https://metrics.test/api/v1/folders").pipe(
                HttpClientRequest.bearerToken("key"),
                HttpClientRequest.setHeaders(headers),
                HttpClientRequest.bodyJsonUnsafe({ name }),
              ),
            ),
          ),
          Effect.map(HttpServerResponse.toClientResponse),
          Effect.flatMap((response) =>
            Effect.map(response.text, (text) => [response.status, text] as const),
          ),
        );
    });

  it.effect("the same request is 409, another one 422, and later the answer is there", () =>
    Effect.gen(function* () {
      const send = yield* slow();
      const fiber = yield* Effect.forkChild(send("a"));
      yield* TestClock.adjust("500 millis");
      const [inProgress, reused] = [yield* send("a"), yield* send("b")];
      assert.strictEqual(inProgress[0], 409);
      assert.include(inProgress[1], '"details":"code=idempotency_key_in_progress"');
      assert.strictEqual(reused[0], 422);
      yield* TestClock.adjust("500 millis");
      const again = yield* Effect.forkChild(send("a"));
      yield* TestClock.adjust("1 second");
      assert.deepStrictEqual(yield* Fiber.join(again), yield* Fiber.join(fiber));
    }),
  );

  it.effect("an answer of 500 is not kept", () =>
    Effect.gen(function* () {
      const send = yield* slow(true);
      const statuses = yield* Effect.forkChild(
        Effect.all([send("a"), send("a")].map(Effect.map(([status]) => status))),
      );
      yield* TestClock.adjust("2 seconds");
      assert.deepStrictEqual(yield* Fiber.join(statuses), [500, 201]);
    }),
  );

  it.effect("an interrupted request leaves nothing behind", () =>
    Effect.gen(function* () {
      const send = yield* slow();
      const first = yield* Effect.forkChild(send("a"));
      yield* TestClock.adjust("500 millis");
      yield* Fiber.interrupt(first);
      const second = yield* Effect.forkChild(send("a"));
      yield* TestClock.adjust("1 second");
      assert.strictEqual((yield* Fiber.join(second))[0], 201);
    }),
  );
});
