/**
 * Annotations: notes on an experiment, at a step or a moment.
 *
 * @since 0.1.0
 */
import type * as Effect from "effect/Effect";
import type { HttpClient } from "effect/http/HttpClient";
import type * as Stream from "effect/Stream";
import type { ConfigService } from "./ConfigService.ts";
import type { IngestionKeyCache } from "./IngestionKeyCache.ts";
import {
  Annotation,
  AnnotationInput,
  createAnnotation,
  listAnnotations,
} from "./internal/contract/annotations.ts";
import type { Metadata } from "./internal/contract/schema.ts";
import { paginate } from "./internal/paginate.ts";
import { call } from "./internal/road/call.ts";
import { callWithIngestionKey } from "./internal/road/callWithIngestionKey.ts";
import type { MetricsApiError } from "./MetricsApiError.ts";

// -----------------------------------------------------------------------------
// Models
// -----------------------------------------------------------------------------

export {
  /**
   * An annotation, and its schema.
   *
   * @category models
   * @since 0.1.0
   */
  Annotation,
  /**
   * An annotation to create, and its schema.
   *
   * @category models
   * @since 0.1.0
   */
  AnnotationInput,
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
  /** `nextCursor` of the page before. Default: from the start. */
  readonly cursor?: string | undefined;
  /** The largest number of annotations on a page. Default: the service's. */
  readonly limit?: number | undefined;
}

/**
 * @category models
 * @since 0.1.0
 */
export interface AnnotationPage {
  readonly annotations: ReadonlyArray<Annotation>;
  /** `null` on the last page. */
  readonly nextCursor: string | null;
}

// -----------------------------------------------------------------------------
// Endpoints
// -----------------------------------------------------------------------------

/**
 * One page of the annotations of an experiment.
 *
 * @see {@link stream} for all of them
 *
 * @category endpoints
 * @since 0.1.0
 */
export const list = (
  experimentId: string,
  options?: ListOptions,
): Effect.Effect<AnnotationPage, MetricsApiError, ConfigService | HttpClient> =>
  call(listAnnotations, { params: { experiment_id: experimentId }, query: options });

/**
 * All annotations of an experiment, page after page, each fetched when it is needed.
 *
 * @category endpoints
 * @since 0.1.0
 */
export const stream = (
  experimentId: string,
  options?: ListOptions,
): Stream.Stream<Annotation, MetricsApiError, ConfigService | HttpClient> =>
  paginate(
    listAnnotations,
    options?.cursor,
    (cursor) => list(experimentId, { ...options, cursor }),
    (page) => page.annotations,
  );

/**
 * Annotates an experiment, under its ingestion key, which is minted when there is none yet.
 *
 * **Details**
 *
 * A text over 16,000 characters, or metadata over 65,536 UTF-8 bytes of compact JSON, fails the call before anything is sent.
 *
 * @category endpoints
 * @since 0.1.0
 */
export const create = (
  experimentId: string,
  input: AnnotationInput,
): Effect.Effect<
  { readonly annotation: Annotation },
  MetricsApiError,
  ConfigService | HttpClient | IngestionKeyCache
> =>
  callWithIngestionKey(createAnnotation, {
    params: { experiment_id: experimentId },
    payload: input,
  });
