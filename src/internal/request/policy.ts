/**
 * How a call behaves: its retries, its limits, its headers and its key, for all calls of a client or for a region of code.
 */
import * as Context from "effect/Context";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import { dual, pipe } from "effect/Function";
import * as Random from "effect/Random";
import * as Schedule from "effect/Schedule";
import type { MetricsApiRequestError, MetricsApiResponseError } from "../base/errors.ts";
import type { Issue } from "../base/issue.ts";
import { positiveDuration } from "../base/settings.ts";
import type { RetryBudget } from "./retryBudget.ts";

// -----------------------------------------------------------------------------
// Models
// -----------------------------------------------------------------------------

/**
 * When a failure that passes is tried again: any `Schedule`. Its input is the error of the last attempt.
 *
 * **Details**
 *
 * The schedule decides whether there is another attempt and how long to wait for it. Four things stand above it:
 * only failures that pass reach it (transport failures, timeouts of an attempt, HTTP 408, 425, 429 and every status of 500 and above, an error
 * page of the edge, and a 2xx whose body is not JSON, which is a `MetricsApiResponseError`);
 * the wait is never shorter than the `Retry-After` of the answer (RFC 9110 10.2.3; `retry-after-ms` too);
 * a `Retry-After` longer than 60 seconds ends the retries at once; and so does a `RetryBudget` that is used up.
 *
 * **Gotchas**
 *
 * A schedule without an end, such as `Schedule.exponential("1 second")`, retries for ever: add `Schedule.upTo({ times: 4 })`.
 *
 * @category models
 */
export type RetrySchedule = Schedule.Schedule<
  unknown,
  MetricsApiRequestError | MetricsApiResponseError
>;

/**
 * What a region of code may set for the calls inside it. What is left out comes from `ConfigService`.
 *
 * @category models
 */
export interface Policy {
  readonly retry?: RetrySchedule | undefined;
  /**
   * The limit of one attempt, reading the body included. Of a stream: of the wait for its headers, and of each silence
   * after them. The transport may have a shorter one of its own: 5 minutes in Node's `fetch`.
   */
  readonly timeout?: Duration.Input | undefined;
  /** The limit of the whole call: all attempts and waits, minting an ingestion key included. */
  readonly deadline?: Duration.Input | undefined;
  /** What retries are paid from. */
  readonly retryBudget?: RetryBudget | undefined;
  /** Headers that every request carries. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** The `Idempotency-Key` of the one call inside, instead of a drawn one. */
  readonly idempotencyKey?: string | undefined;
}

// -----------------------------------------------------------------------------
// Schedules
// -----------------------------------------------------------------------------

/** In milliseconds. */
const maxWait = 8000;

/**
 * Waits that grow: exponential from 250 ms, factor 2, capped at 8 s, with full jitter (each wait is drawn evenly between nothing and that).
 *
 * **Gotchas**
 *
 * It has no end: use it as `RequestPolicy.backoff.pipe(Schedule.upTo({ times: 10 }))`.
 *
 * @category schedules
 */
export const backoff: RetrySchedule = pipe(
  Schedule.exponential("250 millis"),
  // `Schedule.min` for the cap would cost a browser 0.5 kB.
  Schedule.modifyDelay(({ duration }) =>
    Effect.map(Random.next, (random) =>
      Duration.millis(Math.min(Duration.toMillis(duration), maxWait) * random),
    ),
  ),
);

/**
 * The default: {@link backoff}, at most 4 times.
 *
 * @category schedules
 */
export const defaultRetry: RetrySchedule = pipe(backoff, Schedule.upTo({ times: 4 }));

/**
 * No retries: one attempt.
 *
 * @category schedules
 */
export const noRetry: RetrySchedule = Schedule.recurs(0);

// -----------------------------------------------------------------------------
// Regions
// -----------------------------------------------------------------------------

/**
 * The policy of the calls in this region of code; empty by default.
 *
 * @category references
 */
export const RequestPolicy: Context.Reference<Policy> = Context.Reference<Policy>(
  "syvain-metrics-effect/RequestPolicy",
  { defaultValue: () => ({}) },
);

/**
 * Sets a policy for the calls in `self`. What it leaves out stays as it is outside.
 *
 * @example
 * ```ts
 * import { Experiments, RequestPolicy } from "syvain-metrics-effect";
 *
 * const impatient = Experiments.list().pipe(
 *   RequestPolicy.withPolicy({ retry: RequestPolicy.noRetry, timeout: "2 seconds" }),
 * );
 * ```
 *
 * @category combinators
 */
export const withPolicy: {
  (policy: Policy): <A, E, R>(self: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>;
  <A, E, R>(self: Effect.Effect<A, E, R>, policy: Policy): Effect.Effect<A, E, R>;
} = dual(2, <A, E, R>(self: Effect.Effect<A, E, R>, policy: Policy): Effect.Effect<A, E, R> =>
  Effect.updateService(self, RequestPolicy, (outer) => ({ ...outer, ...policy })),
);

// -----------------------------------------------------------------------------
// Checks
// -----------------------------------------------------------------------------

/** They say who is asking whom, or how to read the body, which are not the caller's to say. */
const reserved =
  /^(accept|authorization|connection|content-(encoding|length|type)|host|idempotency-key|transfer-encoding)$/i;

const isHeader = (name: string, value: unknown): boolean =>
  /^[!#$%&'*+.^_`|~\w-]+$/.test(name) &&
  typeof value === "string" &&
  /^[\t\x20-\x7e\x80-\xff]*$/.test(value) &&
  !reserved.test(name);

/** What a region of code set that cannot be. It is checked like the input that it is, and not quoted. */
export const wrongPolicy = (policy: Policy): Issue | undefined => {
  for (const name of ["timeout", "deadline"] as const) {
    const limit = policy[name];
    if (limit !== undefined && positiveDuration(limit) === undefined) {
      return { path: [name], expected: "a positive duration" };
    }
  }
  for (const name in policy.headers) {
    if (!isHeader(name, policy.headers[name])) {
      const expected = "a header that HTTP allows and the client does not set itself";
      return { path: ["headers", name], expected };
    }
  }
  const { idempotencyKey } = policy;
  return idempotencyKey === undefined ? undefined : wrongKey(idempotencyKey);
};

export const wrongKey = (key: string): Issue | undefined =>
  /^[\x21-\x7e]{1,255}$/.test(key)
    ? undefined
    : { path: ["idempotencyKey"], expected: "1 to 255 characters of visible ASCII" };

/** What the region says, else what the client was configured with. */
export const limitOf = <A>(
  input: Duration.Input | undefined,
  configured: A,
): Duration.Duration | A => (input === undefined ? configured : Duration.fromInputUnsafe(input));
