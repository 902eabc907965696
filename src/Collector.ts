/**
 * Recording from a job: metrics and annotations that are taken in at once, kept in a `Spool`, and sent in the
 * background.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import type { HttpClient } from "effect/http/HttpClient";
import * as Layer from "effect/Layer";
import type * as Scope from "effect/Scope";
import type { MetricsApiAuthError, MetricsApiError } from "./internal/base/errors.ts";
import type { IngestionKeyCache } from "./internal/keys/cache.ts";
import { invalidSetting } from "./internal/base/settings.ts";
import { makeCollector } from "./internal/recording/collector.ts";
import type { FolderPathError } from "./internal/recording/errors.ts";
import {
  Collector,
  type ExperimentInput,
  type Options,
  type Recorder,
  type Recovery,
} from "./internal/recording/service.ts";
import { makeUplinkV1 } from "./internal/recording/uplinkV1.ts";
import type { ConfigService } from "./internal/request/config.ts";
import type { Spool, SpoolError } from "./internal/spool/service.ts";

export { FolderPathError, UndeliveredError } from "./internal/recording/errors.ts";
export {
  type AnnotationOptions,
  Collector,
  type EventOptions,
  type ExperimentInput,
  type NewExperiment,
  type OpenedExperiment,
  type Options,
  type Recorder,
  type Recovery,
  type Summary,
} from "./internal/recording/service.ts";

// -----------------------------------------------------------------------------
// Layers
// -----------------------------------------------------------------------------

/**
 * Recorders on the `Spool` in context. What earlier processes left there is sent in the background.
 *
 * **Details**
 *
 * What is logged here (what is dropped, why events wait, how to send what is left) goes to stderr, as stdout is the
 * job's own. An application that sets its loggers, or `References.LogToStderr`, is followed instead.
 *
 * `api: "v2"` records over API v2, on the layers of `syvain-metrics-effect/v2`, and promises the same. An event has as
 * the id of its message what is its `client_event_id` in v1. What tells the two apart is of the service:
 *
 * - Opening an experiment that is there replaces its description and metadata.
 * - Metadata of a metric is a flat map of texts there: what is no text is stored as its JSON, `7` as `"7"`.
 * - Every metric has a step there: one that is recorded without gets the number of those before it.
 * - A run starts and ends when the service hears of it, and an annotation stands under the time of its arrival.
 *
 * Fails with `MetricsApiAuthError` (`InvalidSetting`) when the layer is built for a limit, duration or API that cannot
 * be.
 *
 * @example
 * ```ts
 * import * as FetchHttpClient from "effect/http/FetchHttpClient";
 * import * as Layer from "effect/Layer";
 * import { Collector, Spool, SyvainMetrics } from "syvain-metrics-effect";
 *
 * const recording = Collector.layer({ shutdownTimeout: "30 seconds" }).pipe(
 *   Layer.provide(Spool.layerMemory()),
 *   Layer.provide(SyvainMetrics.layerAuto()),
 *   Layer.provide(FetchHttpClient.layer),
 * );
 * ```
 *
 * @category layers
 */
export function layer<Api extends "v1" | "v2" = "v1">(
  options?: Options & { readonly api?: Api | undefined },
): Layer.Layer<
  Collector,
  MetricsApiAuthError,
  ConfigService | HttpClient | Spool | { readonly v1: IngestionKeyCache; readonly v2: never }[Api]
>;
export function layer(
  options: Options = {},
): Layer.Layer<
  Collector,
  MetricsApiAuthError,
  ConfigService | HttpClient | IngestionKeyCache | Spool
> {
  return Layer.effect(
    Collector,
    Effect.suspend(() => {
      const { api = "v1" } = options;
      switch (api) {
        case "v1":
          return Effect.flatMap(makeUplinkV1, (uplink) => makeCollector(options, uplink));
        case "v2":
          // With the layer and not before: who records over v1 has nothing of it.
          return Effect.promise(() => import("./internal/recording/uplinkV2.ts")).pipe(
            Effect.flatMap(({ makeUplinkV2 }) => makeUplinkV2),
            Effect.flatMap((uplink) => makeCollector(options, uplink)),
          );
        default:
          return invalidSetting("api", '"v1" or "v2"');
      }
    }),
  );
}

// -----------------------------------------------------------------------------
// Recording
// -----------------------------------------------------------------------------

/**
 * Creates the experiment, or finds it by its slug, and answers a recorder that lives until the scope closes.
 *
 * **Details**
 *
 * When the service cannot be reached, or does not answer within 5 seconds, a job on a spool in files starts all the
 * same: it is recorded under the slug, and the experiment is opened as soon as the service is there, by this process or
 * a later one. `offline: "fail"` of {@link layer} fails instead, and so does a spool in memory. What the service
 * refuses (a key, a slug, a folder that is not there) fails at once.
 *
 * Closing the scope sends what is left within `shutdownTimeout`, and then ends, whatever the service does. What is
 * left then stays in the spool, and the log says how to send it. A `folderPath` is looked up first, by one request;
 * it fails with {@link FolderPathError} unless there is one folder at it.
 *
 * **Gotchas**
 *
 * Where the slug is taken, the service may give the experiment that has it the new description and metadata; where it
 * refuses, the experiment is found as it is.
 *
 * Several runs of one experiment, one after the other or beside each other, are told apart by when they began: how a
 * run ended is said only while no newer one has begun.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect";
 * import { Collector } from "syvain-metrics-effect";
 *
 * const training = Effect.gen(function* () {
 *   const recorder = yield* Collector.experiment({ slug: "run-1", folderPath: "/models/mamba" });
 *   yield* recorder.run(
 *     Effect.gen(function* () {
 *       for (let step = 0; step < 100; step++) yield* recorder.metric("loss", 1 / (step + 1), { step });
 *     }),
 *   );
 * });
 * ```
 *
 * @category recording
 */
export const experiment = (
  input: ExperimentInput,
): Effect.Effect<
  Recorder,
  MetricsApiError | FolderPathError | SpoolError,
  Collector | Scope.Scope
> => Collector.use((collector) => collector.experiment(input));

/**
 * Sends what earlier processes left in the spool, and answers when all of it has been tried.
 *
 * **Details**
 *
 * Processes that are alive are left alone. One that was killed a moment ago looks alive for as long as the spool's
 * `lease`: this waits for that. `leftAlone` says what was not tried, and why.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect";
 * import { Collector } from "syvain-metrics-effect";
 *
 * const left = Effect.map(Collector.recover, ({ remaining }) => remaining);
 * ```
 *
 * @category recovery
 */
export const recover: Effect.Effect<Recovery, SpoolError, Collector> = Collector.use((collector) =>
  collector.recover(),
);
