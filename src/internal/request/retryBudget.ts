/**
 * How many retries the calls of one client may make between them, so that a service which is down is not also asked five times as often.
 */
import * as Effect from "effect/Effect";

// -----------------------------------------------------------------------------
// Models
// -----------------------------------------------------------------------------

/**
 * A token bucket (the one of the AWS SDKs' standard retry mode): a retry costs tokens, a success gives some back.
 *
 * @category models
 */
export interface RetryBudget {
  /** Takes the price of a retry; `false`, and nothing taken, when there is not enough left. */
  readonly take: () => boolean;
  /** Gives back after a success: the price of the last retry, or the reward when there was none. */
  readonly give: (retried: boolean) => void;
  /** The tokens that are left. */
  readonly available: () => number;
}

/**
 * @category options
 */
export interface Options {
  /** The tokens of a full bucket, which it is at first. Default: 500. */
  readonly capacity?: number | undefined;
  /** The price of a retry, in tokens. Default: 5. */
  readonly retryCost?: number | undefined;
  /** What a success at the first attempt gives back, in tokens. Default: 1. */
  readonly reward?: number | undefined;
}

// -----------------------------------------------------------------------------
// Constructors
// -----------------------------------------------------------------------------

/**
 * Makes a budget; every client has one of its own by default.
 *
 * **Details**
 *
 * With the defaults, a client whose service is down makes 100 retries and no more, until calls succeed again:
 * of 1,000 calls that is 1.1 times the normal load, where 4 retries each would be 5 times.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect";
 * import { Experiments, RequestPolicy, RetryBudget } from "syvain-metrics-effect";
 *
 * const program = Effect.gen(function* () {
 *   const retryBudget = yield* RetryBudget.make({ capacity: 50 });
 *   return yield* Experiments.list().pipe(RequestPolicy.withPolicy({ retryBudget }));
 * });
 * ```
 *
 * @category constructors
 */
export const make = (options: Options = {}): Effect.Effect<RetryBudget> =>
  Effect.sync(() => {
    const { capacity = 500, retryCost = 5, reward = 1 } = options;
    let tokens = capacity;
    return {
      take: () => {
        if (tokens < retryCost) return false;
        tokens -= retryCost;
        return true;
      },
      give: (retried) => {
        tokens = Math.min(capacity, tokens + (retried ? retryCost : reward));
      },
      available: () => tokens,
    };
  });

/**
 * No limit: every call may make all the retries of its schedule.
 *
 * @category constructors
 */
export const unlimited: RetryBudget = {
  take: () => true,
  give: () => {},
  available: () => Infinity,
};
