/** `MetricsServer` serves programs of both APIs, in the process of a test as on a port. */
import { assert, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import * as V1 from "../../src/Experiments.ts";
import { MetricsServer } from "../../src/testing/index.ts";
import * as Auth from "../../src/v2/Auth.ts";
import * as Events from "../../src/v2/Events.ts";
import * as Experiments from "../../src/v2/Experiments.ts";
import * as Folders from "../../src/v2/Folders.ts";
import * as Runs from "../../src/v2/Runs.ts";
import * as Series from "../../src/v2/Series.ts";

it.effect("a whole program of v2, and one call of v1", () =>
  Effect.gen(function* () {
    assert.deepStrictEqual((yield* Auth.status).organization.name, "Reference");
    const { folder } = yield* Folders.make("/models/mamba");
    const experimentId = yield* Effect.scoped(
      Effect.gen(function* () {
        const run = yield* Runs.open({ slug: "run-1", folder: "/models/mamba" });
        yield* run.start;
        const points = Array.from({ length: 2500 }, (_, step) => ({
          name: "loss",
          value: 1 / (step + 1),
          step,
          metadata: { split: "train" },
        }));
        const { acknowledged, batches } = yield* run.metrics(points);
        assert.deepStrictEqual([acknowledged, batches], [2500, 3]);
        yield* run.annotate("checkpoint", { meta: { path: "x" } });
        yield* run.done;
        return run.experimentId;
      }),
    );
    const { experiment } = yield* Experiments.find("run-1");
    assert.deepStrictEqual(experiment, {
      experimentId,
      slug: "run-1",
      path: "/models/mamba/run-1",
      folderId: folder.folderId,
    });
    const [series] = yield* Series.read(experimentId);
    assert.strictEqual(series!.values.length, 2500);
    const { experiments, missing } = yield* Experiments.getMany([experimentId, "none"]);
    assert.deepStrictEqual([experiments[0]!.seriesRevision, missing], [2500, ["none"]]);
    const refused = yield* Effect.flip(Experiments.get("none"));
    assert.deepInclude(refused, { code: "experiment_not_found", status: 404, retryable: false });
    const sent = yield* Events.sendAll([
      { event: "syvain.v2.query.catalog", data: { experimentId } },
      { event: "syvain.v2.custom", data: {} },
    ]);
    assert.deepStrictEqual(
      sent.map(({ event }) => event),
      ["syvain.v2.query.catalog.result", "syvain.v2.error"],
    );
    assert.strictEqual((yield* V1.get(experimentId)).experiment.status, "done");
  }).pipe(Effect.provide(MetricsServer.layerClient())),
);
