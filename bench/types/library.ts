/** Ten calls of this library. */
import * as Effect from "effect/Effect";
import * as Annotations from "syvain-metrics-effect/Annotations";
import * as Experiments from "syvain-metrics-effect/Experiments";
import * as Folders from "syvain-metrics-effect/Folders";
import * as Metrics from "syvain-metrics-effect/Metrics";

export const program = Effect.gen(function* () {
  const { folder } = yield* Folders.create({ name: "iris" });
  const { folders } = yield* Folders.list({ path: folder.pathName });
  const { folderId } = folder;
  const { experiment } = yield* Experiments.create({ slug: "iris-1", folderId });
  const found = yield* Experiments.get(experiment.id);
  const { experiments } = yield* Experiments.list({ status: "running", limit: 10 });
  yield* Experiments.updateStatus(experiment.id, "running");
  const { mode } = yield* Metrics.ingest(experiment.id, [
    { clientEventId: "loss/1", name: "loss", value: 0.5, step: 1 },
  ]);
  const { rows } = yield* Metrics.list(experiment.id, { metricName: "loss" });
  const compared = yield* Metrics.compare([{ experimentId: experiment.id, metricName: "loss" }]);
  const { annotation } = yield* Annotations.create(experiment.id, { annotation: "done" });
  return {
    folders: folders.map(({ name }) => name),
    slug: found.experiment.slug,
    experiments: experiments.map(({ createdAt }) => createdAt),
    mode,
    rows: rows.map(({ metricValue }) => metricValue),
    compared: compared.rows.map(({ metricValue }) => metricValue),
    text: annotation.annotation,
  };
});
