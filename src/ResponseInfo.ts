/**
 * What happened on the way to a value: status, headers, request id, attempts, waits and the idempotency key of the call that answered it.
 *
 * @module
 */
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Headers from "effect/http/Headers";
import { replayedHeader } from "./internal/wire/operation.ts";
import { scrubOf } from "./internal/request/exchange.ts";
import { requestIdOf } from "./internal/request/failures.ts";
import { type Observer, ResponseObserver } from "./internal/request/observer.ts";

// -----------------------------------------------------------------------------
// Models
// -----------------------------------------------------------------------------

/**
 * What is known of a call that succeeded. Keys are cut out of the headers.
 *
 * @category models
 */
export interface ResponseInfo {
  /** The public name of the call: `"Experiments.create"`. */
  readonly operation: string;
  readonly method: "GET" | "POST" | "PATCH" | "DELETE";
  /** Scheme, host and path, without the query. */
  readonly url: string;
  readonly status: number;
  /** Of the last answer; names in lower case. */
  readonly headers: Headers.Headers;
  /** `X-Request-Id` or `Request-Id`: what support asks for. */
  readonly requestId: string | undefined;
  /** How many requests were sent. */
  readonly attempts: number;
  /** All waits before retries together. */
  readonly retryDelay: Duration.Duration;
  /** From the call to its answer. */
  readonly elapsed: Duration.Duration;
  readonly idempotencyKey: string | undefined;
  /** Whether the service had done this before and gave its earlier answer again (`Idempotent-Replayed: true`). */
  readonly replayed: boolean;
}

/**
 * A value, and the call that it came from.
 *
 * @category models
 */
export interface WithResponse<A> {
  readonly value: A;
  /** `undefined` when nothing was asked of the service. */
  readonly response: ResponseInfo | undefined;
}

// -----------------------------------------------------------------------------
// Combinators
// -----------------------------------------------------------------------------

/**
 * Answers what happened beside the value of an endpoint. A failure tells the same in its fields.
 *
 * **Gotchas**
 *
 * It is meant for one call: of several in `self`, the one that ended last is told. Minting an ingestion key on the way is not told,
 * since the call that needed it ends later.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect";
 * import { Experiments, ResponseInfo } from "syvain-metrics-effect";
 *
 * const requestId = Experiments.list().pipe(
 *   ResponseInfo.withResponse,
 *   Effect.map(({ response }) => response?.requestId),
 * );
 * ```
 *
 * @category combinators
 */
export const withResponse = <A, E, R>(
  self: Effect.Effect<A, E, R>,
): Effect.Effect<WithResponse<A>, E, R> =>
  Effect.suspend(() => {
    let response: ResponseInfo | undefined;
    const note: Observer = (event, exchange) =>
      event._tag === "Success"
        ? Effect.sync(() => {
            const { answer } = event;
            const { name, method } = exchange.operation;
            const scrub = scrubOf(exchange);
            const headers = Headers.fromInput(
              Object.entries(answer.headers).map(([name, value]) => [name, scrub(value)] as const),
            );
            response = {
              operation: name,
              method,
              url: scrub(exchange.url),
              status: answer.status,
              headers,
              requestId: requestIdOf(headers),
              attempts: exchange.attempts,
              retryDelay: Duration.millis(exchange.retryDelay),
              elapsed: Duration.millis(exchange.now() - exchange.startedAt),
              idempotencyKey: exchange.idempotencyKey,
              replayed: headers[replayedHeader] === "true",
            };
          })
        : Effect.void;
    return self.pipe(
      Effect.updateService(
        ResponseObserver,
        (outer): Observer =>
          (event, exchange) =>
            outer === undefined
              ? note(event, exchange)
              : Effect.andThen(note(event, exchange), outer(event, exchange)),
      ),
      Effect.map((value) => ({ value, response })),
    );
  });
