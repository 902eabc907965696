import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Schedule from "effect/Schedule";
import type { MetricsApiRequestError } from "../../MetricsApiError.ts";
import type { RetrySchedule } from "../../RequestPolicy.ts";
import type { RetryBudget } from "../../RetryBudget.ts";
import { type Exchange, notRetried, tell, timedOut } from "./exchange.ts";
import { maxRetryAfter } from "./retryAfter.ts";

const millis = (duration: Duration.Duration | undefined): number =>
  duration === undefined ? 0 : Duration.toMillis(duration);

const transientStatus = new Set([408, 425, 429, 500, 502, 503, 504]);

/** May another attempt do better? Every operation of the contract can be repeated; {@link Operation.retry} says why. */
export const isTransient = ({ reason, status }: MetricsApiRequestError): boolean =>
  reason._tag === "Transport" ||
  reason._tag === "Timeout" ||
  (reason._tag !== "Redirected" && status !== undefined && transientStatus.has(status));

/**
 * The user's schedule under the rules that stand above it: only transient failures, never sooner than the service asked,
 * not when it asked for more than a minute, no wait that the deadline would not outlast, and only while the budget lasts.
 */
const underRules = (
  { schedule, deadline, budget }: Rules,
  exchange: Exchange,
): Schedule.Schedule<unknown, MetricsApiRequestError, MetricsApiRequestError> =>
  schedule.pipe(
    Schedule.while(({ input }) => input.notRetried === undefined && isTransient(input)),
    Schedule.modifyDelay(({ duration, input, now }) => {
      const asked = millis(input.retryAfter);
      if (asked > maxRetryAfter) return Effect.fail(notRetried(input, "retryAfter"));
      const delay = Math.max(Duration.toMillis(duration), asked);
      if (deadline !== undefined && now - exchange.startedAt + delay >= millis(deadline)) {
        return Effect.fail(timedOut(exchange, "deadline", deadline));
      }
      if (!budget.take()) {
        return Effect.andThen(
          tell(exchange, { _tag: "BudgetExhausted" }),
          Effect.fail(notRetried(input, "budget")),
        );
      }
      exchange.retries++;
      exchange.retryDelay += delay;
      exchange.span.event("retry", BigInt(Math.round(now)) * 1_000_000n, {
        "error.type": input.reason._tag,
        "http.request.resend_count": exchange.retries,
        "syvain.retry.delay": delay / 1000,
      });
      const wait = Duration.millis(delay);
      return Effect.as(tell(exchange, { _tag: "Retry", error: input, delay: wait }), wait);
    }),
  );

/** What bounds the retries of one call. */
export interface Rules {
  readonly schedule: RetrySchedule;
  readonly deadline: Duration.Duration | undefined;
  readonly budget: RetryBudget;
}

/**
 * Tries again as long as the schedule and the rules above it say so. Nothing of it is set up for a first attempt that succeeds,
 * as nearly all do.
 */
export const withRetries = <A>(
  attempt: Effect.Effect<A, MetricsApiRequestError>,
  rules: Rules,
  exchange: Exchange,
): Effect.Effect<A, MetricsApiRequestError> =>
  Effect.catch(attempt, (first) => {
    let made = false;
    const again = Effect.suspend(() => {
      if (made) return attempt;
      made = true;
      return Effect.fail(first);
    });
    return Effect.retry(again, underRules(rules, exchange));
  });
