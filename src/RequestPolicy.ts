/**
 * How calls behave in a region of code: retries, timeouts, deadline, headers. What a region does not say comes from `ConfigService`.
 *
 * @module
 */
import type * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import { dual } from "effect/Function";
import { RequestPolicy, type RetrySchedule, withPolicy } from "./internal/request/policy.ts";

export {
  backoff,
  defaultRetry,
  noRetry,
  type Policy,
  RequestPolicy,
  type RetrySchedule,
  withPolicy,
} from "./internal/request/policy.ts";

// -----------------------------------------------------------------------------
// Regions
// -----------------------------------------------------------------------------

/**
 * Replaces the retry schedule for the calls in `self`.
 *
 * @example
 * ```ts
 * import * as Schedule from "effect/Schedule";
 * import { Experiments, RequestPolicy } from "syvain-metrics-effect";
 *
 * const patient = Experiments.list().pipe(
 *   RequestPolicy.withRetry(RequestPolicy.backoff.pipe(Schedule.upTo({ times: 10 }))),
 * );
 * ```
 *
 * @category combinators
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
 * **Gotchas**
 *
 * More than 5 minutes is more than Node's `fetch` waits: see `timeout` of `ConfigService.Options`.
 *
 * @example
 * ```ts
 * import { Experiments, RequestPolicy } from "syvain-metrics-effect";
 *
 * const quick = Experiments.list().pipe(RequestPolicy.withTimeout("2 seconds"));
 * ```
 *
 * @category combinators
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
 * @example
 * ```ts
 * import { Experiments, RequestPolicy } from "syvain-metrics-effect";
 *
 * const bounded = Experiments.list().pipe(RequestPolicy.withDeadline("30 seconds"));
 * ```
 *
 * @category combinators
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
 * `authorization`, `idempotency-key`, `accept`, `host`, `connection`, and what frames the body.
 *
 * @example
 * ```ts
 * import { Experiments, RequestPolicy } from "syvain-metrics-effect";
 *
 * const tagged = Experiments.list().pipe(RequestPolicy.withHeaders({ "x-team": "vision" }));
 * ```
 *
 * @category combinators
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
    Effect.updateService(self, RequestPolicy, (outer) => ({
      ...outer,
      headers: { ...outer.headers, ...headers },
    })),
);
