import * as Clock from "effect/Clock";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Option from "effect/Option";
import * as Predicate from "effect/Predicate";
import { makeBestEffort } from "./bestEffort.ts";
import type { IngestionKeyCache } from "./cache.ts";
import { make as makeMemory, marginOf, type Options, usableFor } from "./memory.ts";
import { makeSealedFor, type Sealed } from "./sealed.ts";

const warning =
  "The shared store of ingestion keys failed, and this process goes on with keys of its own";

/** The cache in memory, with a store behind it that other processes have, too. */
export const make = (options: Options) =>
  Effect.gen(function* () {
    const margin = marginOf(options);
    const memory = yield* makeMemory(options);
    // With the layer and not before: it brings effect's SQL along, and importing the root would take a twentieth longer.
    const { BackingPersistence } = yield* Effect.promise(
      () => import("effect/persistence/Persistence"),
    );
    const backing = yield* BackingPersistence;
    const store = yield* backing.make("syvain-metrics-ingestion-keys");
    const sealedFor = yield* makeSealedFor;
    // Where there is no WebCrypto, that says nothing of the store.
    const derive = makeBestEffort(warning);
    const bestEffort = makeBestEffort(warning);

    /** What the store holds, whoever put it there. */
    const stored = ({ name, open }: Sealed) =>
      Effect.flatMap(store.get(name), (entry) =>
        Predicate.hasProperty(entry, "sealed") && typeof entry.sealed === "string"
          ? open(entry.sealed)
          : Effect.undefined,
      );

    const cache: IngestionKeyCache["Service"] = {
      get: (owner, mint) =>
        memory.get(
          owner,
          Effect.gen(function* () {
            const sealed = Option.getOrUndefined(yield* derive(sealedFor(owner)));
            if (sealed === undefined) return yield* mint;
            const found = Option.getOrUndefined(yield* bestEffort(stored(sealed)));
            if (found && usableFor(found, margin, yield* Clock.currentTimeMillis) > 0) return found;
            const credential = yield* mint;
            const ttl = usableFor(credential, margin, yield* Clock.currentTimeMillis);
            if (ttl > 0) {
              yield* bestEffort(
                Effect.flatMap(sealed.seal(credential), (text) =>
                  store.set(sealed.name, { sealed: text }, Duration.millis(ttl)),
                ),
              );
            }
            return credential;
          }),
        ),

      forget: (owner, keyId) =>
        Effect.gen(function* () {
          const sealed = Option.getOrUndefined(yield* derive(sealedFor(owner)));
          if (sealed === undefined) return;
          yield* bestEffort(
            Effect.gen(function* () {
              const isThis = keyId === undefined || (yield* stored(sealed))?.key.id === keyId;
              if (isThis) yield* store.remove(sealed.name);
            }),
          );
        }).pipe(Effect.ensuring(memory.forget(owner, keyId))),
    };
    return cache;
  });
