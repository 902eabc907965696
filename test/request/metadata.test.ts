import { assert, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import * as Experiments from "../../src/Experiments.ts";
import * as Metrics from "../../src/Metrics.ts";
import { Faults, MetricsServer } from "../../src/testing/index.ts";

const circle: Record<string, unknown> = {};
circle["inner"] = { circle };

for (const { what, metadata, path } of [
  { what: "NaN", metadata: { a: [1, { b: Number.NaN }] }, path: ["a", 1, "b"] },
  { what: "undefined", metadata: { a: { b: undefined } }, path: ["a", "b"] },
  { what: "a date", metadata: { a: new Date() }, path: ["a"] },
  { what: "a bigint", metadata: { "a b": 1n }, path: ["a b"] },
  { what: "a map", metadata: { a: new Map() }, path: ["a"] },
  { what: "a circle", metadata: circle, path: ["inner", "circle"] },
  { what: "an instance for the whole", metadata: new Date(), path: [] },
]) {
  it.effect(`metadata that holds ${what} is refused, and the place is named`, () =>
    Effect.gen(function* () {
      const bad = metadata as never;
      const created = yield* Effect.flip(Experiments.create({ slug: "a", metadata: bad }));
      assert(created.reason._tag === "InvalidRequest");
      assert.deepStrictEqual(created.reason.path, ["metadata", ...path]);

      const metric = { clientEventId: "1", name: "loss", value: 1 };
      const ingested = yield* Effect.flip(
        Metrics.ingest("e", [metric, { ...metric, metadata: bad }]),
      );
      assert(ingested.reason._tag === "InvalidRequest");
      assert.deepStrictEqual(ingested.reason.path, ["metrics", 1, "metadata", ...path]);
      assert.lengthOf(yield* Faults.requests, 0);
    }).pipe(Effect.provide(MetricsServer.layerClient())),
  );
}

it.effect("metadata nested deeper than the stack is refused", () =>
  Effect.gen(function* () {
    let metadata: Record<string, never> = {};
    for (let i = 0; i < 100_000; i++) metadata = { a: metadata as never };
    const error = yield* Effect.flip(Experiments.create({ slug: "a", metadata }));
    assert.strictEqual(error.reason._tag, "InvalidRequest");
  }).pipe(Effect.provide(MetricsServer.layerClient())),
);

it.effect("a field of no known name is refused, not left out", () =>
  Effect.gen(function* () {
    const input = { slug: "a", metdata: {} };
    const error = yield* Effect.flip(Experiments.create(input));
    assert(error.reason._tag === "InvalidRequest");
    assert.deepStrictEqual(error.reason.path, ["metdata"]);
    const listed = yield* Effect.flip(Experiments.list({ slg: "a" } as never));
    assert(listed.reason._tag === "InvalidRequest");
    assert.deepStrictEqual(listed.reason.path, ["slg"]);
  }).pipe(Effect.provide(MetricsServer.layerClient())),
);
