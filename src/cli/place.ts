/** Where a server keeps what it is given, and who may ask for it. */
import * as Context from "effect/Context";
import * as Data from "effect/Data";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Option from "effect/Option";
import * as Redacted from "effect/Redacted";
import type * as Scope from "effect/Scope";
import { createHash } from "node:crypto";
import { quoted } from "../internal/base/shellQuote.ts";
import {
  announceHolder,
  type DirectoryError,
  hasKey,
  keptKey,
  keyFile,
  layerDirectory,
} from "../server/drivers/directory.ts";
import { type DriverMissing, openPostgres } from "../server/drivers/postgres.ts";
import { isSameSecret, newKey } from "../server/ids.ts";
import { makeMemoryStore } from "../server/memory.ts";
import { Store } from "../server/store.ts";

export interface Place {
  readonly store: Store["Service"];
  readonly where: string;
  readonly isApiKey: (bearer: string) => boolean;
  /** What the first lines say of the key, and how a shell writes it. A key is shown once at most. */
  readonly shownKey: string;
  readonly shellKey: string;
  readonly onListening: (host: string) => Effect.Effect<void, DirectoryError, Scope.Scope>;
  readonly atTheEnd: string;
}

/** Why there is no such place, in a sentence. */
export class PlaceError extends Data.TaggedError("PlaceError")<{ readonly message: string }> {}

export interface Access {
  readonly apiKey: Option.Option<Redacted.Redacted>;
  /** Whether others than this machine reach the server: then they need a key that someone has. */
  readonly isPublic: boolean;
}

const unprotected = new PlaceError({
  message:
    "Others could reach the server on this address: give it a key with --api-key, or start it once without --host, which makes one.",
});

const hash = (secret: string) => createHash("sha256").update(secret).digest("hex");

const isOfHash = (known: string) => (bearer: string) => isSameSecret(known, hash(bearer));

export const inMemory = ({ apiKey, isPublic }: Access): Effect.Effect<Place, PlaceError> =>
  Effect.suspend(() => {
    if (isPublic && Option.isNone(apiKey)) return unprotected;
    const key = Redacted.value(Option.getOrElse(apiKey, () => newKey("ak_org_")));
    return Effect.succeed({
      store: makeMemoryStore(),
      where: "in memory",
      isApiKey: isOfHash(hash(key)),
      shownKey: key,
      shellKey: quoted(key),
      onListening: () => Effect.void,
      atTheEnd: "Ctrl-C stops it, and forgets everything.",
    });
  });

export const inDirectory = (
  directory: string,
  { apiKey: given, isPublic }: Access,
): Effect.Effect<Place, DirectoryError | PlaceError, Scope.Scope> =>
  Effect.gen(function* () {
    if (isPublic && Option.isNone(given) && !hasKey(directory)) return yield* unprotected;
    const store = Context.get(yield* Layer.build(layerDirectory(directory)), Store);
    const { apiKey, isNew } = yield* keptKey(directory, given);
    const key = Redacted.value(apiKey);
    const file = keyFile(directory);
    return {
      store,
      where: `data in ${directory}`,
      isApiKey: isOfHash(hash(key)),
      shownKey: isNew ? `${key} (kept in ${file})` : `as in ${file}`,
      shellKey: isNew ? quoted(key) : `"$(cat ${quoted(file)})"`,
      onListening: (host) => announceHolder(directory, host),
      atTheEnd: "Ctrl-C stops it; the next start has all of it again.",
    };
  });

/** The name of the setting that holds the hash of the API key. */
const keySetting = "api-key-hash";

/** The database is shared, and so is the key, of which only a hash is kept there. */
export const inDatabase = (
  url: Redacted.Redacted,
  { apiKey: given, isPublic }: Access,
): Effect.Effect<Place, DriverMissing | PlaceError, Scope.Scope> =>
  Effect.gen(function* () {
    const { store, setting, setSetting, addSetting } = yield* openPostgres(url);
    const place = (known: string, shownKey: string, shellKey = "…"): Place => ({
      store,
      where: "data in Postgres",
      isApiKey: isOfHash(known),
      shownKey,
      shellKey,
      onListening: () => Effect.void,
      atTheEnd: "Ctrl-C stops it; the data stay in the database.",
    });
    if (Option.isSome(given)) {
      const known = hash(Redacted.value(given.value));
      yield* setSetting(keySetting, known);
      return place(known, "as given");
    }
    const kept = yield* setting(keySetting);
    if (kept === undefined && isPublic) return yield* unprotected;
    const made = Redacted.value(newKey("ak_org_"));
    // Another server may start at the same time.
    const known = kept ?? (yield* addSetting(keySetting, hash(made)));
    return known === hash(made)
      ? place(known, `${made} (shown only now)`, quoted(made))
      : place(known, "the one that the first start showed, or that was given since");
  }).pipe(
    Effect.catchTag("StoreError", ({ message }) =>
      Effect.fail(new PlaceError({ message: `Cannot use the database: ${message}` })),
    ),
  );
