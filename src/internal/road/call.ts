/**
 * The one road of every request: encode, authorise, key, attempt, retry, decode, map errors.
 */
import * as Clock from "effect/Clock";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as HttpBody from "effect/http/HttpBody";
import * as HttpClient from "effect/http/HttpClient";
import * as HttpClientRequest from "effect/http/HttpClientRequest";
import * as HttpTraceContext from "effect/http/HttpTraceContext";
import type * as Redacted from "effect/Redacted";
import * as Result from "effect/Result";
import type * as Tracer from "effect/Tracer";
import { ConfigService } from "../../ConfigService.ts";
import { IdempotencyKey } from "../../IdempotencyKey.ts";
import { SuppliedKey } from "../suppliedKey.ts";
import type { MetricsApiError, MetricsApiRequestError } from "../../MetricsApiError.ts";
import { type Policy, RequestPolicy } from "../../RequestPolicy.ts";
import { type Operation, urlTemplate } from "../contract/operation.ts";
import { positiveDuration } from "../duration.ts";
import { version } from "../version.ts";
import { attempt } from "./attempt.ts";
import { decode } from "./decode.ts";
import { type Answer, type Exchange, invalidRequest, timedOut } from "./exchange.ts";
import type { Issue } from "./issue.ts";
import { type AnyInput, type Input, prepare, type Success } from "./prepare.ts";
import { withRetries } from "./retry.ts";

/** Sends the prepared request under a key, retries included. */
export type Send = (key: Redacted.Redacted) => Effect.Effect<Answer, MetricsApiRequestError>;

/** Finds the key for a request and sends it, once or, if the key is refused, once more. */
export type Authorise<R> = (send: Send) => Effect.Effect<Answer, MetricsApiError, R>;

/** Browsers name themselves and treat a `User-Agent` of ours as a header that the service must allow. */
const userAgent =
  "document" in globalThis || "WorkerGlobalScope" in globalThis
    ? {}
    : { "user-agent": `syvain-metrics-effect/${version}` };

const isKey = (key: string): boolean => /^[\x21-\x7e]{1,255}$/.test(key);

/** The limit that a region of code set to what is none. It is checked like the input that it is. */
const wrongLimit = (policy: Policy): Issue | undefined => {
  for (const name of ["timeout", "deadline"] as const) {
    const limit = policy[name];
    if (limit !== undefined && positiveDuration(limit) === undefined) {
      return { path: [name], expected: "a positive duration" };
    }
  }
  return undefined;
};

const limitOf = <A>(input: Duration.Input | undefined, configured: A): Duration.Duration | A =>
  input === undefined ? configured : Duration.fromInputUnsafe(input);

const run = Effect.fnUntraced(function* <O extends Operation, R>(
  operation: O,
  input: Input<O>,
  authorise: Authorise<R>,
  span: Tracer.Span,
): Effect.fn.Return<Success<O>, MetricsApiError, ConfigService | HttpClient.HttpClient | R> {
  const config = yield* ConfigService;
  const client = yield* HttpClient.HttpClient;
  const policy = yield* RequestPolicy;
  const exchange: Exchange = {
    operation,
    url: config.host + urlTemplate(operation),
    startedAt: yield* Clock.currentTimeMillis,
    keys: [config.apiKey],
    idempotencyKey: undefined,
    attempts: 0,
    status: undefined,
  };
  span.attribute("server.address", config.host.replace(/^https?:\/\/([^/:]+|\[[^\]]*\]).*$/, "$1"));

  // Encode.
  // `Input` of every operation is such a record; the compiler cannot see that of an `O` it does not know.
  const prepared = prepare(operation, input as AnyInput);
  if (Result.isFailure(prepared)) return yield* invalidRequest(exchange, prepared.failure);
  const { path, query, body } = prepared.success;
  exchange.url = config.host + path;

  const wrong = wrongLimit(policy);
  if (wrong !== undefined) return yield* invalidRequest(exchange, wrong);
  const timeout = limitOf(policy.timeout, config[operation.timeout]);
  const deadline = limitOf(policy.deadline, config.deadline);

  // Key: one for all attempts.
  const headers: Record<string, string> = { accept: "application/json", ...userAgent };
  if (operation.retry === "keyed") {
    const key = (yield* SuppliedKey) ?? (yield* yield* IdempotencyKey);
    if (!isKey(key)) {
      return yield* invalidRequest(exchange, {
        path: ["idempotencyKey"],
        expected: "1 to 255 characters of visible ASCII",
      });
    }
    headers["idempotency-key"] = exchange.idempotencyKey = key;
  }
  if (config.propagateTraces) Object.assign(headers, HttpTraceContext.toHeaders(span));

  const request = HttpClientRequest.make(operation.method)(exchange.url, {
    urlParams: query,
    headers,
    ...(body === undefined ? {} : { body: HttpBody.uint8Array(body, "application/json") }),
  });

  // Attempt, and retry.
  const schedule = policy.retry ?? config.retry;
  const send: Send = (key) => {
    if (!exchange.keys.includes(key)) exchange.keys.push(key);
    const authorised = HttpClientRequest.bearerToken(request, key);
    return withRetries(
      attempt(client, exchange, authorised, timeout),
      schedule,
      exchange,
      deadline,
    );
  };

  // Authorise, under the deadline, minting included.
  const sent = authorise(send);
  const answer = yield* (
    deadline === undefined
      ? sent
      : Effect.timeoutOrElse(sent, {
          duration: deadline,
          orElse: () =>
            Effect.flatMap(Clock.currentTimeMillis, (now) =>
              Effect.fail(timedOut(exchange, "deadline", deadline, now)),
            ),
        })
  ).pipe(Effect.ensuring(Effect.sync(() => annotate(span, exchange))));

  // Decode.
  return yield* decode(operation, exchange, answer);
});

/** OpenTelemetry's names for HTTP clients, and the number of requests sent. */
const annotate = (span: Tracer.Span, exchange: Exchange): void => {
  span.attribute("syvain.attempts", exchange.attempts);
  if (exchange.attempts > 1) {
    span.attribute("http.request.resend_count", exchange.attempts - 1);
  }
  if (exchange.status !== undefined) {
    span.attribute("http.response.status_code", exchange.status);
  }
};

/** Calls an operation, with the key that `authorise` finds. */
export const callWith = <O extends Operation, R>(
  operation: O,
  input: Input<O>,
  authorise: Authorise<R>,
): Effect.Effect<Success<O>, MetricsApiError, ConfigService | HttpClient.HttpClient | R> =>
  Effect.useSpan(
    operation.name,
    {
      kind: "client",
      attributes: {
        "http.request.method": operation.method,
        "url.template": urlTemplate(operation),
      },
    },
    (span) =>
      run(operation, input, authorise, span).pipe(
        Effect.tapError((error) =>
          Effect.sync(() => span.attribute("error.type", error.reason._tag)),
        ),
        Effect.withParentSpan(span, { captureStackTrace: false }),
      ),
  );

/** Calls an operation that takes the API key. */
export const call = <O extends Operation & { readonly auth: "apiKey" }>(
  operation: O,
  input: Input<O>,
): Effect.Effect<Success<O>, MetricsApiError, ConfigService | HttpClient.HttpClient> =>
  callWith(operation, input, (send) =>
    Effect.flatMap(ConfigService, (config) => send(config.apiKey)),
  );
