import { assert, describe, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import * as ConfigService from "../../src/ConfigService.ts";
import * as Experiments from "../../src/Experiments.ts";
import { Faults, MetricsServer } from "../../src/testing/index.ts";

const live = (options?: Parameters<typeof MetricsServer.layerClient>[0]) =>
  Effect.provide(MetricsServer.layerClient(options));
const list = Experiments.list();
const empty = '{"data":{"experiments":[]},"error":null}';

describe("the largest answer that is accepted", () => {
  it.effect("is 64 MiB by default", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* ConfigService.ConfigService).maxResponseBytes, 64 * 1024 * 1024);
    }).pipe(live()),
  );

  it.effect("can be set for the client, to the byte", () =>
    Effect.gen(function* () {
      yield* Faults.status(200, { body: empty });
      yield* list;
      yield* Faults.status(200, { body: `${empty} ` });
      const error = yield* Effect.flip(list);
      assert(error._tag === "MetricsApiResponseError" && error.reason._tag === "BodyTooLarge");
      assert.strictEqual(error.reason.limit, empty.length);
      assert.strictEqual(error.attempts, 1);
    }).pipe(live({ maxResponseBytes: empty.length })),
  );

  it.effect("does not keep a failure from being told", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(Experiments.get("none"));
      assert.strictEqual(error.reason._tag, "NotFound");
    }).pipe(live({ maxResponseBytes: 1 })),
  );

  for (const bytes of [0, -1, 1.5, Number.NaN, Infinity, "1 MiB" as never]) {
    it.effect(`that is ${bytes} is refused`, () =>
      Effect.gen(function* () {
        const ofClient = yield* Effect.flip(list.pipe(live({ maxResponseBytes: bytes })));
        assert(ofClient._tag === "MetricsApiAuthError");
        assert.strictEqual(
          ofClient.message,
          "maxResponseBytes is not a whole number of bytes above 0.",
        );
      }),
    );
  }
});
