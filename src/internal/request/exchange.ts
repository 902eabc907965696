/**
 * One logical request under way, and what is known of it.
 */
import type * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import type * as Headers from "effect/http/Headers";
import type { HttpClientRequest } from "effect/http/HttpClientRequest";
import * as Redacted from "effect/Redacted";
import type * as Tracer from "effect/Tracer";
import type {
  MetricsApiError,
  MetricsApiRequestError,
  MetricsApiResponseError,
} from "../base/errors.ts";
import type { Operation } from "../wire/operation.ts";
import { makeScrub, type Scrub } from "./scrub.ts";

/** How one attempt fails. */
export type CallError = MetricsApiRequestError | MetricsApiResponseError;

/** What came back, read to the end; of a stream, its head. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers.Headers;
  readonly text: string;
  readonly complete: boolean;
}

export interface Exchange {
  readonly operation: Operation;
  readonly host: string;
  /** Without the query; of the template when the ids are no good. */
  readonly url: string;
  /** In epoch milliseconds, by the clock in force when the call began. */
  readonly now: () => number;
  readonly startedAt: number;
  /** The limit of the whole call. */
  deadline: Duration.Duration | undefined;
  /** The API key and the other keys this request has carried, to be cut out of whatever an error quotes. */
  readonly keys: [apiKey: Redacted.Redacted, ...others: Array<Redacted.Redacted>];
  idempotencyKey: string | undefined;
  /** The largest body of a success that is read, in bytes. */
  readonly maxResponseBytes: number;
  attempts: number;
  /** When the last attempt began, as `startedAt`. */
  attemptedAt: number;
  retries: number;
  /** How often the service said that an earlier attempt is still at work. */
  inProgress: number;
  /** The waits before the retries so far, in milliseconds. */
  retryDelay: number;
  /** The last answer. */
  answer: Answer | undefined;
  readonly span: Tracer.Span | Pick<Tracer.Span, "attribute" | "event">;
  readonly observers: ReadonlyArray<Observer>;
}

/** What a call goes through. */
export type CallEvent =
  | { readonly _tag: "Attempt"; readonly request: HttpClientRequest }
  | { readonly _tag: "Answer"; readonly answer: Answer }
  | { readonly _tag: "NoAnswer"; readonly error: MetricsApiRequestError }
  | { readonly _tag: "Retry"; readonly error: CallError; readonly delay: Duration.Duration }
  | { readonly _tag: "BudgetExhausted" }
  | { readonly _tag: "Remint" }
  | { readonly _tag: "Success"; readonly answer: Answer }
  | { readonly _tag: "Failure"; readonly error: MetricsApiError };

export type Observer = (event: CallEvent, exchange: Exchange) => Effect.Effect<void>;

/** Costs nothing while nobody watches. */
export const notify = (exchange: Exchange, event: CallEvent): Effect.Effect<void> =>
  exchange.observers.reduce(
    (notified, observer) => Effect.andThen(notified, observer(event, exchange)),
    Effect.void,
  );

export const scrubOf = (exchange: Exchange): Scrub => makeScrub(exchange.keys.map(Redacted.value));
