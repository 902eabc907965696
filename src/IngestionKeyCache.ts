/**
 * One ingestion key per experiment: minted on first need, shared by all calls, renewed before it expires.
 *
 * The cache keeps keys and knows nothing of how one is minted; the caller hands that in. So a cache that keeps them elsewhere
 * is another layer of the same service: `PersistedIngestionKeyCache` has one that many processes share.
 *
 * @module
 */
import * as Layer from "effect/Layer";
import { IngestionKeyCache } from "./internal/keys/cache.ts";
import { make, type Options } from "./internal/keys/memory.ts";

export { IngestionKeyCache, type Owner } from "./internal/keys/cache.ts";
export { make, type Options } from "./internal/keys/memory.ts";

// -----------------------------------------------------------------------------
// Layers
// -----------------------------------------------------------------------------

/**
 * Keys in memory, for 1,024 experiments, renewed 5 minutes before they expire.
 *
 * @category layers
 */
export const layer: Layer.Layer<IngestionKeyCache> = Layer.effect(IngestionKeyCache, make());

/**
 * The same with other bounds.
 *
 * @example
 * ```ts
 * import { IngestionKeyCache } from "syvain-metrics-effect";
 *
 * const many = IngestionKeyCache.layerOptions({ capacity: 20_000, renewBefore: "10 minutes" });
 * ```
 *
 * @category layers
 */
export const layerOptions = (options: Options): Layer.Layer<IngestionKeyCache> =>
  Layer.effect(IngestionKeyCache, make(options));
