import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Schedule from "effect/Schedule";
import { type CallError, type Exchange, notify } from "./exchange.ts";
import { isInProgress, isTransient, notRetried, timedOut } from "./failures.ts";
import type { RetrySchedule } from "./policy.ts";
import { maxRetryAfter } from "./retryAfter.ts";
import type { RetryBudget } from "./retryBudget.ts";

/** What bounds the retries of one call. */
export interface Rules {
  readonly schedule: RetrySchedule;
  readonly budget: RetryBudget;
}

/** How long the answer asks to be left alone, in milliseconds. */
const askedWait = (error: CallError): number =>
  error._tag === "MetricsApiRequestError" && error.retryAfter
    ? Duration.toMillis(error.retryAfter)
    : 0;

/** The wait before the next attempt, unless it is longer than the service may ask for, or the deadline would end it. */
const allowedWait = (
  error: CallError,
  wait: number,
  exchange: Exchange,
): Effect.Effect<Duration.Duration, CallError> => {
  const asked = askedWait(error);
  if (asked > maxRetryAfter) return Effect.fail(notRetried(error, "retryAfter"));
  const delay = Math.max(wait, asked);
  const { deadline } = exchange;
  return deadline && exchange.now() - exchange.startedAt + delay >= Duration.toMillis(deadline)
    ? Effect.fail(timedOut(exchange, "deadline", deadline))
    : Effect.succeed(Duration.millis(delay));
};

// -----------------------------------------------------------------------------
// Retries
// -----------------------------------------------------------------------------

/**
 * The user's schedule under the rules that stand above it: only failures that pass, never sooner than the service asked,
 * not when it asked for more than a minute, no wait that the deadline would not outlast, and only while the budget lasts.
 */
const underRules = (
  { schedule, budget }: Rules,
  exchange: Exchange,
): Schedule.Schedule<unknown, CallError, CallError> =>
  schedule.pipe(
    Schedule.while(({ input }) => isTransient(input)),
    Schedule.modifyDelay(({ duration, input, now }) =>
      Effect.flatMap(allowedWait(input, Duration.toMillis(duration), exchange), (delay) => {
        if (!budget.take()) {
          return Effect.andThen(
            notify(exchange, { _tag: "BudgetExhausted" }),
            Effect.fail(notRetried(input, "budget")),
          );
        }
        exchange.retries++;
        exchange.retryDelay += Duration.toMillis(delay);
        exchange.span.event("retry", BigInt(Math.round(now)) * 1_000_000n, {
          "error.type": input.reason._tag,
          "http.request.resend_count": exchange.retries,
          "syvain.retry.delay": Duration.toMillis(delay) / 1000,
        });
        return Effect.as(notify(exchange, { _tag: "Retry", error: input, delay }), delay);
      }),
    ),
  );

/**
 * Tries again as long as the schedule and the rules above it say so. Nothing of it is set up for a first attempt that succeeds,
 * as nearly all do.
 */
export const withRetries = <A>(
  attempt: Effect.Effect<A, CallError>,
  rules: Rules,
  exchange: Exchange,
): Effect.Effect<A, CallError> => {
  if (exchange.operation.repeat === "once") return attempt;
  const waiting = untilDone(attempt, exchange);
  return Effect.catch(waiting, (first) => {
    let made = false;
    const again = Effect.suspend(() => {
      if (made) return waiting;
      made = true;
      return Effect.fail(first);
    });
    return Effect.retry(again, underRules(rules, exchange));
  });
};

// -----------------------------------------------------------------------------
// In progress
// -----------------------------------------------------------------------------

/** Between two questions whether an earlier attempt is done, in milliseconds, and how many answers are heard in all. */
const pollEvery = 500;
const maxInProgress = 10;

/** While the service says that an earlier attempt of this very request is still at work, asks again: beside the schedule and its budget. */
const untilDone = <A>(
  attempt: Effect.Effect<A, CallError>,
  exchange: Exchange,
): Effect.Effect<A, CallError> =>
  Effect.catch(attempt, (error) => {
    if (!isInProgress(error) || ++exchange.inProgress >= maxInProgress) return Effect.fail(error);
    const wait = askedWait(error) || pollEvery;
    return Effect.flatMap(allowedWait(error, wait, exchange), (delay) =>
      Effect.delay(untilDone(attempt, exchange), delay),
    );
  });
