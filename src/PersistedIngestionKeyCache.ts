/**
 * An `IngestionKeyCache` that many processes share: through files on one machine, or through Redis in a cluster.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import type * as FileSystem from "effect/FileSystem";
import * as Layer from "effect/Layer";
import * as Path from "effect/Path";
import * as Redis from "effect/persistence/Redis";
import * as UserDirectories from "effect/persistence/UserDirectories";
import * as IngestionKeyCache from "./IngestionKeyCache.ts";
import { make } from "./internal/persisted/cache.ts";
import * as FileStore from "./internal/persisted/fileStore.ts";
import * as RedisStore from "./internal/persisted/redisStore.ts";
import { invalidSetting } from "./internal/setting.ts";
import type { MetricsApiAuthError } from "./MetricsApiError.ts";

// -----------------------------------------------------------------------------
// Options
// -----------------------------------------------------------------------------

/**
 * Of the cache in memory, and of what is behind it.
 *
 * @category options
 * @since 0.1.0
 */
export interface Options extends IngestionKeyCache.Options {
  /**
   * How long a key in memory is used before the store is asked whether it still holds it. So long can it take until a key that another
   * process forgot is not used here any more. Default: 1 second.
   */
  readonly recheckAfter?: Duration.Input | undefined;
  /** How long a process that dies while it mints holds up the others. Default: 10 seconds. */
  readonly lockTtl?: Duration.Input | undefined;
  /** How long the store keeps a key that does not expire before that. Default: 30 days. */
  readonly keepFor?: Duration.Input | undefined;
}

/**
 * @category options
 * @since 0.1.0
 */
export interface FileSystemOptions extends Options {
  /** A directory for this alone. Default: `syvain-metrics-effect/ingestion-keys` among the user's caches (`~/.cache` on Linux). */
  readonly directory?: string | undefined;
}

/**
 * @category options
 * @since 0.1.0
 */
export interface RedisOptions extends Options {
  /** What the names of all Redis keys begin with. Default: `"syvain-metrics:ingestion-key:"`. */
  readonly prefix?: string | undefined;
}

// -----------------------------------------------------------------------------
// Layers
// -----------------------------------------------------------------------------

/**
 * Keys in files, for the processes of one machine that run as one user.
 *
 * **Details**
 *
 * The cache in memory stands in front, with the same bounds. However many processes start at once, one of them mints the key of an
 * experiment and the others wait for it; should it die, the lock runs out and another takes over. A key that is refused is minted anew by
 * one process, and the others find it in the store.
 *
 * Names of files are derived from host, experiment and API key, and keys are encrypted under the API key (HKDF-SHA-256, AES-256-GCM): who
 * reads the store without it learns nothing, and what is torn or forged counts as not there. Files are of mode 0600, the directory that is
 * made for them of mode 0700.
 *
 * Fails with `MetricsApiAuthError` (`InvalidSetting`) when the layer is built for a duration that cannot be, or for no directory.
 *
 * **Gotchas**
 *
 * A store that fails fails no call: the process mints keys of its own, and a warning is logged, one a minute at most. A process that waits for another to mint
 * gives up after 30 seconds and mints, too. It needs WebCrypto, which browsers have on `https:` and on loopback only.
 *
 * @see {@link layerRedis} for the processes of many machines
 *
 * @category layers
 * @since 0.1.0
 */
export const layerFileSystem = (
  options: FileSystemOptions = {},
): Layer.Layer<
  IngestionKeyCache.IngestionKeyCache,
  MetricsApiAuthError,
  FileSystem.FileSystem | Path.Path
> =>
  Layer.effect(
    IngestionKeyCache.IngestionKeyCache,
    Effect.gen(function* () {
      if (options.directory === "") return yield* invalidSetting("directory", "a path");
      const path = yield* Path.Path;
      const directory =
        options.directory === undefined
          ? yield* Effect.exit(
              Effect.map(UserDirectories.make().cache("syvain-metrics-effect"), (caches) =>
                path.join(caches, "ingestion-keys"),
              ),
            )
          : Effect.succeed(options.directory);
      return yield* make(yield* FileStore.make(directory), options);
    }),
  );

/**
 * Keys in Redis, for the processes of many machines.
 *
 * **Details**
 *
 * As {@link layerFileSystem}, with one Redis key for each ingestion key and, while it is minted, one for its lock. Both go by themselves when
 * they run out. `Redis` is the service of `effect/persistence/Redis`, such as `NodeRedis.layer` of `@effect/platform-node` provides it.
 *
 * **Gotchas**
 *
 * A Redis that goes away, or does not answer for 2 seconds, fails no call; after such a silence it is not asked for 5. One that is
 * not there at the start fails the layer of its client, which is yours.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerRedis = (
  options: RedisOptions = {},
): Layer.Layer<IngestionKeyCache.IngestionKeyCache, MetricsApiAuthError, Redis.Redis> =>
  Layer.effect(
    IngestionKeyCache.IngestionKeyCache,
    Effect.flatMap(Redis.Redis, (redis) =>
      make(RedisStore.make(redis, options.prefix ?? "syvain-metrics:ingestion-key:"), options),
    ),
  );
