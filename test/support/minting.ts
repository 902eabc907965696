/** Owners of ingestion keys, and mints that count, wait and fail as a test wants. */
import * as DateTime from "effect/DateTime";
import * as Deferred from "effect/Deferred";
import * as Effect from "effect/Effect";
import * as Redacted from "effect/Redacted";
import { TestClock } from "effect/testing";
import type * as IngestionKeyCache from "../../src/IngestionKeyCache.ts";
import type { IngestionCredential } from "../../src/IngestionKeys.ts";
import { MissingCredentials, MetricsApiAuthError } from "../../src/internal/base/errors.ts";

export const owner = (part: Partial<IngestionKeyCache.Owner> = {}): IngestionKeyCache.Owner => ({
  host: "https://h.example",
  apiKey: Redacted.make("api-key"),
  experimentId: "e",
  ...part,
});

export const failure = (message: string) =>
  new MetricsApiAuthError({ reason: new MissingCredentials({ message }) });

/** Mints `key-1`, `key-2` and so on, each valid for `validFor` milliseconds, a week if nothing is said, and counts. */
export class Minting {
  count = 0;
  readonly mint: Effect.Effect<IngestionCredential>;
  constructor(validFor = 604_800_000) {
    this.mint = Effect.map(DateTime.now, (createdAt) => {
      const id = `key-${++this.count}`;
      const expiresAt = DateTime.add(createdAt, { milliseconds: validFor });
      const unused = { revokedAt: null, lastUsedAt: null };
      return {
        key: { id, experimentId: "e", name: "n", createdAt, expiresAt, ...unused },
        token: Redacted.make(`s3cret-${id}`),
      };
    });
  }
}

/** The same, but each mint waits at its gate, to be let through or to end as the gate says. */
export class GatedMinting {
  readonly gates: Array<Deferred.Deferred<void, MetricsApiAuthError>> = [];
  interrupted = 0;
  readonly mint: Effect.Effect<IngestionCredential, MetricsApiAuthError> = Effect.suspend(() => {
    const gate = Deferred.makeUnsafe<void, MetricsApiAuthError>();
    this.gates.push(gate);
    return Effect.andThen(Deferred.await(gate), this.#minting.mint);
  }).pipe(Effect.onInterrupt(() => Effect.sync(() => this.interrupted++)));
  readonly #minting = new Minting();
}

export const idOf = ({ key }: IngestionCredential) => key.id;

/** `n` fibers that ask at the same moment, all waiting once this answers. */
export const askers = Effect.fnUntraced(function* (
  n: number,
  get: ReturnType<IngestionKeyCache.IngestionKeyCache["Service"]["get"]>,
) {
  const fibers = yield* Effect.forEach(Array(n), () => Effect.forkChild(get));
  yield* settle;
  return fibers;
});

/** Lets every fiber run until it waits for something. */
export const settle = TestClock.adjust(0);
