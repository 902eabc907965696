import * as Cache from "effect/Cache";
import * as Clock from "effect/Clock";
import * as Context from "effect/Context";
import * as DateTime from "effect/DateTime";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Equal from "effect/Equal";
import * as Exit from "effect/Exit";
import * as Hash from "effect/Hash";
import * as Redacted from "effect/Redacted";
import type { MetricsApiError } from "../base/errors.ts";
import type { IngestionCredential } from "../wire/v1/ingestionKeys.ts";
import type { IngestionKeyCache, Owner } from "./cache.ts";

/**
 * @category options
 */
export interface Options {
  /** How many experiments have their key kept; the least recently used goes first. Default: 1,024. */
  readonly capacity?: number | undefined;
  /** How long before its expiry a key is renewed. Default: 5 minutes. */
  readonly renewBefore?: Duration.Input | undefined;
}

/** How long before its expiry a key is renewed, in milliseconds. */
export const marginOf = ({ renewBefore = "5 minutes" }: Options): number =>
  Duration.toMillis(renewBefore);

/** For how many milliseconds from now a key may be handed out. */
export const usableFor = ({ key }: IngestionCredential, margin: number, now: number): number =>
  Math.max(0, DateTime.toEpochMillis(key.expiresAt) - margin - now);

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
class Mint extends Context.Service<Mint, Effect.Effect<IngestionCredential, MetricsApiError>>()(
  "syvain-metrics-effect/IngestionKeyCache/Mint",
) {}

interface Entry {
  readonly credential: IngestionCredential;
  readonly timeToLive: Duration.Duration;
}

/**
 * Makes a cache in memory.
 *
 * @example
 * ```ts
 * import * as Layer from "effect/Layer";
 * import { IngestionKeyCache } from "syvain-metrics-effect";
 *
 * const small = Layer.effect(
 *   IngestionKeyCache.IngestionKeyCache,
 *   IngestionKeyCache.make({ capacity: 10 }),
 * );
 * ```
 *
 * @category constructors
 */
export const make = (options: Options = {}): Effect.Effect<IngestionKeyCache["Service"]> =>
  Effect.gen(function* () {
    const margin = marginOf(options);

    const lookup = (): Effect.Effect<Entry, MetricsApiError, Mint> =>
      Effect.gen(function* () {
        const mint = yield* Mint;
        const credential = yield* mint;
        const now = yield* Clock.currentTimeMillis;
        return { credential, timeToLive: Duration.millis(usableFor(credential, margin, now)) };
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
          Effect.map(({ credential }) => credential),
        );
      });

    const forget: IngestionKeyCache["Service"]["forget"] = (owner, keyId) => {
      const key = cacheKey(owner);
      return keyId === undefined
        ? Cache.invalidate(cache, key)
        : Effect.asVoid(
            Cache.invalidateWhen(cache, key, ({ credential }) => credential.key.id === keyId),
          );
    };

    return { get, forget };
  });
