/**
 * Experiments: the runs whose metrics are stored. To write one, see `Runs`.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import type { HttpClient } from "effect/http/HttpClient";
import type { MetricsApiError } from "../internal/base/errors.ts";
import { callEvent } from "../internal/events/call.ts";
import * as internal from "../internal/events/experiments.ts";
import type { ExperimentEntry } from "../internal/events/tree.ts";
import type { ConfigService } from "../internal/request/config.ts";
import {
  type Annotation,
  type CatalogSeries,
  type Experiment,
  getAnnotations,
  getCatalog,
  getExperiment,
  moveExperiment,
  type Revisions,
} from "../internal/wire/v2/experiments.ts";
import type { Move } from "./Folders.ts";

// -----------------------------------------------------------------------------
// Models
// -----------------------------------------------------------------------------

export type { ExperimentEntry } from "../internal/events/tree.ts";
export type { Metadata } from "../internal/wire/schema.ts";
export {
  Annotation,
  CatalogSeries,
  Experiment,
  type ExperimentStatus,
  type Revisions,
} from "../internal/wire/v2/experiments.ts";

// -----------------------------------------------------------------------------
// Endpoints
// -----------------------------------------------------------------------------

/**
 * Gets the record of an experiment. One that is not there is `NotFound`.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect";
 * import { Experiments } from "syvain-metrics-effect/v2";
 *
 * const statusOf = (experimentId: string) =>
 *   Effect.map(Experiments.get(experimentId), ({ experiment }) => experiment.status);
 * ```
 *
 * @category endpoints
 */
export const get = (
  experimentId: string,
): Effect.Effect<
  { readonly experiment: Experiment },
  MetricsApiError,
  ConfigService | HttpClient
> => callEvent(getExperiment, { payload: { experimentId } });

/**
 * Gets the records of any number of experiments, 500 in a request, and the ids of those that are not there.
 *
 * @example
 * ```ts
 * import { Experiments } from "syvain-metrics-effect/v2";
 *
 * const both = Experiments.getMany(["run-1-id", "run-2-id"]);
 * ```
 *
 * @category endpoints
 */
export const getMany: (experimentIds: ReadonlyArray<string>) => Effect.Effect<
  {
    readonly experiments: ReadonlyArray<Experiment & Revisions>;
    readonly missing: ReadonlyArray<string>;
  },
  MetricsApiError,
  ConfigService | HttpClient
> = internal.getMany;

/**
 * How often any number of experiments changed, 500 in a request: what was read before is still so while these stay
 * the same.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect";
 * import { Experiments } from "syvain-metrics-effect/v2";
 *
 * const hasNewMetrics = (experimentId: string, seen: number) =>
 *   Effect.map(Experiments.revisions([experimentId]), ({ revisions }) =>
 *     revisions.some(({ seriesRevision }) => seriesRevision !== seen),
 *   );
 * ```
 *
 * @category endpoints
 */
export const revisions: (experimentIds: ReadonlyArray<string>) => Effect.Effect<
  {
    readonly revisions: ReadonlyArray<{ readonly experimentId: string } & Revisions>;
    readonly missing: ReadonlyArray<string>;
  },
  MetricsApiError,
  ConfigService | HttpClient
> = internal.revisions;

/**
 * Finds the experiment of a slug, in the tree of folders. One that is not there is `NotFound`, with the code
 * `experiment_not_found`.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect";
 * import { Experiments } from "syvain-metrics-effect/v2";
 *
 * const idOf = (slug: string) =>
 *   Effect.map(Experiments.find(slug), ({ experiment }) => experiment.experimentId);
 * ```
 *
 * @category endpoints
 */
export const find: (
  slug: string,
) => Effect.Effect<
  { readonly experiment: ExperimentEntry },
  MetricsApiError,
  ConfigService | HttpClient
> = internal.find;

/**
 * Lists experiments, from the tree of folders: all, or those whose whole slug matches a pattern of the shell (`*`,
 * `?`, `[a-z]`, `[!a-z]`).
 *
 * @example
 * ```ts
 * import { Experiments } from "syvain-metrics-effect/v2";
 *
 * const sweep = Experiments.list("sweep-7-*");
 * ```
 *
 * @category endpoints
 */
export const list: (
  pattern?: string,
) => Effect.Effect<
  { readonly experiments: ReadonlyArray<ExperimentEntry> },
  MetricsApiError,
  ConfigService | HttpClient
> = internal.list;

/**
 * The names of the series of an experiment, with the metadata seen on them.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect";
 * import { Experiments } from "syvain-metrics-effect/v2";
 *
 * const names = (experimentId: string) =>
 *   Effect.map(Experiments.catalog(experimentId), ({ series }) =>
 *     series.map(({ name }) => name),
 *   );
 * ```
 *
 * @category endpoints
 */
export const catalog = (
  experimentId: string,
): Effect.Effect<
  { readonly series: ReadonlyArray<CatalogSeries> },
  MetricsApiError,
  ConfigService | HttpClient
> => callEvent(getCatalog, { payload: { experimentId } });

/**
 * The annotations of an experiment, newest first.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect";
 * import { Experiments } from "syvain-metrics-effect/v2";
 *
 * const last = (experimentId: string) =>
 *   Effect.map(Experiments.annotations(experimentId), ({ annotations }) => annotations[0]);
 * ```
 *
 * @category endpoints
 */
export const annotations = (
  experimentId: string,
): Effect.Effect<
  { readonly annotations: ReadonlyArray<Annotation> },
  MetricsApiError,
  ConfigService | HttpClient
> => callEvent(getAnnotations, { payload: { experimentId } });

/**
 * Moves an experiment, once. One that lies elsewhere by now is refused, with the code
 * `experiment_folder_move_conflict`.
 *
 * @example
 * ```ts
 * import { Experiments } from "syvain-metrics-effect/v2";
 *
 * const toTheTop = ({ experimentId, folderId }: Experiments.ExperimentEntry) =>
 *   Experiments.move(experimentId, { from: folderId, to: null });
 * ```
 *
 * @category endpoints
 */
export const move = (
  experimentId: string,
  { from, to }: Move,
): Effect.Effect<void, MetricsApiError, ConfigService | HttpClient> =>
  Effect.asVoid(callEvent(moveExperiment, { payload: { experimentId, from, to } }));
