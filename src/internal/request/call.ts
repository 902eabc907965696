/**
 * The one pipeline of every request: encode, authorise, key, attempt, decode, retry, map errors.
 */
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import type { Fiber } from "effect/Fiber";
import * as HttpBody from "effect/http/HttpBody";
import * as HttpClient from "effect/http/HttpClient";
import * as HttpClientRequest from "effect/http/HttpClientRequest";
import * as HttpTraceContext from "effect/http/HttpTraceContext";
import type * as Redacted from "effect/Redacted";
import * as Result from "effect/Result";
import type * as Tracer from "effect/Tracer";
import type { MetricsApiError } from "../base/errors.ts";
import type { Issue } from "../base/issue.ts";
import { version } from "../base/version.ts";
import { type Operation, urlTemplate } from "../wire/operation.ts";
import { attempt, type Interpret } from "./attempt.ts";
import { ConfigService } from "./config.ts";
import { decode } from "./decode.ts";
import { type CallError, type Exchange, notify } from "./exchange.ts";
import { invalidRequest, timedOut } from "./failures.ts";
import { IdempotencyKey } from "./idempotencyKey.ts";
import { LogObserver, MetricsObserver, ResponseObserver } from "./observer.ts";
import { limitOf, RequestPolicy, wrongKey, wrongPolicy } from "./policy.ts";
import {
  type AnyInput,
  type EncodedInput,
  type Input,
  type Prepared,
  prepare,
  type Success,
} from "./prepare.ts";
import { withRetries } from "./retry.ts";
import { serverOf } from "./server.ts";

/** Sends the prepared request under a key, retries included. */
export type Send<A> = (key: Redacted.Redacted) => Effect.Effect<A, CallError>;

/** Finds the key for a request and sends it, once or, if the key is refused, once more. */
export type Authorise<R> = <A>(
  send: Send<A>,
  exchange: Exchange,
) => Effect.Effect<A, MetricsApiError, R>;

const client = "syvain-metrics-effect";

/** Browsers name themselves and treat headers of ours as ones that the service must allow. */
const ourHeaders: Readonly<Record<string, string>> =
  "document" in globalThis || "WorkerGlobalScope" in globalThis
    ? {}
    : {
        "user-agent": `${client}/${version}`,
        "x-syvain-client": client,
        "x-syvain-client-version": version,
      };

/** Reads a reference at once: an effect for each of those on the way of a call adds up. */
type Read = Fiber<unknown, unknown>["getRef"];

const execute = Effect.fnUntraced(function* <A, R>(
  read: Read,
  config: ConfigService["Service"],
  exchange: Exchange,
  prepared: Result.Result<Prepared, Issue>,
  authorise: Authorise<R>,
  interpret: Interpret<A>,
): Effect.fn.Return<A, MetricsApiError, HttpClient.HttpClient | R> {
  const client = yield* HttpClient.HttpClient;
  if (Result.isFailure(prepared)) return yield* invalidRequest(exchange, prepared.failure);
  const { query, body } = prepared.success;
  const { operation } = exchange;

  const region = read(RequestPolicy);
  const wrong = wrongPolicy(region);
  if (wrong !== undefined) return yield* invalidRequest(exchange, wrong);
  const timeout = limitOf(region.timeout, config[operation.timeout]);
  const deadline = (exchange.deadline = limitOf(region.deadline, config.deadline));
  const budget = region.retryBudget ?? config.retryBudget;
  const rules = { schedule: region.retry ?? config.retry, budget };

  // Key: one for all attempts.
  const headers: Record<string, string> = {
    ...ourHeaders,
    ...region.headers,
    accept: operation.stream ?? "application/json",
  };
  if (operation.repeat === "keyed") {
    const key = region.idempotencyKey ?? (yield* read(IdempotencyKey));
    const wrong = wrongKey(key);
    if (wrong !== undefined) return yield* invalidRequest(exchange, wrong);
    headers["idempotency-key"] = exchange.idempotencyKey = key;
  }
  // `callWith` made a span then.
  if (config.propagateTraces) {
    Object.assign(headers, HttpTraceContext.toHeaders(exchange.span as Tracer.Span));
  }

  const request = HttpClientRequest.make(operation.method)(exchange.url, {
    urlParams: query,
    headers,
    ...(body && { body: HttpBody.uint8Array(body, "application/json") }),
  });

  // Attempt, decode, and retry.
  const send: Send<A> = (key) => {
    if (!exchange.keys.includes(key)) exchange.keys.push(key);
    const authorised = HttpClientRequest.bearerToken(request, key);
    return withRetries(attempt(client, exchange, authorised, timeout, interpret), rules, exchange);
  };

  // Authorise, under the deadline, minting included.
  const sent = authorise(send, exchange);
  const success = yield* deadline
    ? Effect.timeoutOrElse(sent, {
        duration: deadline,
        orElse: () => Effect.fail(timedOut(exchange, "deadline", deadline)),
      })
    : sent;
  budget.give(exchange.retries > 0);
  // A success has an answer.
  if (exchange.answer) yield* notify(exchange, { _tag: "Success", answer: exchange.answer });
  return success;
});

/** OpenTelemetry's names for HTTP clients, and the number of requests sent. */
const annotate = ({ span, attempts, answer }: Exchange): void => {
  span.attribute("syvain.attempts", attempts);
  if (attempts > 1) span.attribute("http.request.resend_count", attempts - 1);
  if (answer) span.attribute("http.response.status_code", answer.status);
};

/** Stands where a span would that nobody sees: one takes a sixth of the time of a call. */
const unseen: Exchange["span"] = { attribute() {}, event() {} };

/** Calls an operation, with the key that `authorise` finds; `interpret` makes of the answer what the call answers. */
export const callWith = <O extends Operation, A, R>(
  operation: O,
  input: Input<O> | EncodedInput<O>,
  authorise: Authorise<R>,
  interpret: Interpret<A>,
): Effect.Effect<A, MetricsApiError, ConfigService | HttpClient.HttpClient | R> =>
  Effect.flatMap(ConfigService, (config) =>
    Effect.withFiber((fiber) => {
      const { cache } = fiber;
      const read: Read = (reference) => fiber.getRef(reference);
      const under = (span: Exchange["span"]) => {
        // Encode.
        // `Input` of every operation is such a record; the compiler cannot see that of an `O` it does not know.
        const prepared = prepare(operation, input as AnyInput);
        const clock = read(Clock.Clock);
        const now = () => clock.currentTimeMillisUnsafe();
        const exchange: Exchange = {
          operation,
          host: config.host,
          url:
            config.host +
            (Result.isSuccess(prepared) ? prepared.success.path : urlTemplate(operation)),
          now,
          startedAt: now(),
          deadline: undefined,
          keys: [config.apiKey],
          idempotencyKey: undefined,
          maxResponseBytes: config.maxResponseBytes,
          attempts: 0,
          attemptedAt: 0,
          retries: 0,
          inProgress: 0,
          retryDelay: 0,
          answer: undefined,
          span,
          observers: [read(ResponseObserver), read(MetricsObserver), read(LogObserver)].filter(
            (observer) => !!observer,
          ),
        };
        return execute(read, config, exchange, prepared, authorise, interpret).pipe(
          Effect.ensuring(Effect.sync(() => annotate(exchange))),
          Effect.tapError((error) => {
            span.attribute("error.type", error.reason._tag);
            return notify(exchange, { _tag: "Failure", error });
          }),
        );
      };
      // Without a tracer spans are kept nowhere, but one that stands around the call may be looked at, and so may what is in it.
      return config.propagateTraces || cache.tracer || cache.span
        ? Effect.useSpan(
            operation.name,
            {
              kind: "client",
              attributes: {
                "http.request.method": operation.method,
                "url.template": urlTemplate(operation),
                ...serverOf(config.host),
              },
            },
            (span) => Effect.withParentSpan(under(span), span, { captureStackTrace: false }),
          )
        : under(unseen);
    }),
  );

/** The whole answer, as the contract says. */
export const decodeWhole =
  <O extends Operation>(operation: O): Interpret<Success<O>> =>
  (exchange, { answer }) =>
    Effect.fromResult(decode(operation, exchange, answer));

export const byApiKey: Authorise<never> = (send, { keys: [apiKey] }) => send(apiKey);

/** Calls an operation that takes the API key. */
export const call = <O extends Operation & { readonly auth: "apiKey" }>(
  operation: O,
  input: Input<O> | EncodedInput<O>,
): Effect.Effect<Success<O>, MetricsApiError, ConfigService | HttpClient.HttpClient> =>
  callWith(operation, input, byApiKey, decodeWhole(operation));

/** The same of one that answers line by line: `interpret` reads them. */
export const callStream = <
  O extends Operation & { readonly auth: "apiKey"; readonly stream: string },
  A,
>(
  operation: O,
  input: Input<O>,
  interpret: Interpret<A>,
): Effect.Effect<A, MetricsApiError, ConfigService | HttpClient.HttpClient> =>
  callWith(operation, input, byApiKey, interpret);
