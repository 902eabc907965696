/**
 * Ingestion keys: each lets its bearer write to one experiment, and nothing else.
 *
 * `Metrics.ingest` and `Annotations.create` mint and cache theirs by themselves; this module is for handing keys out and taking them back.
 *
 * @module
 */
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import type { HttpClient } from "effect/http/HttpClient";
import type { MetricsApiError } from "./internal/base/errors.ts";
import { positiveDuration } from "./internal/base/settings.ts";
import type { IngestionKeyCache } from "./internal/keys/cache.ts";
import {
  credentialOf,
  forgetCredential as internalForget,
} from "./internal/keys/callWithIngestionKey.ts";
import { call } from "./internal/request/call.ts";
import { ConfigService } from "./internal/request/config.ts";
import {
  createIngestionKey,
  type IngestionCredential,
  type IngestionKey,
  listIngestionKeys,
  revokeIngestionKey,
} from "./internal/wire/v1/ingestionKeys.ts";

// -----------------------------------------------------------------------------
// Models
// -----------------------------------------------------------------------------

export { IngestionCredential, IngestionKey } from "./internal/wire/v1/ingestionKeys.ts";

/**
 * @category options
 */
export interface CreateOptions {
  /** 1 to 200 characters (UTF-16 units). Default: `ingestionKeyName` of `ConfigService`, which is `"SDK ingestion key"`. */
  readonly name?: string | undefined;
  /** How long the key is valid: 1 millisecond to 7 days, in whole milliseconds. Default: the service's. */
  readonly ttl?: Duration.Input | undefined;
}

// -----------------------------------------------------------------------------
// Endpoints
// -----------------------------------------------------------------------------

/**
 * Lists the ingestion keys of an experiment, revoked and expired ones too.
 *
 * @example
 * ```ts
 * import { IngestionKeys } from "syvain-metrics-effect";
 *
 * const keys = (experimentId: string) => IngestionKeys.list(experimentId);
 * ```
 *
 * @category endpoints
 */
export const list = (
  experimentId: string,
): Effect.Effect<
  { readonly keys: ReadonlyArray<IngestionKey> },
  MetricsApiError,
  ConfigService | HttpClient
> => call(listIngestionKeys, { params: { experiment_id: experimentId } });

/** What is no duration is no whole number of milliseconds either, and is refused as that. */
const millisOf = (ttl: Duration.Input): number => {
  const duration = positiveDuration(ttl);
  return duration === undefined ? 0 : Duration.toMillis(duration);
};

/**
 * Creates an ingestion key. The service shows its token this one time; the cache does not keep it.
 *
 * @example
 * ```ts
 * import { IngestionKeys } from "syvain-metrics-effect";
 *
 * const forAnHour = (experimentId: string) =>
 *   IngestionKeys.create(experimentId, { name: "sensor 7", ttl: "1 hour" });
 * ```
 *
 * @category endpoints
 */
export const create = (
  experimentId: string,
  { name, ttl }: CreateOptions = {},
): Effect.Effect<IngestionCredential, MetricsApiError, ConfigService | HttpClient> =>
  Effect.flatMap(ConfigService, ({ ingestionKeyName }) =>
    call(createIngestionKey, {
      params: { experiment_id: experimentId },
      payload: {
        name: name === undefined ? ingestionKeyName : name,
        ttl: ttl === undefined ? undefined : millisOf(ttl),
      },
    }),
  );

/**
 * Revokes an ingestion key, and drops it from the cache when it is the one there. One that was revoked before is answered as it is.
 *
 * @example
 * ```ts
 * import { IngestionKeys } from "syvain-metrics-effect";
 *
 * const revoked = (experimentId: string, keyId: string) => IngestionKeys.revoke(experimentId, keyId);
 * ```
 *
 * @category endpoints
 */
export const revoke = (
  experimentId: string,
  keyId: string,
): Effect.Effect<
  { readonly key: IngestionKey },
  MetricsApiError,
  ConfigService | HttpClient | IngestionKeyCache
> =>
  Effect.tap(
    call(revokeIngestionKey, { params: { experiment_id: experimentId, key_id: keyId } }),
    () => internalForget(experimentId, keyId),
  );

/**
 * Drops the cached key of an experiment, without a request: the next call that needs one mints it.
 *
 * @example
 * ```ts
 * import { IngestionKeys } from "syvain-metrics-effect";
 *
 * const forgotten = (experimentId: string) => IngestionKeys.forgetCredential(experimentId);
 * ```
 *
 * @category endpoints
 */
export const forgetCredential = (
  experimentId: string,
): Effect.Effect<void, never, ConfigService | IngestionKeyCache> => internalForget(experimentId);

/**
 * Mints the key of an experiment now, when there is none in the cache, so that the first call that needs it does not wait for it.
 *
 * @example
 * ```ts
 * import { IngestionKeys } from "syvain-metrics-effect";
 *
 * const ready = (experimentId: string) => IngestionKeys.prepare(experimentId);
 * ```
 *
 * @category endpoints
 */
export const prepare = (
  experimentId: string,
): Effect.Effect<void, MetricsApiError, ConfigService | HttpClient | IngestionKeyCache> =>
  Effect.asVoid(credentialOf(experimentId));
