import * as Context from "effect/Context";
import * as SecureRandom from "effect/crypto/SecureRandom";
import * as Effect from "effect/Effect";
import { dual } from "effect/Function";
import { withPolicy } from "./policy.ts";

/**
 * Draws the key of one call; by default a random UUID (version 4). It never shows in `R`; a test can replace it with `Effect.provideService`.
 *
 * **Gotchas**
 *
 * A key is 1 to 255 characters of visible ASCII; a call with any other fails before it is sent.
 *
 * @category references
 */
export const IdempotencyKey: Context.Reference<Effect.Effect<string>> = Context.Reference<
  Effect.Effect<string>
>("syvain-metrics-effect/IdempotencyKey", {
  // `randomUUID` draws for many at once, which is ten times as fast; a page that was not served securely does not have it.
  defaultValue: () =>
    Effect.sync(() => globalThis.crypto.randomUUID?.() ?? SecureRandom.uuidV4Unsafe()),
});

/**
 * Gives the call in `self` this key, so that it can be carried across a restart of the process: store the key, make the call,
 * and after a crash make the same call with the same key.
 *
 * **Gotchas**
 *
 * It is meant for one call. A second call in `self` sends the same key, and the service refuses a key that comes with another body.
 *
 * @example
 * ```ts
 * import { Experiments, IdempotencyKey } from "syvain-metrics-effect";
 *
 * const createOnce = (key: string) =>
 *   Experiments.create({ slug: "run-1" }).pipe(IdempotencyKey.withKey(key));
 * ```
 *
 * @category combinators
 */
export const withKey: {
  (key: string): <A, E, R>(self: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>;
  <A, E, R>(self: Effect.Effect<A, E, R>, key: string): Effect.Effect<A, E, R>;
} = dual(2, <A, E, R>(self: Effect.Effect<A, E, R>, key: string): Effect.Effect<A, E, R> =>
  withPolicy(self, { idempotencyKey: key }),
);
