/**
 * Annotations: notes on an experiment.
 *
 * @module
 */
import type * as DateTime from "effect/DateTime";
import type * as Effect from "effect/Effect";
import type { HttpClient } from "effect/http/HttpClient";
import type { MetricsApiError } from "./internal/base/errors.ts";
import type { IngestionKeyCache } from "./internal/keys/cache.ts";
import { callWithIngestionKey } from "./internal/keys/callWithIngestionKey.ts";
import { call } from "./internal/request/call.ts";
import type { ConfigService } from "./internal/request/config.ts";
import {
  type Annotation,
  type AnnotationInput,
  createAnnotation,
  type CreatedAnnotation,
  listAnnotations,
} from "./internal/wire/v1/annotations.ts";

// -----------------------------------------------------------------------------
// Models
// -----------------------------------------------------------------------------

export {
  Annotation,
  AnnotationInput,
  type CreatedAnnotation,
} from "./internal/wire/v1/annotations.ts";
export type { Metadata } from "./internal/wire/schema.ts";

/**
 * @category options
 */
export interface ListOptions {
  /** Only those made then or later. Default: all. */
  readonly from?: DateTime.Utc | undefined;
  /** Only those made then or earlier. Default: all. */
  readonly to?: DateTime.Utc | undefined;
  /** The largest number of annotations. Default: the service's. There is no second page. */
  readonly limit?: number | undefined;
}

// -----------------------------------------------------------------------------
// Endpoints
// -----------------------------------------------------------------------------

/**
 * Lists the annotations of an experiment, the newest first.
 *
 * @example
 * ```ts
 * import { Annotations } from "syvain-metrics-effect";
 *
 * const newest = (experimentId: string) => Annotations.list(experimentId, { limit: 10 });
 * ```
 *
 * @category endpoints
 */
export const list = (
  experimentId: string,
  options?: ListOptions,
): Effect.Effect<
  { readonly annotations: ReadonlyArray<Annotation> },
  MetricsApiError,
  ConfigService | HttpClient
> => call(listAnnotations, { params: { experiment_id: experimentId }, query: options });

/**
 * Annotates an experiment, under its ingestion key, which is minted when there is none yet.
 *
 * **Details**
 *
 * A text that is empty or over 16,000 characters, or metadata over 65,536 UTF-8 bytes of compact JSON, fails the call before anything is sent.
 *
 * @example
 * ```ts
 * import { Annotations } from "syvain-metrics-effect";
 *
 * const note = (experimentId: string) =>
 *   Annotations.create(experimentId, { annotation: "lr halved", metadata: { step: 1200 } });
 * ```
 *
 * @category endpoints
 */
export const create = (
  experimentId: string,
  input: AnnotationInput,
): Effect.Effect<
  CreatedAnnotation,
  MetricsApiError,
  ConfigService | HttpClient | IngestionKeyCache
> =>
  callWithIngestionKey(createAnnotation, {
    params: { experiment_id: experimentId },
    payload: input,
  });
