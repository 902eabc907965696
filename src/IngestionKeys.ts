/**
 * Ingestion keys: each lets its bearer write to one experiment, and nothing else.
 *
 * `Metrics.ingest` and `Annotations.create` mint and cache theirs by themselves; this module is for handing keys out and taking them back.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect";
import type { HttpClient } from "effect/http/HttpClient";
import type * as Stream from "effect/Stream";
import type { ConfigService } from "./ConfigService.ts";
import { IngestionKeyCache } from "./internal/ingestionKeyCache.ts";
import {
  createIngestionKey,
  IngestionKey,
  IngestionKeyInfo,
  listIngestionKeys,
  revokeIngestionKey,
} from "./internal/contract/ingestionKeys.ts";
import { paginate } from "./internal/paginate.ts";
import { call } from "./internal/road/call.ts";
import { ownerOf } from "./internal/road/callWithIngestionKey.ts";
import type { MetricsApiError } from "./MetricsApiError.ts";

// -----------------------------------------------------------------------------
// Models
// -----------------------------------------------------------------------------

export {
  /**
   * A new ingestion key, and its schema. `key` is `Redacted`.
   *
   * @category models
   * @since 0.1.0
   */
  IngestionKey,
  /**
   * An ingestion key as it is listed, and its schema.
   *
   * @category models
   * @since 0.1.0
   */
  IngestionKeyInfo,
};

/**
 * @category models
 * @since 0.1.0
 */
export interface ListOptions {
  /** `nextCursor` of the page before. Default: from the start. */
  readonly cursor?: string | undefined;
  /** The largest number of keys on a page. Default: the service's. */
  readonly limit?: number | undefined;
}

/**
 * @category models
 * @since 0.1.0
 */
export interface IngestionKeyPage {
  readonly ingestionKeys: ReadonlyArray<IngestionKeyInfo>;
  /** `null` on the last page. */
  readonly nextCursor: string | null;
}

// -----------------------------------------------------------------------------
// Endpoints
// -----------------------------------------------------------------------------

/**
 * One page of the ingestion keys of an experiment, revoked and expired ones too.
 *
 * @see {@link stream} for all of them
 *
 * @category endpoints
 * @since 0.1.0
 */
export const list = (
  experimentId: string,
  options?: ListOptions,
): Effect.Effect<IngestionKeyPage, MetricsApiError, ConfigService | HttpClient> =>
  call(listIngestionKeys, { params: { experiment_id: experimentId }, query: options });

/**
 * All ingestion keys of an experiment, page after page, each fetched when it is needed.
 *
 * @category endpoints
 * @since 0.1.0
 */
export const stream = (
  experimentId: string,
  options?: ListOptions,
): Stream.Stream<IngestionKeyInfo, MetricsApiError, ConfigService | HttpClient> =>
  paginate(
    listIngestionKeys,
    options?.cursor,
    (cursor) => list(experimentId, { ...options, cursor }),
    (page) => page.ingestionKeys,
  );

/**
 * Creates an ingestion key. The service shows the key this one time.
 *
 * @category endpoints
 * @since 0.1.0
 */
export const create = (
  experimentId: string,
): Effect.Effect<
  { readonly ingestionKey: IngestionKey },
  MetricsApiError,
  ConfigService | HttpClient
> => call(createIngestionKey, { params: { experiment_id: experimentId }, payload: {} });

/**
 * Revokes an ingestion key, and drops it from the cache when it is the one there.
 *
 * @category endpoints
 * @since 0.1.0
 */
export const revoke = (
  experimentId: string,
  ingestionKeyId: string,
): Effect.Effect<void, MetricsApiError, ConfigService | HttpClient | IngestionKeyCache> =>
  Effect.gen(function* () {
    yield* call(revokeIngestionKey, {
      params: { experiment_id: experimentId, ingestion_key_id: ingestionKeyId },
    });
    const cache = yield* IngestionKeyCache;
    yield* cache.forget(yield* ownerOf(experimentId), ingestionKeyId);
  });

/**
 * Drops the cached key of an experiment, without a request: the next call that needs one mints it.
 *
 * @category endpoints
 * @since 0.1.0
 */
export const forgetCredential = (
  experimentId: string,
): Effect.Effect<void, never, ConfigService | IngestionKeyCache> =>
  Effect.gen(function* () {
    const cache = yield* IngestionKeyCache;
    yield* cache.forget(yield* ownerOf(experimentId));
  });
