/**
 * The service by itself: what calls an endpoint does not load the cache that a program may have.
 */
import * as Context from "effect/Context";
import type * as Effect from "effect/Effect";
import type * as Redacted from "effect/Redacted";
import type { MetricsApiError } from "../base/errors.ts";
import type { IngestionCredential } from "../wire/v1/ingestionKeys.ts";

/**
 * Whose keys these are. Keys of different API keys or hosts never mix.
 *
 * @category models
 */
export interface Owner {
  readonly host: string;
  readonly apiKey: Redacted.Redacted;
  readonly experimentId: string;
}

/**
 * Keeps ingestion keys.
 *
 * @category services
 */
export class IngestionKeyCache extends Context.Service<
  IngestionKeyCache,
  {
    /**
     * The key of an experiment; `mint` runs when there is none, or when the one there is about to expire.
     *
     * Concurrent calls share one mint. A failed or interrupted mint is not kept, and a call never fails by a mint that began
     * before it asked: it waits for that one and then tries its own, which the calls waiting with it share.
     */
    readonly get: (
      owner: Owner,
      mint: Effect.Effect<IngestionCredential, MetricsApiError>,
    ) => Effect.Effect<IngestionCredential, MetricsApiError>;
    /** Drops the key of an experiment; with an id, only if it is that key. */
    readonly forget: (owner: Owner, keyId?: string) => Effect.Effect<void>;
  }
>()("syvain-metrics-effect/IngestionKeyCache") {}
