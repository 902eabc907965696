/** A user's file: scripts/check-package.ts type-checks it against the packed package, in an empty project. */
import * as Effect from "effect/Effect";
import * as FetchHttpClient from "effect/http/FetchHttpClient";
import * as Layer from "effect/Layer";
import {
  Annotations,
  Auth,
  Experiments,
  Folders,
  IngestionKeys,
  Metrics,
  SyvainMetrics,
} from "syvain-metrics-effect";
import { create } from "syvain-metrics-effect/Experiments";
import { MetricsServer } from "syvain-metrics-effect/testing";
import { Runs, Series, SyvainMetrics as SyvainMetricsV2 } from "syvain-metrics-effect/v2";
import { read } from "syvain-metrics-effect/v2/Series";

export const program = Effect.gen(function* () {
  const { folder } = yield* Folders.create({ name: "iris" });
  const { experiment } = yield* Experiments.create({ slug: "iris-1", folderId: folder.folderId });
  yield* Metrics.ingest(experiment.id, [
    { clientEventId: "loss/1", name: "loss", value: 0.5, step: 1 },
  ]);
  yield* Annotations.create(experiment.id, { annotation: "done" });
  yield* IngestionKeys.forgetCredential(experiment.id);
  const { rows } = yield* Metrics.compare([{ experimentId: experiment.id, metricName: "loss" }]);
  const { organization } = yield* Auth.status;
  return { organization, values: rows.map((row): number => row.metricValue) };
});

/** The single module and the namespace are the same. */
export const same: typeof Experiments.create = create;

export const programV2 = Effect.gen(function* () {
  const run = yield* Runs.open({ slug: "iris-1" });
  yield* run.metrics([{ name: "loss", value: 0.5, step: 1 }]);
  const [series] = yield* Series.read(run.experimentId);
  return series?.values.at(-1);
}).pipe(
  Effect.scoped,
  Effect.provide(SyvainMetricsV2.layerConfig.pipe(Layer.provideMerge(FetchHttpClient.layer))),
);
export const sameV2: typeof Series.read = read;

// Everything that the program needs is provided: the compiler refuses to run it otherwise.
export const run = () =>
  Effect.runPromise(
    program.pipe(
      Effect.provide(SyvainMetrics.layerConfig.pipe(Layer.provideMerge(FetchHttpClient.layer))),
    ),
  );
export const test = () =>
  Effect.runPromise(program.pipe(Effect.provide(MetricsServer.layerClient())));

// @ts-expect-error a slug is required
export const withoutSlug = Experiments.create({ description: "none" });
