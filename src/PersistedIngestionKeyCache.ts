/**
 * An `IngestionKeyCache` that many processes share, on effect's persistence: files on one machine, Redis in a cluster.
 *
 * @module
 */
import * as Layer from "effect/Layer";
import type { BackingPersistence } from "effect/persistence/Persistence";
import { IngestionKeyCache } from "./internal/keys/cache.ts";
import type { Options } from "./internal/keys/memory.ts";
import { make } from "./internal/keys/persisted.ts";

export type { Options } from "./internal/keys/memory.ts";

/**
 * Keys in the store that is in context, with the cache in memory in front of it.
 *
 * **Details**
 *
 * `BackingPersistence` is a service of `effect/persistence/Persistence`: `layerBackingKvs` keeps the keys in a `KeyValueStore`, such as
 * `KeyValueStore.layerFileSystem(directory)`, and `layerBackingRedis` in Redis. Names are derived from host, experiment and API key, and keys are
 * encrypted under the API key (HKDF-SHA-256, AES-256-GCM): who reads the store without it learns nothing, and what is torn or forged counts
 * as not there.
 *
 * **Gotchas**
 *
 * Processes that start at the same moment may mint a key each; the last one is what later ones find. A store that fails fails no call: the
 * process mints keys of its own, and a warning is logged, one a minute at most; after 2 seconds of silence it is not asked for 5.
 * It needs WebCrypto, which browsers have on `https:` and on loopback only.
 *
 * @example
 * ```ts
 * import * as Layer from "effect/Layer";
 * import * as KeyValueStore from "effect/persistence/KeyValueStore";
 * import * as Persistence from "effect/persistence/Persistence";
 * import { PersistedIngestionKeyCache } from "syvain-metrics-effect";
 *
 * const shared = PersistedIngestionKeyCache.layer().pipe(
 *   Layer.provide(Persistence.layerBackingKvs),
 *   Layer.provide(KeyValueStore.layerFileSystem("/var/lib/my-job/keys")),
 * );
 * ```
 *
 * @category layers
 */
export const layer = (
  options: Options = {},
): Layer.Layer<IngestionKeyCache, never, BackingPersistence> =>
  Layer.effect(IngestionKeyCache, make(options));
