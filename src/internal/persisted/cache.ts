import * as Clock from "effect/Clock";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Option from "effect/Option";
import * as Random from "effect/Random";
import * as IngestionKeyCache from "../../IngestionKeyCache.ts";
import type { MetricsApiAuthError, MetricsApiError } from "../../MetricsApiError.ts";
import type { Options } from "../../PersistedIngestionKeyCache.ts";
import type { IngestionKey } from "../contract/ingestionKeys.ts";
import { marginOf, usableFor } from "../lifetime.ts";
import { durationSetting, invalidDuration, waitSetting } from "../setting.ts";
import { makeSpare } from "../spare.ts";
import { makePlaceOf, type Place } from "./place.ts";
import type { Lock, Store } from "./store.ts";

/** How long a call waits for others to mint before it mints itself. */
const waitAtMost = 30_000;

type Owner = IngestionKeyCache.Owner;
type Mint = Effect.Effect<IngestionKey, MetricsApiError>;

const warning =
  "The shared store of ingestion keys failed, and this process goes on with keys of its own";

/** The durations of the options, the defaults filled in, in milliseconds. */
const timesOf = Effect.fnUntraced(function* (options: Options) {
  const keepFor = yield* durationSetting(options.keepFor ?? "30 days", "keepFor");
  const lockTtl = yield* durationSetting(options.lockTtl ?? "10 seconds", "lockTtl");
  // A lock of the dead that never runs out would hold up everybody for ever.
  if (!Duration.isFinite(lockTtl)) return yield* invalidDuration("lockTtl");
  const recheckAfter = yield* waitSetting(options.recheckAfter ?? "1 second", "recheckAfter");
  return {
    keepFor: Duration.toMillis(keepFor),
    lockTtl: Duration.toMillis(lockTtl),
    recheckAfter: Duration.toMillis(recheckAfter),
  };
});

/** The cache in memory, with a store behind it. */
export const make = (
  store: Store,
  options: Options,
): Effect.Effect<IngestionKeyCache.IngestionKeyCache["Service"], MetricsApiAuthError> =>
  Effect.gen(function* () {
    const { keepFor, lockTtl, recheckAfter } = yield* timesOf(options);
    const margin = marginOf(options.renewBefore);
    const memory = yield* IngestionKeyCache.make(options);
    const placeOf = yield* makePlaceOf;

    /** What the store was last known to hold of a key, and when. A key that it never held is not looked for there. */
    const seen = new WeakMap<IngestionKey, { name: string; text: string; at: number }>();
    /** Where the store still holds a key that was to be forgotten: nothing there is believed until it is overwritten. */
    const stale = new Set<string>();
    const derive = makeSpare(warning);
    const fromStore = makeSpare(warning);

    /** The key that the store holds and that may still be used. */
    const look = ({ name, open }: Place) =>
      fromStore(
        Effect.gen(function* () {
          const text = stale.has(name) ? undefined : yield* store.read(name);
          if (text === undefined) return undefined;
          const ingestionKey = yield* open(text);
          const now = yield* Clock.currentTimeMillis;
          if (ingestionKey === undefined || usableFor(ingestionKey, margin, now) === 0) {
            return undefined;
          }
          seen.set(ingestionKey, { name, text, at: now });
          return ingestionKey;
        }),
      );

    const mintAndKeep = ({ name, seal }: Place, mint: Mint): Mint =>
      Effect.gen(function* () {
        const ingestionKey = yield* mint;
        const now = yield* Clock.currentTimeMillis;
        const ttl = Math.min(usableFor(ingestionKey, margin, now), keepFor);
        if (ttl > 0) {
          yield* fromStore(
            Effect.gen(function* () {
              const text = yield* seal(ingestionKey);
              yield* store.write(name, text, now + ttl);
              seen.set(ingestionKey, { name, text, at: now });
              stale.delete(name);
            }),
          );
        }
        return ingestionKey;
      });

    const hold = (lock: Lock) => Effect.forever(Effect.delay(fromStore(lock.extend), lockTtl / 3));

    /** The key that is minted under the lock, or was before it was had; nothing while another has the lock. */
    const underLock = (place: Place, mint: Mint) =>
      Effect.acquireUseRelease(
        fromStore(store.lock(place.name, lockTtl)),
        Option.match({
          // Without a lock, a key each.
          onNone: () => Effect.asSome(mintAndKeep(place, mint)),
          onSome: (lock) =>
            lock === undefined
              ? Effect.succeedNone
              : Effect.gen(function* () {
                  yield* Effect.forkScoped(hold(lock));
                  const there = Option.getOrUndefined(yield* look(place));
                  return Option.some(there ?? (yield* mintAndKeep(place, mint)));
                }).pipe(Effect.scoped),
        }),
        (lock) =>
          Option.isSome(lock) && lock.value !== undefined
            ? fromStore(lock.value.release)
            : Effect.void,
      );

    /** The key in the store, else one that is minted, here or by another process that is at it. */
    const find = (owner: Owner, mint: Mint): Mint =>
      Effect.gen(function* () {
        const found = yield* derive(placeOf(owner));
        if (Option.isNone(found)) return yield* mint;
        const place = found.value;
        const giveUpAt = (yield* Clock.currentTimeMillis) + waitAtMost;
        for (let wait = 20; ; wait = Math.min(wait * 1.5, 250)) {
          const there = yield* look(place);
          if (Option.isNone(there)) break;
          if (there.value !== undefined) return there.value;
          const minted = yield* underLock(place, mint);
          if (Option.isSome(minted)) return minted.value;
          if ((yield* Clock.currentTimeMillis) >= giveUpAt) break;
          // Not all of those who wait at the same moment.
          yield* Effect.sleep(wait * (yield* Random.nextBetween(0.5, 1)));
        }
        return yield* mintAndKeep(place, mint);
      });

    /** Whether the store has lost a key that it held, or holds another by now. */
    const isGone = (ingestionKey: IngestionKey) =>
      Effect.gen(function* () {
        const sight = seen.get(ingestionKey);
        const now = yield* Clock.currentTimeMillis;
        if (sight === undefined || now - sight.at < recheckAfter) return false;
        // What is called meanwhile need not ask as well.
        sight.at = now;
        const text = yield* fromStore(store.read(sight.name));
        return Option.isSome(text) && text.value !== sight.text;
      });

    return {
      get: (owner, mint) =>
        Effect.suspend(() => {
          let minted = false;
          const noted = Effect.suspend(() => {
            minted = true;
            return mint;
          });
          const ask = Effect.map(
            memory.get(owner, find(owner, noted)),
            ({ ingestionKey }): IngestionKeyCache.Lease => ({ ingestionKey, cached: !minted }),
          );
          return Effect.gen(function* () {
            const lease = yield* ask;
            if (!(yield* isGone(lease.ingestionKey))) return lease;
            yield* memory.forget(owner, lease.ingestionKey.id);
            return yield* ask;
          });
        }),

      // The store first: what is read from it meanwhile goes from memory too.
      forget: (owner, ingestionKeyId) =>
        Effect.gen(function* () {
          const place = yield* derive(placeOf(owner));
          if (Option.isNone(place)) return;
          const { name, open } = place.value;
          const removed = yield* fromStore(
            Effect.gen(function* () {
              if (ingestionKeyId === undefined) return yield* store.remove(name);
              const text = yield* store.read(name);
              if (text !== undefined && (yield* open(text))?.id === ingestionKeyId) {
                yield* store.remove(name, text);
              }
            }),
          );
          if (Option.isNone(removed)) stale.add(name);
        }).pipe(Effect.ensuring(memory.forget(owner, ingestionKeyId))),
    };
  });
