/**
 * Experiments: runs whose metrics are stored.
 *
 * @since 0.1.0
 */
import type * as Effect from "effect/Effect";
import type { HttpClient } from "effect/http/HttpClient";
import type * as Stream from "effect/Stream";
import type { ConfigService } from "./ConfigService.ts";
import {
  createExperiment,
  Experiment,
  ExperimentStatus,
  getExperiment,
  listExperiments,
  moveExperiment,
  updateExperimentStatus,
} from "./internal/contract/experiments.ts";
import type { Metadata } from "./internal/contract/schema.ts";
import { paginate } from "./internal/paginate.ts";
import { call } from "./internal/road/call.ts";
import type { MetricsApiError } from "./MetricsApiError.ts";

// -----------------------------------------------------------------------------
// Models
// -----------------------------------------------------------------------------

export {
  /**
   * An experiment, and its schema.
   *
   * @category models
   * @since 0.1.0
   */
  Experiment,
  /**
   * Where an experiment stands, and the schema of that. Any other string decodes too: the service may add one.
   *
   * @category models
   * @since 0.1.0
   */
  ExperimentStatus,
};

export type {
  /**
   * User metadata: any JSON object, never renamed, in either direction.
   *
   * @category models
   * @since 0.1.0
   */
  Metadata,
};

/**
 * @category models
 * @since 0.1.0
 */
export interface ListOptions {
  /** Only the experiments of this folder. Default: all. */
  readonly folderId?: string | undefined;
  /** Only the experiments that stand here. Default: all. */
  readonly status?: ExperimentStatus | undefined;
  /** Only the experiment with this slug. Default: all. */
  readonly slug?: string | undefined;
  /** `nextCursor` of the page before. Default: from the start. */
  readonly cursor?: string | undefined;
  /** The largest number of experiments on a page. Default: the service's. */
  readonly limit?: number | undefined;
}

/**
 * @category models
 * @since 0.1.0
 */
export interface ExperimentPage {
  readonly experiments: ReadonlyArray<Experiment>;
  /** `null` on the last page. */
  readonly nextCursor: string | null;
}

/**
 * @category models
 * @since 0.1.0
 */
export interface ExperimentInput {
  /** Unique in the organization: one that is taken is refused with `Conflict`. */
  readonly slug: string;
  readonly description?: string | undefined;
  /** Any JSON object. It is stored and given back as it is. */
  readonly metadata?: Metadata | undefined;
  /** Default: the top level. */
  readonly folderId?: string | undefined;
}

// -----------------------------------------------------------------------------
// Endpoints
// -----------------------------------------------------------------------------

/**
 * One page of experiments.
 *
 * @see {@link stream} for all of them
 *
 * @category endpoints
 * @since 0.1.0
 */
export const list = (
  options?: ListOptions,
): Effect.Effect<ExperimentPage, MetricsApiError, ConfigService | HttpClient> =>
  call(listExperiments, { query: options });

/**
 * All experiments, page after page, each fetched when it is needed.
 *
 * @category endpoints
 * @since 0.1.0
 */
export const stream = (
  options?: ListOptions,
): Stream.Stream<Experiment, MetricsApiError, ConfigService | HttpClient> =>
  paginate(
    listExperiments,
    options?.cursor,
    (cursor) => list({ ...options, cursor }),
    (page) => page.experiments,
  );

/**
 * Creates an experiment.
 *
 * @category endpoints
 * @since 0.1.0
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
 * @category endpoints
 * @since 0.1.0
 */
export const get = (
  experimentId: string,
): Effect.Effect<
  { readonly experiment: Experiment },
  MetricsApiError,
  ConfigService | HttpClient
> => call(getExperiment, { params: { experiment_id: experimentId } });

/**
 * Says where an experiment stands now.
 *
 * @category endpoints
 * @since 0.1.0
 */
export const updateStatus = (
  experimentId: string,
  status: ExperimentStatus,
): Effect.Effect<
  { readonly experiment: Experiment },
  MetricsApiError,
  ConfigService | HttpClient
> => call(updateExperimentStatus, { params: { experiment_id: experimentId }, payload: { status } });

/**
 * Moves an experiment into a folder, or to the top level with `null`.
 *
 * @category endpoints
 * @since 0.1.0
 */
export const move = (
  experimentId: string,
  folderId: string | null,
): Effect.Effect<
  { readonly experiment: Experiment },
  MetricsApiError,
  ConfigService | HttpClient
> => call(moveExperiment, { params: { experiment_id: experimentId }, payload: { folderId } });
