/** A limit of recording that cannot be one is refused when the layer is built, by name. */
import * as NodeServices from "@effect/platform-node/NodeServices";
import { assert, describe, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import * as FileSystem from "effect/FileSystem";
import * as Layer from "effect/Layer";
import * as Collector from "../../src/Collector.ts";
import * as MetricReporter from "../../src/MetricReporter.ts";
import type * as MetricsApiError from "../../src/internal/base/errors.ts";
import * as Spool from "../../src/Spool.ts";
import * as MetricsServer from "../../src/testing/MetricsServer.ts";

/** The setting that a layer is refused for. */
const refused = <A, R>(layer: Layer.Layer<A, MetricsApiError.MetricsApiAuthError, R>) =>
  Layer.build(layer).pipe(
    Effect.scoped,
    Effect.flip,
    Effect.map(({ reason }) => {
      assert.strictEqual(reason._tag, "InvalidSetting");
      return reason.message;
    }),
  );

const aboveZero = "a whole number above 0";
const duration = 'a duration longer than nothing, such as "10 seconds"';

describe("a limit that cannot be one", () => {
  const counts = [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY];
  const durations = [0, -1, Number.NaN];
  const client = Layer.provideMerge(MetricsServer.layerClient())(Spool.layerMemory());
  const collector = (options: Collector.Options) =>
    refused(Collector.layer(options).pipe(Layer.provide(client)));

  it.effect("of a collector", () =>
    Effect.gen(function* () {
      for (const wrong of counts) {
        assert.strictEqual(
          yield* collector({ maxEvents: wrong }),
          `maxEvents is not ${aboveZero}.`,
        );
        assert.strictEqual(yield* collector({ maxBytes: wrong }), `maxBytes is not ${aboveZero}.`);
      }
      assert.strictEqual(yield* collector({ api: "v3" as never }), 'api is not "v1" or "v2".');
      assert.strictEqual(yield* collector({ maxEvents: 1001 }), "maxEvents is not at most 1000.");
      for (const wrong of durations) {
        assert.strictEqual(yield* collector({ interval: wrong }), `interval is not ${duration}.`);
      }
      assert.strictEqual(
        yield* collector({ shutdownTimeout: -1 }),
        'shutdownTimeout is not a duration, such as "1 second".',
      );
    }),
  );

  it.effect("of a spool in memory", () =>
    Effect.gen(function* () {
      for (const capacity of counts) {
        const message = yield* refused(Spool.layerMemory({ capacity }));
        assert.strictEqual(message, `capacity is not ${aboveZero}.`);
      }
    }),
  );

  it.effect("of a spool in files, before a file is made", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem;
      const directory = `${yield* fs.makeTempDirectoryScoped()}/spool`;
      const spool = (options: Spool.FileOptions) =>
        Spool.layerFileSystem(directory, options).pipe(
          Layer.catchTag("SpoolError", (error) => Layer.effectDiscard(Effect.die(error))),
          refused,
        );
      for (const capacity of counts) {
        assert.strictEqual(yield* spool({ capacity }), `capacity is not ${aboveZero}.`);
      }
      for (const lease of durations) {
        assert.strictEqual(yield* spool({ lease }), `lease is not ${duration}.`);
      }
      assert.isFalse(yield* fs.exists(directory));
    }).pipe(Effect.provide(NodeServices.layer)),
  );

  it.effect("of a reporter", () =>
    Effect.gen(function* () {
      const recorder = yield* Collector.experiment({ slug: "reported" });
      for (const interval of durations) {
        const message = yield* refused(MetricReporter.layer({ recorder, interval }));
        assert.strictEqual(message, `interval is not ${duration}.`);
      }
    }).pipe(
      Effect.provide(Collector.layer({ shutdownTimeout: 0 }).pipe(Layer.provideMerge(client))),
    ),
  );
});
