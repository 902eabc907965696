/**
 * Experiments: runs whose metrics are stored.
 *
 * @module
 */
import type * as DateTime from "effect/DateTime";
import type * as Effect from "effect/Effect";
import type { HttpClient } from "effect/http/HttpClient";
import type { MetricsApiError } from "./internal/base/errors.ts";
import { call } from "./internal/request/call.ts";
import type { ConfigService } from "./internal/request/config.ts";
import type { Metadata } from "./internal/wire/schema.ts";
import type {
  Experiment,
  ExperimentStatus,
  ExperimentSummary,
} from "./internal/wire/v1/experiment.ts";
import {
  createExperiment,
  getExperiment,
  listExperiments,
  moveExperiment,
  updateExperimentStatus,
} from "./internal/wire/v1/experiments.ts";

// -----------------------------------------------------------------------------
// Models
// -----------------------------------------------------------------------------

export { Experiment, ExperimentStatus, ExperimentSummary } from "./internal/wire/v1/experiment.ts";
export type { Folder } from "./internal/wire/v1/folder.ts";
export type { Metadata } from "./internal/wire/schema.ts";

/**
 * @category options
 */
export interface ListOptions {
  /** Only the experiments that stand here. Default: all. */
  readonly status?: ExperimentStatus | undefined;
  /** Only the experiment with this slug. Default: all. */
  readonly slug?: string | undefined;
  /** Only those whose slug holds this, in lower or upper case. Default: all. */
  readonly search?: string | undefined;
  /** Only those created then or later. Default: all. */
  readonly from?: DateTime.Utc | undefined;
  /** Only those created then or earlier. Default: all. */
  readonly to?: DateTime.Utc | undefined;
  /** The largest number of experiments. Default: the service's. There is no second page. */
  readonly limit?: number | undefined;
}

/**
 * @category models
 */
export interface ExperimentInput {
  /** 1 to 200 characters (UTF-16 units), unique in the organization. */
  readonly slug: string;
  /** At most 4,000 characters. Default: `""`. */
  readonly description?: string | undefined;
  /** Any JSON object. It is stored and given back as it is. Default: `{}`. */
  readonly metadata?: Metadata | undefined;
  /** Default: the top level. */
  readonly folderId?: string | null | undefined;
}

/**
 * @category options
 */
export interface StatusOptions {
  /** Why it ended, with the status `"error"`. */
  readonly error?:
    | {
        /** At most 500 characters. Default: the service's. */
        readonly name?: string | undefined;
        /** At most 8,000 characters. Default: none. */
        readonly detail?: string | undefined;
      }
    | undefined;
  /** When it was, in 1970 or later. Default: when the service gets it. */
  readonly timestamp?: DateTime.Utc | undefined;
}

// -----------------------------------------------------------------------------
// Endpoints
// -----------------------------------------------------------------------------

/**
 * Lists experiments.
 *
 * @example
 * ```ts
 * import { Experiments } from "syvain-metrics-effect";
 *
 * const running = Experiments.list({ status: "running", search: "mamba", limit: 20 });
 * ```
 *
 * @category endpoints
 */
export const list = (
  options?: ListOptions,
): Effect.Effect<
  { readonly experiments: ReadonlyArray<ExperimentSummary> },
  MetricsApiError,
  ConfigService | HttpClient
> => call(listExperiments, { query: options });

/**
 * Creates an experiment.
 *
 * **Gotchas**
 *
 * Where the slug is taken, the service may answer the experiment that has it, with the new description and metadata, or refuse with `Conflict`.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect";
 * import { Experiments } from "syvain-metrics-effect";
 *
 * const program = Effect.gen(function* () {
 *   const { experiment } = yield* Experiments.create({ slug: "run-1", metadata: { lr: 0.1 } });
 *   return experiment.url;
 * });
 * ```
 *
 * @category endpoints
 */
export const create = (
  input: ExperimentInput,
): Effect.Effect<
  { readonly experiment: Experiment },
  MetricsApiError,
  ConfigService | HttpClient
> => call(createExperiment, { payload: input });

/**
 * Gets one experiment.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect";
 * import { Experiments } from "syvain-metrics-effect";
 *
 * const metadata = (experimentId: string) =>
 *   Effect.map(Experiments.get(experimentId), ({ experiment }) => experiment.metadata);
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
> => call(getExperiment, { params: { experiment_id: experimentId } });

/**
 * Says that an experiment runs, or how it ended.
 *
 * @example
 * ```ts
 * import { Experiments } from "syvain-metrics-effect";
 *
 * const failed = (experimentId: string) =>
 *   Experiments.updateStatus(experimentId, "error", {
 *     error: { name: "OutOfMemory", detail: "at step 1200" },
 *   });
 * ```
 *
 * @category endpoints
 */
export const updateStatus = (
  experimentId: string,
  status: "running" | "done" | "error",
  options?: StatusOptions,
): Effect.Effect<
  { readonly experiment: Experiment },
  MetricsApiError,
  ConfigService | HttpClient
> =>
  call(updateExperimentStatus, {
    params: { experiment_id: experimentId },
    payload: { ...options, status },
  });

/**
 * Moves an experiment into a folder, or to the top level with `null`.
 *
 * @example
 * ```ts
 * import { Experiments } from "syvain-metrics-effect";
 *
 * const toTheTop = (experimentId: string) => Experiments.move(experimentId, null);
 * ```
 *
 * @category endpoints
 */
export const move = (
  experimentId: string,
  folderId: string | null,
): Effect.Effect<
  { readonly experiment: Experiment },
  MetricsApiError,
  ConfigService | HttpClient
> => call(moveExperiment, { params: { experiment_id: experimentId }, payload: { folderId } });
