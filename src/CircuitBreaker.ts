/**
 * Gives up early on a service that is down: after failures enough, calls fail at once and unsent until a probe finds it up again.
 * A fleet that shares a Redis shares the circuit.
 *
 * It is off until its layer is provided, for a program or for a region of code, and never shows in `R`.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause";
import type * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Layer from "effect/Layer";
import * as Option from "effect/Option";
import * as Breaker from "effect/persistence/CircuitBreaker";
import * as Result from "effect/Result";
import * as Schedule from "effect/Schedule";
import {
  type Answer,
  type Exchange,
  inSeconds,
  notRetried,
  requestError,
} from "./internal/road/exchange.ts";
import { CircuitBreakerGuard, type Guard, serviceOf } from "./internal/road/guard.ts";
import { isTransient } from "./internal/road/retry.ts";
import { durationSetting } from "./internal/setting.ts";
import { makeSpare } from "./internal/spare.ts";
import {
  CircuitOpen,
  type MetricsApiAuthError,
  type MetricsApiRequestError,
} from "./MetricsApiError.ts";

// -----------------------------------------------------------------------------
// Options
// -----------------------------------------------------------------------------

export {
  /**
   * Opens after so many failures in a row, those of all calls under one key.
   *
   * @category options
   * @since 0.1.0
   */
  consecutive,
  /**
   * Opens when the part of failures in the last `size` requests (default 100) reaches `threshold` (default 0.5), once there
   * are `minimumCalls` of them (default `size`).
   *
   * @category options
   * @since 0.1.0
   */
  rate,
} from "effect/persistence/CircuitBreaker";

/**
 * @category options
 * @since 0.1.0
 */
export interface Options {
  /** When the circuit opens. Default: `CircuitBreaker.consecutive(10)`. */
  readonly tripPolicy?: Breaker.TripPolicy | undefined;
  /**
   * How long it is open before a probe is let through. Of a `Schedule`, the n-th delay is for the n-th opening in a row.
   * Default: 10 seconds.
   */
  readonly openDuration?: Duration.Input | Schedule.Schedule<unknown, number> | undefined;
  /** The longest that a `Retry-After` may make of that. Default: 1 minute. */
  readonly maxOpenDuration?: Duration.Input | undefined;
  /** Calls with the same key and store share a circuit. Default: host and port of the service. */
  readonly key?: string | undefined;
}

// -----------------------------------------------------------------------------
// Guard
// -----------------------------------------------------------------------------

/** Failures that say nothing about the health of the service. */
const silent: ReadonlySet<string> = new Set(["InvalidRequest", "RateLimited"]);

/** What an attempt says about the service: that it answers, that it does not, or nothing. */
const classify = (exit: Exit.Exit<Answer, MetricsApiRequestError>): Breaker.Outcome => {
  if (Exit.isSuccess(exit)) return Breaker.success;
  const error = Option.getOrUndefined(Cause.findErrorOption(exit.cause));
  if (error === undefined || silent.has(error.reason._tag)) return Breaker.ignored;
  return isTransient(error) ? Breaker.failure({ retryAfter: error.retryAfter }) : Breaker.success;
};

const rejected = (exchange: Exchange, reason: Breaker.CircuitBreakerErrorReason) => {
  const retryAfter = reason._tag === "CircuitOpen" ? { retryAfter: reason.retryAfter } : {};
  const until =
    reason._tag === "CircuitOpen"
      ? `retry after ${inSeconds(reason.retryAfter)}`
      : "a probe is under way";
  return requestError(
    exchange,
    new CircuitOpen({ message: `the circuit breaker is open (${until})`, ...retryAfter }),
    retryAfter,
  );
};

/** Of a call that the store knew nothing of: what is recorded under it changes nothing. */
const unrecorded: Breaker.Admission = {
  generation: -1,
  probe: false,
  consecutiveOpenings: 0,
  transition: undefined,
};

/** The store, without its failures: a call that it cannot tell about goes through. */
const forgiving = Effect.map(
  Breaker.CircuitBreakerStore,
  (store): Breaker.CircuitBreakerStore["Service"] => {
    const ask = makeSpare("The store of the circuit breaker failed, and calls go on without it");
    return {
      ...store,
      admit: (key) =>
        store.admit(key).pipe(
          Effect.map(Result.succeed),
          // To be turned away is an answer of the store.
          Effect.catchIf(
            (error) => error.reason._tag !== "CircuitBreakerStoreError",
            (error) => Effect.succeed(Result.fail(error)),
          ),
          ask,
          Effect.flatMap(
            Option.match({ onNone: () => Effect.succeed(unrecorded), onSome: Effect.fromResult }),
          ),
        ),
      record: (outcome) => Effect.map(ask(store.record(outcome)), Option.getOrUndefined),
    };
  },
);

const make = Effect.fnUntraced(function* (options: Options) {
  const { tripPolicy = Breaker.consecutive(10), openDuration = "10 seconds", key } = options;
  const breaker = yield* Breaker.make({
    tripPolicy,
    openDuration: Schedule.isSchedule(openDuration)
      ? openDuration
      : yield* durationSetting(openDuration, "openDuration"),
    maxOpenDuration: yield* durationSetting(
      options.maxOpenDuration ?? "1 minute",
      "maxOpenDuration",
    ),
  }).pipe(Effect.provideServiceEffect(Breaker.CircuitBreakerStore, forgiving));

  const guard: Guard = (attempt, exchange) => {
    let last: MetricsApiRequestError | undefined;
    return attempt.pipe(
      Effect.tapError((error) => Effect.sync(() => void (last = error))),
      breaker.execute({ key: key ?? serviceOf(exchange), classify }),
      Effect.catchTag("CircuitBreakerError", ({ reason }) =>
        // Why the call failed is what its last attempt met.
        Effect.fail(last === undefined ? rejected(exchange, reason) : notRetried(last, "circuit")),
      ),
    );
  };
  return guard;
});

// -----------------------------------------------------------------------------
// Layers
// -----------------------------------------------------------------------------

/**
 * A circuit in a store of effect's: `CircuitBreaker.layerStoreRedis()` of `effect/persistence` for all processes that share a Redis,
 * `CircuitBreaker.layerStoreMemory()` for one.
 *
 * **Details**
 *
 * Every HTTP request counts, retries too. A failure is what is tried again (no connection, a timeout, 408, 425, 500, 502, 503, 504);
 * any other answer shows that the service is up, a 404 as well. A 429 says neither: `RateLimit` is for that.
 *
 * While the circuit is open, calls fail at once with `CircuitOpen`, unsent, and are not tried again. A call whose own attempts opened
 * it fails with what the last one met, and `notRetried` is `"circuit"`. When the open time is over, the next call is the probe: its success
 * closes the circuit, its failure opens it again. A `Retry-After` lengthens the open time, up to `maxOpenDuration`.
 *
 * No failure of the store is one of the call: calls go on without a circuit, and a warning is logged, one a minute at most. A store that
 * does not answer within 2 seconds is left alone for 5.
 *
 * Fails with `MetricsApiAuthError` (`InvalidSetting`) when the layer is built for a duration that cannot be.
 *
 * **Gotchas**
 *
 * Effect's `CircuitBreaker`, which does the work, is marked experimental.
 *
 * In a fleet, failures in a row are those of all: one process that has lost its network may open the circuit for the others while they
 * have nothing to send. `rate` is slower to be misled.
 *
 * A call that waits for its turn under a `RateLimit` has passed the circuit already, and is sent though it opens meanwhile.
 *
 * An attempt that the deadline of its call ends says nothing: where the deadline is shorter than the timeout, a service that hangs does
 * not open the circuit.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (
  options: Options = {},
): Layer.Layer<never, MetricsApiAuthError, Breaker.CircuitBreakerStore> =>
  Layer.effect(CircuitBreakerGuard, make(options));

/**
 * A circuit of this process, or of the region of code that it is provided to.
 *
 * **Gotchas**
 *
 * Every layer that this makes has a circuit of its own: make it once.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerMemory = (options: Options = {}): Layer.Layer<never, MetricsApiAuthError> =>
  Layer.provide(layer(options), Breaker.layerStoreMemory());
