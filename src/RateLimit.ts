/**
 * A quota that calls keep to by themselves: of one process, or of a whole fleet that shares a Redis. A 429 answered to one of them makes all wait.
 *
 * It is off until its layer is provided, for a program or for a region of code, and never shows in `R`.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock";
import * as Digest from "effect/crypto/Digest";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Option from "effect/Option";
import * as RateLimiter from "effect/persistence/RateLimiter";
import * as Redacted from "effect/Redacted";
import { type Exchange, inSeconds, requestError } from "./internal/road/exchange.ts";
import { type Guard, RateLimitGuard, serviceOf } from "./internal/road/guard.ts";
import { maxRetryAfter } from "./internal/road/retryAfter.ts";
import { countSetting, durationSetting } from "./internal/setting.ts";
import { makeSpare } from "./internal/spare.ts";
import { type MetricsApiAuthError, RateLimited } from "./MetricsApiError.ts";

// -----------------------------------------------------------------------------
// Options
// -----------------------------------------------------------------------------

/**
 * @category options
 * @since 0.1.0
 */
export interface Options {
  /** How many requests may be sent in a window, retries included. */
  readonly limit: number;
  readonly window: Duration.Input;
  /**
   * Whose quota it is: calls with the same key and store share one. It is stored in clear.
   * Default: that of the API key at its host, under a SHA-256 digest that tells neither.
   */
  readonly key?: string | undefined;
  /**
   * `"fixed-window"`: as many at once as the window has left, by the clock of the store. `"token-bucket"`: as many at once as `limit`,
   * and from then on one in every `window / limit`, by the clocks of the processes. Default: `"fixed-window"`.
   */
  readonly algorithm?: "fixed-window" | "token-bucket" | undefined;
  /** How long all wait after a 429 that does not say. Default: 1 second. */
  readonly pause?: Duration.Input | undefined;
}

// -----------------------------------------------------------------------------
// Keys
// -----------------------------------------------------------------------------

/** What the quota of a call is called in the store. */
type KeyOf = (exchange: Exchange) => Effect.Effect<string>;

const utf8 = new TextEncoder();

/** Whoever can read the store learns no API key. */
const digested = Effect.map(Digest.Digest, ({ digestHex }): KeyOf => {
  const known = new WeakMap<Redacted.Redacted, string>();
  return (exchange) => {
    const [apiKey] = exchange.keys;
    const found = known.get(apiKey);
    if (found !== undefined) return Effect.succeed(found);
    const service = serviceOf(exchange);
    const secret = JSON.stringify(["syvain-metrics-effect", service, Redacted.value(apiKey)]);
    return Effect.map(digestHex(Digest.sha256, utf8.encode(secret)), (digest) => {
      const key = `${service}/${digest}`;
      known.set(apiKey, key);
      return key;
    });
  };
});

/** Inside the process there is nobody to hide it from, and no digest to wait for. */
const numbered = Effect.sync((): KeyOf => {
  const known: Array<string> = [];
  return (exchange) =>
    Effect.sync(() => {
      const apiKey = Redacted.value(exchange.keys[0]);
      if (!known.includes(apiKey)) known.push(apiKey);
      return `${serviceOf(exchange)}/${known.indexOf(apiKey)}`;
    });
});

// -----------------------------------------------------------------------------
// Guard
// -----------------------------------------------------------------------------

/**
 * As many as one request can be said to have cost. The limiter would learn a limit of its own from what went through before a 429, which
 * is a guess where requests overlap or others take from the same quota; and the waits it then hands out outlast the guess.
 */
const everything = Number.MAX_SAFE_INTEGER;

const wait = (exchange: Exchange, delay: Duration.Duration): Effect.Effect<void> =>
  Effect.flatMap(Clock.currentTimeMillis, (now) => {
    exchange.span.event("rate limit", BigInt(Math.round(now)) * 1_000_000n, {
      "syvain.rate_limit.delay": Duration.toSeconds(delay),
    });
    return Effect.sleep(delay);
  });

const heldBack = (exchange: Exchange, retryAfter: Duration.Duration) =>
  requestError(
    exchange,
    new RateLimited({
      message: `429 Too Many Requests, answered to an earlier call under the same quota (retry after ${inSeconds(retryAfter)})`,
      retryAfter,
    }),
    { retryAfter },
  );

const make = Effect.fnUntraced(function* <R>(
  options: Options,
  defaultKey: Effect.Effect<KeyOf, never, R>,
) {
  const { algorithm } = options;
  const limit = yield* countSetting(options.limit, "limit");
  const window = yield* durationSetting(options.window, "window");
  const pause = yield* durationSetting(options.pause ?? "1 second", "pause");
  const limiter = yield* RateLimiter.RateLimiter;
  const { key: given } = options;
  const keyOf: KeyOf = given === undefined ? yield* defaultKey : () => Effect.succeed(given);
  const ask = makeSpare("The store of the rate limit failed, and calls go on without a limit");

  const pauseOf = (exchange: Exchange) =>
    Effect.flatMap(keyOf(exchange), (key) =>
      Effect.map(
        limiter.adaptiveConsume({ key, tokens: 1, fallbackLimit: limit, fallbackWindow: window }),
        ({ delay, epoch }) => ({ key, epoch, delay }),
      ),
    );

  /** Waits for the turn of a request; answers what to report a 429 under, or nothing where the store failed. */
  const turn = Effect.fnUntraced(function* (exchange: Exchange) {
    let inTurn = false;
    while (true) {
      const paused = yield* ask(pauseOf(exchange));
      if (Option.isNone(paused)) return undefined;
      const { key, epoch, delay } = paused.value;
      if (Duration.toMillis(delay) > maxRetryAfter) return yield* heldBack(exchange, delay);
      if (Duration.isPositive(delay)) {
        yield* wait(exchange, delay);
        // A turn that came meanwhile is over, or all who missed theirs would go at once.
        inTurn = false;
        continue;
      }
      if (inTurn) return { key, epoch };
      const consumed = yield* ask(
        limiter.consume({ key, algorithm, limit, window, onExceeded: "delay" }),
      );
      if (Option.isNone(consumed)) return undefined;
      if (Duration.isZero(consumed.value.delay)) return { key, epoch };
      yield* wait(exchange, consumed.value.delay);
      // Unless somebody was answered a 429 meanwhile.
      inTurn = true;
    }
  });

  const guard: Guard = (attempt, exchange) =>
    Effect.flatMap(turn(exchange), (turn) =>
      turn === undefined
        ? attempt
        : Effect.tapError(attempt, ({ status, retryAfter = pause }) =>
            status === 429
              ? ask(limiter.adaptiveFeedback({ ...turn, tokens: everything, status, retryAfter }))
              : Effect.void,
          ),
    );
  return guard;
});

// -----------------------------------------------------------------------------
// Layers
// -----------------------------------------------------------------------------

/**
 * A quota in a store of effect's: `RateLimiter.layerStoreRedis()` of `effect/persistence` for all processes that share a Redis,
 * `RateLimiter.layerStoreMemory` for one. It is the `RateLimiter.layer` on top of the store that this layer needs.
 *
 * **Details**
 *
 * Every HTTP request takes one of `limit`, retries too, and waits for its turn when there is none left. The wait is no part of an attempt
 * and does not time out; the deadline of the call stands above it. Each wait is an event of the call's span, `rate limit`.
 *
 * A 429 to one call makes all wait that share the quota, for as long as its `Retry-After` says, else for `pause`, and then they go on in the
 * quota's own pace. While that is more than 60 seconds away, calls fail at once with `RateLimited`, unsent.
 *
 * No failure of the store is one of the call: calls go on without a limit, and a warning is logged, one a minute at most. A store that
 * does not answer within 2 seconds is left alone for 5.
 *
 * Fails with `MetricsApiAuthError` (`InvalidSetting`) when the layer is built for a limit, window or pause that cannot be.
 *
 * **Gotchas**
 *
 * A service that counts its windows from other moments may see up to twice the limit in one of its own: so it is with all windows. To
 * space requests evenly, `{ limit: 1, window: "10 millis" }` lets through 100 in any second.
 *
 * Redis rounds the fixed window's share of a request, `window / limit`, up to whole milliseconds: 900 a second become 500. Above 100 a
 * second, choose a share that is whole, or the bucket of tokens.
 *
 * A call that is interrupted while it waits has used up its turn.
 *
 * The digest takes real time: under a test clock give a `key`, or use `layerMemory`.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (
  options: Options,
): Layer.Layer<never, MetricsApiAuthError, RateLimiter.RateLimiter> =>
  Layer.effect(RateLimitGuard, make(options, digested)).pipe(Layer.provide(Digest.layerWebCrypto));

/**
 * A quota of this process, or of the region of code that it is provided to.
 *
 * **Gotchas**
 *
 * Every layer that this makes has a quota of its own: make it once.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerMemory = (options: Options): Layer.Layer<never, MetricsApiAuthError> =>
  Layer.effect(RateLimitGuard, make(options, numbered)).pipe(
    Layer.provide(RateLimiter.layer.pipe(Layer.provide(RateLimiter.layerStoreMemory), Layer.fresh)),
  );
