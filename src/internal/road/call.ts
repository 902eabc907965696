/**
 * The one road of every request: encode, authorise, key, attempt, retry, decode, map errors.
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
import { ConfigService } from "../configService.ts";
import { IdempotencyKey } from "../../IdempotencyKey.ts";
import type { MetricsApiError, MetricsApiRequestError } from "../../MetricsApiError.ts";
import { RequestPolicy } from "../../RequestPolicy.ts";
import { type Operation, urlTemplate } from "../contract/operation.ts";
import { ExtraHeaders } from "../extraHeaders.ts";
import { SuppliedKey } from "../suppliedKey.ts";
import { version } from "../version.ts";
import { attempt } from "./attempt.ts";
import { decode } from "./decode.ts";
import { type Answer, type Exchange, invalidRequest, tell, timedOut } from "./exchange.ts";
import { CircuitBreakerGuard, RateLimitGuard } from "./guard.ts";
import type { Issue } from "./issue.ts";
import { LogObserver, MetricsObserver, ResponseObserver } from "./observer.ts";
import { limitOf, wrongLimit } from "./policy.ts";
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
export type Send = (key: Redacted.Redacted) => Effect.Effect<Answer, MetricsApiRequestError>;

/** Finds the key for a request and sends it, once or, if the key is refused, once more. */
export type Authorise<R> = (
  send: Send,
  exchange: Exchange,
) => Effect.Effect<Answer, MetricsApiError, R>;

/** Browsers name themselves and treat a `User-Agent` of ours as a header that the service must allow. */
const userAgent =
  "document" in globalThis || "WorkerGlobalScope" in globalThis
    ? {}
    : { "user-agent": `syvain-metrics-effect/${version}` };

const isKey = (key: string): boolean => /^[\x21-\x7e]{1,255}$/.test(key);

/** Reads a reference at once: an effect for each of those on the way of a call adds up. */
type Read = Fiber<unknown, unknown>["getRef"];

const travel = Effect.fnUntraced(function* <O extends Operation, R>(
  read: Read,
  config: ConfigService["Service"],
  exchange: Exchange,
  operation: O,
  prepared: Result.Result<Prepared, Issue>,
  authorise: Authorise<R>,
): Effect.fn.Return<Success<O>, MetricsApiError, HttpClient.HttpClient | R> {
  const client = yield* HttpClient.HttpClient;
  if (Result.isFailure(prepared)) return yield* invalidRequest(exchange, prepared.failure);
  const { query, body } = prepared.success;

  const region = read(RequestPolicy);
  const extra = read(ExtraHeaders);
  const wrong = wrongLimit(region) ?? extra.wrong;
  if (wrong !== undefined) return yield* invalidRequest(exchange, wrong);
  const timeout = limitOf(region.timeout, config[operation.timeout]);
  const deadline = limitOf(region.deadline, config.deadline);
  const budget = region.retryBudget ?? config.retryBudget;
  const rules = { schedule: region.retry ?? config.retry, deadline, budget };

  // Key: one for all attempts.
  const headers: Record<string, string> = {
    ...userAgent,
    ...extra.headers,
    accept: "application/json",
  };
  if (operation.retry === "keyed") {
    const key = read(SuppliedKey) ?? (yield* read(IdempotencyKey));
    if (!isKey(key)) {
      return yield* invalidRequest(exchange, {
        path: ["idempotencyKey"],
        expected: "1 to 255 characters of visible ASCII",
      });
    }
    headers["idempotency-key"] = exchange.idempotencyKey = key;
  }
  // `callWith` made a span then.
  if (config.propagateTraces) {
    Object.assign(headers, HttpTraceContext.toHeaders(exchange.span as Tracer.Span));
  }

  const request = HttpClientRequest.make(operation.method)(exchange.url, {
    urlParams: query,
    headers,
    ...(body === undefined ? {} : { body: HttpBody.uint8Array(body, "application/json") }),
  });

  // Attempt, and retry.
  const limited = read(RateLimitGuard);
  const broken = read(CircuitBreakerGuard);
  const send: Send = (key) => {
    if (!exchange.keys.includes(key)) exchange.keys.push(key);
    const authorised = HttpClientRequest.bearerToken(request, key);
    return withRetries(
      // An open circuit takes nothing from the quota.
      broken(limited(attempt(client, exchange, authorised, timeout), exchange), exchange),
      rules,
      exchange,
    );
  };

  // Authorise, under the deadline, minting included.
  const sent = authorise(send, exchange);
  const answer = yield* deadline === undefined
    ? sent
    : Effect.timeoutOrElse(sent, {
        duration: deadline,
        orElse: () => Effect.fail(timedOut(exchange, "deadline", deadline)),
      });
  budget.give(exchange.retries > 0);

  // Decode.
  const success = yield* decode(operation, exchange, answer);
  yield* tell(exchange, { _tag: "Success", answer });
  return success;
});

/** OpenTelemetry's names for HTTP clients, and the number of requests sent. */
const annotate = ({ span, attempts, status }: Exchange): void => {
  span.attribute("syvain.attempts", attempts);
  if (attempts > 1) span.attribute("http.request.resend_count", attempts - 1);
  if (status !== undefined) span.attribute("http.response.status_code", status);
};

/** Stands where a span would that nobody sees: one takes a sixth of the time of a call. */
const unseen: Exchange["span"] = { attribute() {}, event() {} };

/** Calls an operation, with the key that `authorise` finds. */
export const callWith = <O extends Operation, R>(
  operation: O,
  input: Input<O> | EncodedInput<O>,
  authorise: Authorise<R>,
): Effect.Effect<Success<O>, MetricsApiError, ConfigService | HttpClient.HttpClient | R> =>
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
          url:
            config.host +
            (Result.isSuccess(prepared) ? prepared.success.path : urlTemplate(operation)),
          now,
          startedAt: now(),
          keys: [config.apiKey],
          idempotencyKey: undefined,
          maxResponseBytes: config.maxResponseBytes,
          attempts: 0,
          retries: 0,
          retryDelay: 0,
          status: undefined,
          span,
          observers: [read(ResponseObserver), read(MetricsObserver), read(LogObserver)].filter(
            (observer) => observer !== undefined,
          ),
        };
        return travel(read, config, exchange, operation, prepared, authorise).pipe(
          Effect.ensuring(Effect.sync(() => annotate(exchange))),
          Effect.tapError((error) => {
            span.attribute("error.type", error.reason._tag);
            return tell(exchange, { _tag: "Failure", error });
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

/** Calls an operation that takes the API key. */
export const call = <O extends Operation & { readonly auth: "apiKey" }>(
  operation: O,
  input: Input<O>,
): Effect.Effect<Success<O>, MetricsApiError, ConfigService | HttpClient.HttpClient> =>
  callWith(operation, input, (send, { keys: [apiKey] }) => send(apiKey));
