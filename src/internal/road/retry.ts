import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Schedule from "effect/Schedule";
import type { MetricsApiRequestError } from "../../MetricsApiError.ts";
import type { RetrySchedule } from "../../RequestPolicy.ts";
import { type Exchange, timedOut } from "./exchange.ts";
import { maxRetryAfter } from "./retryAfter.ts";

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
export const retrySchedule = (
  schedule: RetrySchedule,
  exchange: Exchange,
  deadline: Duration.Duration | undefined,
): Schedule.Schedule<unknown, MetricsApiRequestError, MetricsApiRequestError> =>
  schedule.pipe(
    Schedule.while(
      ({ input }) =>
        isTransient(input) &&
        (input.retryAfter === undefined ||
          Duration.isLessThanOrEqualTo(input.retryAfter, maxRetryAfter)),
    ),
    Schedule.modifyDelay(({ duration, input, now }) => {
      const delay =
        input.retryAfter === undefined ? duration : Duration.max(duration, input.retryAfter);
      const spent = now - exchange.startedAt + Duration.toMillis(delay);
      return deadline !== undefined && spent >= Duration.toMillis(deadline)
        ? Effect.fail(timedOut(exchange, "deadline", deadline, now))
        : Effect.succeed(delay);
    }),
  );
