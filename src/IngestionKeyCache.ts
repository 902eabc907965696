/**
 * One ingestion key per experiment: minted on first need, shared by all calls, renewed before it expires.
 *
 * The cache keeps keys and knows nothing of how one is minted; the caller hands that in. So a cache that keeps them elsewhere
 * is another layer of the same service: `PersistedIngestionKeyCache` has two that many processes share.
 *
 * @since 0.1.0
 */
import * as Cache from "effect/Cache";
import * as Clock from "effect/Clock";
import * as Context from "effect/Context";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Equal from "effect/Equal";
import * as Exit from "effect/Exit";
import * as Hash from "effect/Hash";
import * as Layer from "effect/Layer";
import * as Redacted from "effect/Redacted";
import type { IngestionKey } from "./internal/contract/ingestionKeys.ts";
import { IngestionKeyCache } from "./internal/ingestionKeyCache.ts";
import { marginOf, usableFor } from "./internal/lifetime.ts";
import type { MetricsApiError } from "./MetricsApiError.ts";

// -----------------------------------------------------------------------------
// Models
// -----------------------------------------------------------------------------

/**
 * Whose keys these are. Keys of different API keys or hosts never mix.
 *
 * @category models
 * @since 0.1.0
 */
export interface Owner {
  readonly host: string;
  readonly apiKey: Redacted.Redacted;
  readonly experimentId: string;
}

/**
 * A key, and whether it was there before it was asked for. A key that was there may have been revoked since.
 *
 * @category models
 * @since 0.1.0
 */
export interface Lease {
  readonly ingestionKey: IngestionKey;
  readonly cached: boolean;
}

// -----------------------------------------------------------------------------
// Service
// -----------------------------------------------------------------------------

export {
  /**
   * Keeps ingestion keys.
   *
   * @category services
   * @since 0.1.0
   */
  IngestionKeyCache,
};

// -----------------------------------------------------------------------------
// In memory
// -----------------------------------------------------------------------------

/**
 * @category options
 * @since 0.1.0
 */
export interface Options {
  /** How many experiments have their key kept; the least recently used goes first. Default: 1,024. */
  readonly capacity?: number | undefined;
  /** How long before its expiry a key is renewed. Default: 60 seconds. */
  readonly renewBefore?: Duration.Input | undefined;
}

/** Compares by owner. The API key takes part by its value, and never shows. */
interface CacheKey extends Equal.Equal {
  readonly owner: Owner;
}

const isCacheKey = (that: Equal.Equal): that is CacheKey => "owner" in that;

// A class with such methods is one that no bundler drops.
const cacheKey = (owner: Owner): CacheKey => ({
  owner,
  [Equal.symbol]: (that) =>
    isCacheKey(that) &&
    owner.experimentId === that.owner.experimentId &&
    owner.host === that.owner.host &&
    Redacted.value(owner.apiKey) === Redacted.value(that.owner.apiKey),
  [Hash.symbol]: () => Hash.string(owner.experimentId),
});

/** How the fiber that starts a lookup mints. */
class Mint extends Context.Service<Mint, Effect.Effect<IngestionKey, MetricsApiError>>()(
  "syvain-metrics-effect/IngestionKeyCache/Mint",
) {}

interface Entry {
  readonly ingestionKey: IngestionKey;
  readonly timeToLive: Duration.Duration;
}

/**
 * Makes a cache in memory.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (options: Options = {}): Effect.Effect<IngestionKeyCache["Service"]> =>
  Effect.gen(function* () {
    const margin = marginOf(options.renewBefore);

    const lookup = (): Effect.Effect<Entry, MetricsApiError, Mint> =>
      Effect.gen(function* () {
        const mint = yield* Mint;
        const ingestionKey = yield* mint;
        const now = yield* Clock.currentTimeMillis;
        return { ingestionKey, timeToLive: Duration.millis(usableFor(ingestionKey, margin, now)) };
      });

    const cache = yield* Cache.makeWith<CacheKey, Entry, MetricsApiError, Mint, "lookup">(lookup, {
      capacity: options.capacity ?? 1024,
      requireServicesAt: "lookup",
      timeToLive: Exit.match({
        onFailure: () => Duration.zero,
        onSuccess: (entry) => entry.timeToLive,
      }),
    });

    const get: IngestionKeyCache["Service"]["get"] = (owner, mint) =>
      Effect.suspend(() => {
        const key = cacheKey(owner);
        let minted = false;
        const ask = Cache.get(cache, key).pipe(
          Effect.provideService(
            Mint,
            Effect.suspend(() => {
              minted = true;
              return mint;
            }),
          ),
        );
        return ask.pipe(
          Effect.catchCause((cause) => (minted ? Effect.failCause(cause) : ask)),
          Effect.map(({ ingestionKey }): Lease => ({ ingestionKey, cached: !minted })),
        );
      });

    const forget: IngestionKeyCache["Service"]["forget"] = (owner, ingestionKeyId) => {
      const key = cacheKey(owner);
      return ingestionKeyId === undefined
        ? Cache.invalidate(cache, key)
        : Effect.asVoid(
            Cache.invalidateWhen(cache, key, (entry) => entry.ingestionKey.id === ingestionKeyId),
          );
    };

    return { get, forget };
  });

/**
 * Keys in memory, for 1,024 experiments, renewed 60 seconds before they expire.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer: Layer.Layer<IngestionKeyCache> = Layer.effect(IngestionKeyCache, make());

/**
 * The same with other bounds.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerOptions = (options: Options): Layer.Layer<IngestionKeyCache> =>
  Layer.effect(IngestionKeyCache, make(options));
