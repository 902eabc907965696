/** Ten calls of this library. */
import * as Effect from "effect/Effect";
import * as Annotations from "syvain-metrics-effect/Annotations";
import * as Experiments from "syvain-metrics-effect/Experiments";
import * as Folders from "syvain-metrics-effect/Folders";
import * as Metrics from "syvain-metrics-effect/Metrics";

export const program = Effect.gen(function* () {
  const { folder } = yield* Folders.create({ name: "iris" });
  const { folders } = yield* Folders.list({ parentId: folder.id, limit: 10 });
  const { experiment } = yield* Experiments.create({ slug: "iris-1", folderId: folder.id });
  const found = yield* Experiments.get(experiment.id);
  const { experiments } = yield* Experiments.list({ folderId: folder.id });
  yield* Experiments.updateStatus(experiment.id, "running");
  const { accepted } = yield* Metrics.ingest(experiment.id, [
    { clientEventId: "loss/1", name: "loss", value: 0.5, step: 1 },
  ]);
  const { metrics } = yield* Metrics.list(experiment.id, { name: "loss" });
  const rows = yield* Metrics.compare([{ experimentId: experiment.id, metricName: "loss" }]);
  const { annotation } = yield* Annotations.create(experiment.id, { text: "done" });
  return {
    folders: folders.map(({ name }) => name),
    slug: found.experiment.slug,
    experiments: experiments.map(({ createdAt }) => createdAt),
    accepted,
    metrics: metrics.map(({ value }) => value),
    rows: rows.map(({ value }) => value),
    text: annotation.text,
  };
});
