/** A user's file: scripts/check-package.ts type-checks it against the packed package, in an empty project. */
import * as Effect from "effect/Effect";
import * as FetchHttpClient from "effect/http/FetchHttpClient";
import type { HttpClient } from "effect/http/HttpClient";
import * as Layer from "effect/Layer";
import type * as Stream from "effect/Stream";
import {
  Annotations,
  Auth,
  type ConfigService,
  Experiments,
  Folders,
  IngestionKeys,
  Metrics,
  type MetricsApiError,
  SyvainMetrics,
} from "syvain-metrics-effect";
import { create } from "syvain-metrics-effect/Experiments";
import { MetricsServer } from "syvain-metrics-effect/testing";

export const program = Effect.gen(function* () {
  const { folder } = yield* Folders.create({ name: "iris" });
  const { experiment } = yield* Experiments.create({ slug: "iris-1", folderId: folder.id });
  yield* Metrics.ingest(experiment.id, [
    { clientEventId: "loss/1", name: "loss", value: 0.5, step: 1 },
  ]);
  yield* Annotations.create(experiment.id, { text: "done" });
  yield* IngestionKeys.forgetCredential(experiment.id);
  const rows = yield* Metrics.compare([{ experimentId: experiment.id, metricName: "loss" }]);
  const { authenticated } = yield* Auth.status;
  return { authenticated, values: rows.map((row): number => row.value) };
});

/** The single module and the namespace are the same. */
export const same: typeof Experiments.create = create;

export const items: Stream.Stream<
  Experiments.Experiment,
  MetricsApiError.MetricsApiError,
  ConfigService.ConfigService | HttpClient
> = Experiments.stream();

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
