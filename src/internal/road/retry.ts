import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Schedule from "effect/Schedule";
import type { MetricsApiRequestError } from "../../MetricsApiError.ts";
import type { RetrySchedule } from "../../RequestPolicy.ts";
import { type Exchange, timedOut } from "./exchange.ts";
import { maxRetryAfter } from "./retryAfter.ts";

const millis = (duration: Duration.Duration | undefined): number =>
  duration === undefined ? 0 : Duration.toMillis(duration);

const transientStatus = new Set([408, 425, 429, 500, 502, 503, 504]);

/** May another attempt do better? Every operation of the contract can be repeated; {@link Operation.retry} says why. */
const isTransient = ({ reason, status }: MetricsApiRequestError): boolean =>
  reason._tag === "Transport" ||
  reason._tag === "Timeout" ||
  (reason._tag !== "Redirected" && status !== undefined && transientStatus.has(status));

/**
 * The user's schedule under the rules that stand above it: only transient failures, never sooner than the service asked,
 * not when it asked for more than a minute, and no wait that the deadline would not outlast.
 */
const underRules = (
  schedule: RetrySchedule,
  exchange: Exchange,
  deadline: Duration.Duration | undefined,
): Schedule.Schedule<unknown, MetricsApiRequestError, MetricsApiRequestError> =>
  schedule.pipe(
    Schedule.while(({ input }) => isTransient(input) && millis(input.retryAfter) <= maxRetryAfter),
    Schedule.modifyDelay(({ duration, input, now }) => {
      const delay = Math.max(Duration.toMillis(duration), millis(input.retryAfter));
      return deadline !== undefined && now - exchange.startedAt + delay >= millis(deadline)
        ? Effect.fail(timedOut(exchange, "deadline", deadline, now))
        : Effect.succeed(Duration.millis(delay));
    }),
  );

/**
 * Tries again as long as the schedule and the rules above it say so. Nothing of it is set up for a first attempt that succeeds,
 * as nearly all do.
 */
export const withRetries = <A>(
  attempt: Effect.Effect<A, MetricsApiRequestError>,
  schedule: RetrySchedule,
  exchange: Exchange,
  deadline: Duration.Duration | undefined,
): Effect.Effect<A, MetricsApiRequestError> =>
  Effect.catch(attempt, (first) => {
    let made = false;
    const again = Effect.suspend(() => {
      if (made) return attempt;
      made = true;
      return Effect.fail(first);
    });
    return Effect.retry(again, underRules(schedule, exchange, deadline));
  });
