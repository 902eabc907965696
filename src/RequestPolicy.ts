/**
 * How long a call may take and when it is tried again: the default retry schedule, and combinators that set a policy for a region of code.
 *
 * A policy set for a region wins over the one in `ConfigService`. It never shows in `R`.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import { dual, pipe } from "effect/Function";
import * as Random from "effect/Random";
import * as Schedule from "effect/Schedule";
import { addHeaders, ExtraHeaders } from "./internal/extraHeaders.ts";
import type { MetricsApiRequestError } from "./MetricsApiError.ts";
import type { RetryBudget } from "./RetryBudget.ts";

// -----------------------------------------------------------------------------
// Models
// -----------------------------------------------------------------------------

/**
 * When a transient failure is tried again: any `Schedule`. Its input is the error of the last attempt.
 *
 * **Details**
 *
 * The schedule decides whether there is another attempt and how long to wait for it. Four things stand above it:
 * only transient failures reach it (transport failures, timeouts of an attempt, HTTP 408, 425, 429, 500, 502, 503, 504);
 * the wait is never shorter than the `Retry-After` of the answer (RFC 9110 10.2.3; `retry-after-ms` too);
 * a `Retry-After` longer than 60 seconds ends the retries at once; and so does a `RetryBudget` that is used up.
 *
 * **Gotchas**
 *
 * A schedule without an end, such as `Schedule.exponential("1 second")`, retries for ever: add `Schedule.upTo({ times: 4 })`.
 *
 * @category models
 * @since 0.1.0
 */
export type RetrySchedule = Schedule.Schedule<unknown, MetricsApiRequestError>;

/**
 * What a region of code may set for the calls inside it. What is left out comes from `ConfigService`.
 *
 * @category models
 * @since 0.1.0
 */
export interface Policy {
  readonly retry?: RetrySchedule | undefined;
  /** The limit of one attempt, reading the body included. */
  readonly timeout?: Duration.Input | undefined;
  /** The limit of the whole call: all attempts and waits, minting an ingestion key included. */
  readonly deadline?: Duration.Input | undefined;
  /** What retries are paid from. */
  readonly retryBudget?: RetryBudget | undefined;
}

// -----------------------------------------------------------------------------
// The default schedule
// -----------------------------------------------------------------------------

/**
 * Waits that grow: exponential from 250 ms, factor 2, capped at 8 s, with full jitter (each wait is drawn evenly between nothing and that).
 *
 * **Gotchas**
 *
 * It has no end: use it as `RequestPolicy.backoff.pipe(Schedule.upTo({ times: 10 }))`.
 *
 * @category schedules
 * @since 0.1.0
 */
export const backoff: RetrySchedule = pipe(
  Schedule.min([Schedule.exponential("250 millis"), Schedule.spaced("8 seconds")]),
  Schedule.modifyDelay(({ duration }) =>
    Effect.map(Random.next, (random) => Duration.times(duration, random)),
  ),
);

/**
 * The default: {@link backoff}, at most 4 times.
 *
 * @category schedules
 * @since 0.1.0
 */
export const defaultRetry: RetrySchedule = pipe(backoff, Schedule.upTo({ times: 4 }));

/**
 * No retries: one attempt.
 *
 * @category schedules
 * @since 0.1.0
 */
export const noRetry: RetrySchedule = Schedule.recurs(0);

// -----------------------------------------------------------------------------
// Regions
// -----------------------------------------------------------------------------

/**
 * The policy of the calls in this region of code; empty by default.
 *
 * @category references
 * @since 0.1.0
 */
export const RequestPolicy: Context.Reference<Policy> = Context.Reference<Policy>(
  "syvain-metrics-effect/RequestPolicy",
  { defaultValue: () => ({}) },
);

/**
 * Sets a policy for the calls in `self`. What it leaves out stays as it is outside.
 *
 * @category combinators
 * @since 0.1.0
 */
export const withPolicy: {
  (policy: Policy): <A, E, R>(self: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>;
  <A, E, R>(self: Effect.Effect<A, E, R>, policy: Policy): Effect.Effect<A, E, R>;
} = dual(2, <A, E, R>(self: Effect.Effect<A, E, R>, policy: Policy): Effect.Effect<A, E, R> =>
  Effect.updateService(self, RequestPolicy, (outer) => ({ ...outer, ...policy })),
);

/**
 * Replaces the retry schedule for the calls in `self`.
 *
 * @category combinators
 * @since 0.1.0
 */
export const withRetry: {
  (retry: RetrySchedule): <A, E, R>(self: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>;
  <A, E, R>(self: Effect.Effect<A, E, R>, retry: RetrySchedule): Effect.Effect<A, E, R>;
} = dual(2, <A, E, R>(self: Effect.Effect<A, E, R>, retry: RetrySchedule): Effect.Effect<A, E, R> =>
  withPolicy(self, { retry }),
);

/**
 * Replaces the timeout of one attempt for the calls in `self`.
 *
 * @category combinators
 * @since 0.1.0
 */
export const withTimeout: {
  (timeout: Duration.Input): <A, E, R>(self: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>;
  <A, E, R>(self: Effect.Effect<A, E, R>, timeout: Duration.Input): Effect.Effect<A, E, R>;
} = dual(
  2,
  <A, E, R>(self: Effect.Effect<A, E, R>, timeout: Duration.Input): Effect.Effect<A, E, R> =>
    withPolicy(self, { timeout }),
);

/**
 * Sets a deadline for each call in `self`, over all its attempts and waits.
 *
 * **Gotchas**
 *
 * Each call has the whole of it: to bound several calls together, use `Effect.timeout` around them.
 *
 * @category combinators
 * @since 0.1.0
 */
export const withDeadline: {
  (deadline: Duration.Input): <A, E, R>(self: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>;
  <A, E, R>(self: Effect.Effect<A, E, R>, deadline: Duration.Input): Effect.Effect<A, E, R>;
} = dual(
  2,
  <A, E, R>(self: Effect.Effect<A, E, R>, deadline: Duration.Input): Effect.Effect<A, E, R> =>
    withPolicy(self, { deadline }),
);

/**
 * Adds headers to the requests of each call in `self`, to those that were added around it.
 *
 * **Details**
 *
 * A call fails with `InvalidRequest` before it is sent for a header that cannot be one, and for those that are not the caller's to set:
 * `authorization`, `idempotency-key`, `accept`, and what frames the body.
 *
 * @category combinators
 * @since 0.1.0
 */
export const withHeaders: {
  (
    headers: Readonly<Record<string, string>>,
  ): <A, E, R>(self: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>;
  <A, E, R>(
    self: Effect.Effect<A, E, R>,
    headers: Readonly<Record<string, string>>,
  ): Effect.Effect<A, E, R>;
} = dual(
  2,
  <A, E, R>(
    self: Effect.Effect<A, E, R>,
    headers: Readonly<Record<string, string>>,
  ): Effect.Effect<A, E, R> =>
    Effect.updateService(self, ExtraHeaders, (outer) => addHeaders(outer, headers)),
);
