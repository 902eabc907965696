/** A success is `{ "data": …, "error": null }` with what the contract says inside; anything else is a response error. */
import { assert, describe, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import * as Experiments from "../../src/Experiments.ts";
import { type Asked, layerAnswering } from "../support/answering.ts";
import { calls, enveloped } from "../support/socket-calls.ts";

const get = Experiments.get("e");
const data = calls.find(({ name }) => name === "Experiments.get")!.data as {
  readonly experiment: { readonly folder: object };
};
const answered = (body: unknown, init?: ResponseInit, asked: Array<Asked> = []) =>
  Effect.provide(
    get,
    layerAnswering(
      () => new Response(typeof body === "string" ? body : JSON.stringify(body), init),
      { asked },
    ),
  );

describe("a success", () => {
  it.effect("has any status of 200 to 299, and any content type or none", () =>
    Effect.gen(function* () {
      for (const status of [200, 201, 202, 203, 299]) {
        for (const type of ["application/json", "text/plain", "text/html; charset=utf-16", ""]) {
          const headers: Record<string, string> = type === "" ? {} : { "content-type": type };
          const { experiment } = yield* answered(enveloped(data), { status, headers });
          assert.strictEqual(experiment.id, "e");
        }
      }
    }),
  );

  it.effect("may have fields that we do not know, outside and inside, and a byte order mark", () =>
    Effect.gen(function* () {
      const experiment = {
        ...data.experiment,
        new: 1,
        folder: { ...data.experiment.folder, new: 1 },
      };
      const more = { data: { experiment, new: { a: 1 } }, error: null, meta: 1 };
      const plain = yield* answered(enveloped(data));
      assert.deepStrictEqual(yield* answered(more), plain);
      assert.deepStrictEqual(yield* answered(`\ufeff${enveloped(data)}`), plain);
    }),
  );
});

describe("a response error that names the place", () => {
  const experiment = (fields: object) =>
    enveloped({ experiment: { ...data.experiment, ...fields } });
  const table: Record<string, readonly [body: unknown, path: ReadonlyArray<string>]> = {
    "no object": [[], []],
    null: [null, []],
    "a text": ['"x"', []],
    "a number": [5, []],
    "no error": [{ data }, ["error"]],
    "no data": [{ error: null }, ["data"]],
    "an error that is a text": [{ data, error: "no" }, ["error"]],
    "an error that is empty": [{ data, error: "" }, ["error"]],
    "an error that is an object": [{ data, error: { message: "no" } }, ["error"]],
    "an error that is an empty object": [{ data, error: {} }, ["error"]],
    "an error that is false": [{ data, error: false }, ["error"]],
    "an error that is in progress": [
      { data: null, error: { message: "busy", details: "code=idempotency_key_in_progress" } },
      ["error"],
    ],
    "data that is null": [{ data: null, error: null }, ["data"]],
    "data that is a list": [{ data: [], error: null }, ["data"]],
    "data that is empty": [{ data: {}, error: null }, ["data", "experiment"]],
    "a record without its id": [experiment({ id: undefined }), ["data", "experiment", "id"]],
    "an id that is a number": [experiment({ id: 5 }), ["data", "experiment", "id"]],
    "metadata that is a list": [experiment({ metadata: [] }), ["data", "experiment", "metadata"]],
    "a time that is a text": [
      experiment({ created_at_ms: "1" }),
      ["data", "experiment", "created_at_ms"],
    ],
    "a folder without its name": [
      experiment({ folder: { ...data.experiment.folder, name: null } }),
      ["data", "experiment", "folder", "name"],
    ],
  };
  for (const [what, [body, path]] of Object.entries(table)) {
    it.effect(`${what}, and no retry`, () =>
      Effect.gen(function* () {
        const asked: Array<Asked> = [];
        const error = yield* Effect.flip(answered(body, { status: 201 }, asked));
        assert(error._tag === "MetricsApiResponseError");
        assert.strictEqual(error.reason._tag, "UnexpectedShape");
        assert.deepStrictEqual(error.path, path);
        assert.isNotEmpty(error.expected);
        assert.include(error.message, "the 201 answer is not what the contract says");
        assert.strictEqual(error.status, 201);
        assert.lengthOf(asked, 1);
      }),
    );
  }
});
