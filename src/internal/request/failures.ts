/**
 * How the failures of a call are reported: pure functions of what is known of it.
 */
import * as Duration from "effect/Duration";
import type * as Headers from "effect/http/Headers";
import type { HttpClientError } from "effect/http/HttpClientError";
import * as Predicate from "effect/Predicate";
import {
  BodyTooLarge,
  ClientStatus,
  Conflict,
  Forbidden,
  InvalidJson,
  InvalidRequest,
  MetricsApiRequestError,
  MetricsApiResponseError,
  NotFound,
  RateLimited,
  Redirected,
  type RequestReason,
  type ResponseReason,
  ServerStatus,
  Timeout,
  Transport,
  Unauthorized,
  UnexpectedShape,
  Unprocessable,
} from "../base/errors.ts";
import { formatIssue, type Issue, scrubPath } from "../base/issue.ts";
import { cutBytes, keptBodyBytes } from "./body.ts";
import { type Answer, type CallError, type Exchange, scrubOf } from "./exchange.ts";
import { retryAfterOf } from "./retryAfter.ts";
import { type Scrub, seenBytes, startOf } from "./scrub.ts";

type Fields = Partial<
  Pick<
    MetricsApiRequestError,
    "status" | "requestId" | "body" | "detail" | "details" | "code" | "retryAfter" | "retryable"
  >
>;

/** `Duration.format` would cost a browser 0.6 kB. */
export const inSeconds = (duration: Duration.Duration): string =>
  `${Duration.toMillis(duration) / 1000}s`;

const common = (exchange: Exchange, scrub: Scrub) => ({
  operation: exchange.operation.name,
  method: exchange.operation.method,
  url: scrub(exchange.url),
  attempts: exchange.attempts,
  ...(exchange.idempotencyKey && { idempotencyKey: exchange.idempotencyKey }),
});

export const requestError = (
  exchange: Exchange,
  reason: RequestReason,
  fields: Fields = {},
): MetricsApiRequestError =>
  new MetricsApiRequestError({
    ...common(exchange, scrubOf(exchange)),
    retryable: false,
    ...fields,
    reason,
  });

/** A failure that passes and is the last one all the same. */
export const notRetried = (
  error: CallError,
  why: NonNullable<MetricsApiRequestError["notRetried"]>,
): CallError =>
  error._tag === "MetricsApiRequestError"
    ? new MetricsApiRequestError({ ...error, notRetried: why })
    : error;

// -----------------------------------------------------------------------------
// What passes
// -----------------------------------------------------------------------------

const inProgress = "idempotency_key_in_progress";

/** An earlier attempt of this very request is still at work. */
export const isInProgress = (error: CallError): boolean =>
  error._tag === "MetricsApiRequestError" && error.code === inProgress;

const isTransientStatus = (status: number): boolean =>
  status >= 500 || status === 408 || status === 425 || status === 429;

/** May another attempt do better? What is in progress is waited for in another way. */
export const isTransient = (error: CallError): boolean =>
  error._tag === "MetricsApiResponseError"
    ? error.reason._tag === "InvalidJson"
    : error.retryable &&
      error.notRetried === undefined &&
      !isInProgress(error) &&
      // After the deadline of the call there is no other attempt.
      !(error.reason._tag === "Timeout" && error.reason.limit === "deadline");

/** A page of the edge in front of the service, which may come with any status. */
const isEdgePage = (body: string): boolean =>
  body.startsWith("error code: 1") ||
  body.includes("cloudflare-1xxx-errors") ||
  body.includes("cf-error-code");

// -----------------------------------------------------------------------------
// No answer
// -----------------------------------------------------------------------------

export const invalidReason = ({ path, expected }: Issue): InvalidRequest =>
  new InvalidRequest({
    path,
    expected,
    message: `invalid request, nothing was sent: ${formatIssue({ path, expected })}`,
  });

export const invalidRequest = (exchange: Exchange, { path, expected }: Issue) =>
  // It may name a field of the input's.
  requestError(exchange, invalidReason({ path: scrubPath(path, scrubOf(exchange)), expected }));

export const timedOut = (
  exchange: Exchange,
  limit: Timeout["limit"],
  duration: Duration.Duration,
  more = "",
) => {
  const elapsed = Duration.millis(exchange.now() - exchange.startedAt);
  return requestError(
    exchange,
    new Timeout({
      limit,
      duration,
      elapsed,
      message:
        limit === "deadline"
          ? `the deadline of ${inSeconds(duration)} ended the call after ${inSeconds(elapsed)}`
          : `no whole answer within ${inSeconds(duration)}${more}`,
    }),
    { retryable: true },
  );
};

/** The messages down a chain of causes, each said once, and the first code on the way. */
export const explain = (
  error: unknown,
): { readonly text: string; readonly code: string | undefined } => {
  const texts: Array<string> = [];
  let code: string | undefined;
  let at = error;
  for (let depth = 0; depth < 8 && Predicate.isObject(at); depth++) {
    const { message, name, code: ofThis, cause, errors } = at as Record<string, unknown>;
    if (typeof message === "string" && message !== "" && !texts.includes(message)) {
      texts.push(message);
    }
    // The web's own errors have a number there, and the word for it is their name.
    const word = typeof ofThis === "number" ? name : ofThis;
    if (typeof word === "string") code ??= word;
    at = cause ?? (Array.isArray(errors) ? errors[0] : undefined);
  }
  if (typeof at === "string") texts.push(at);
  return { text: texts.join(": "), code };
};

const transport = (exchange: Exchange, message: string, code?: string) =>
  requestError(exchange, new Transport({ message, ...(code && { code }) }), {
    retryable: true,
  });

/** The request or its answer broke on the way. Only words are kept of the cause, whose objects hold the request and its headers. */
export const broken = (exchange: Exchange, { reason }: HttpClientError) => {
  if (reason._tag === "InvalidUrlError") {
    return invalidRequest(exchange, { path: ["host"], expected: "a URL" });
  }
  const { text, code } = explain(reason.cause);
  const what = "response" in reason ? "the answer broke off" : "the service could not be reached";
  const why = scrubOf(exchange)([reason.description, text].filter(Boolean).join(": "));
  // UND_ERR_…_TIMEOUT, whatever undici waited for, ETIMEDOUT, TimeoutError: which limit a silent host meets is chance.
  if (/timed?out/i.test(code ?? "")) {
    const took = Duration.millis(exchange.now() - exchange.attemptedAt);
    return timedOut(exchange, "transport", took, `, when the transport gave up: ${why}`);
  }
  return transport(exchange, why === "" ? what : `${what}: ${why}`, code);
};

/** A 2xx answer that is JSON and no answer to what was asked: cut or rewritten on the way. */
export const garbled = (exchange: Exchange) =>
  transport(exchange, "the answer was garbled: it is no reply to what was sent");

/** A stream that did not come to its end. */
export const cutShort = (exchange: Exchange) =>
  transport(exchange, "the stream was cut short: it did not come to its end");

// -----------------------------------------------------------------------------
// An answer
// -----------------------------------------------------------------------------

const quote = (exchange: Exchange, text: string, scrub: Scrub): string => {
  if (exchange.operation.secret === true) return "<redacted>";
  const shown = text.length <= seenBytes ? scrub(text) : startOf(scrub, text);
  return cutBytes(new TextEncoder().encode(shown), keptBodyBytes);
};

/** The longest message, name or header that is taken from an answer, in characters. */
const maxWords = 1000;

/** Cut after the keys are, or half of one could be left; and not between the halves of a surrogate pair. */
export const words = (scrub: Scrub, text: string): string =>
  scrub(text)
    .slice(0, maxWords)
    .replace(/[\ud800-\udbff]$/, "");

export const requestIdOf = (headers: Headers.Headers): string | undefined =>
  headers["x-request-id"] ?? headers["request-id"];

export const known = (exchange: Exchange, answer: Answer, scrub: Scrub) => {
  const requestId = requestIdOf(answer.headers);
  return {
    status: answer.status,
    ...(requestId && { requestId: words(scrub, requestId) }),
    ...(answer.text && { body: quote(exchange, answer.text, scrub) }),
  };
};

/** The status alone decides; the body only adds words. */
export const reasonOf = (
  status: number,
  say: (name: string) => string,
  retryAfter: { readonly retryAfter?: Duration.Duration },
): RequestReason => {
  switch (status) {
    case 401:
      return new Unauthorized({ message: say("Unauthorized") });
    case 403:
      return new Forbidden({ message: say("Forbidden") });
    case 404:
      return new NotFound({ message: say("Not Found") });
    case 409:
      return new Conflict({ message: say("Conflict") });
    case 422:
      return new Unprocessable({ message: say("Unprocessable Content") });
    case 429:
      return new RateLimited({ message: say("Too Many Requests"), ...retryAfter });
    default:
      return status >= 500
        ? new ServerStatus({ message: say("from the service"), status })
        : new ClientStatus({ message: say("from the service"), status });
  }
};

const originOf = (location: string | undefined, base: string): string | undefined => {
  if (location === undefined) return undefined;
  try {
    const { origin } = new URL(location, base);
    // So the origin of what is no place on the web is spelt.
    return origin === "null" ? undefined : origin;
  } catch {
    return undefined;
  }
};

/** Of an answer that may hold a key only what cannot be one is told. What the client acts upon is told as it is. */
export const codeOf = (
  code: string | undefined,
  secret: boolean,
  scrub: Scrub,
): string | undefined => {
  if (code === undefined || code === inProgress) return code;
  return secret && !/^[a-z]+(?:_[a-z]+)+$/.test(code) ? undefined : words(scrub, code);
};

/** Any answer that is not 2xx. */
export const refused = (exchange: Exchange, answer: Answer) => {
  const scrub = scrubOf(exchange);
  const fields = known(exchange, answer, scrub);
  const { status } = answer;
  // A browser hides a redirect that is not followed behind the status 0.
  if (status === 0 || (status >= 300 && status < 400)) {
    const found = originOf(answer.headers["location"], exchange.url);
    const origin = found === undefined ? undefined : words(scrub, found);
    const to = origin === undefined ? "elsewhere" : `to ${origin}`;
    return requestError(
      exchange,
      new Redirected({
        message: `${status || "a"} redirect ${to}, which is not followed`,
        ...(origin && { origin }),
      }),
      fields,
    );
  }
  const { generation, secret } = exchange.operation;
  // Keys go before anything is cut off, or half of one could be left.
  const { message } = generation.readFailure(scrub(answer.text));
  const detail = secret === true || message === undefined ? undefined : words(scrub, message);
  const code = codeOf(generation.readFailure(answer.text).code, secret === true, scrub);
  const wait = retryAfterOf(answer.headers, exchange.now());
  const retryAfter = wait === undefined ? {} : { retryAfter: wait };
  const say = (name: string) =>
    `${status} ${name}` +
    (detail === undefined ? "" : `: ${detail}`) +
    (wait === undefined ? "" : ` (retry after ${inSeconds(wait)})`);
  const edge = isEdgePage(answer.text);
  const reason = edge
    ? new ServerStatus({ message: say("from the edge in front of the service"), status })
    : reasonOf(status, say, retryAfter);
  return requestError(exchange, reason, {
    ...fields,
    ...retryAfter,
    ...(detail && { detail }),
    ...(code && { code }),
    retryable: edge || isTransientStatus(status) || (status === 409 && code === inProgress),
  });
};

const responseError = (
  exchange: Exchange,
  answer: Answer,
  issue: Issue,
  reason: ResponseReason,
): MetricsApiResponseError => {
  const scrub = scrubOf(exchange);
  return new MetricsApiResponseError({
    ...common(exchange, scrub),
    ...known(exchange, answer, scrub),
    ...issue,
    reason,
  });
};

export const notJson = (exchange: Exchange, answer: Answer) =>
  responseError(
    exchange,
    answer,
    { path: [], expected: "JSON" },
    new InvalidJson({
      message: `the ${answer.status} answer is not JSON but ${words(scrubOf(exchange), answer.headers["content-type"] ?? "of no content type")}`,
    }),
  );

export const misshapen = (exchange: Exchange, answer: Answer, { path: place, expected }: Issue) => {
  const issue = { path: scrubPath(place, scrubOf(exchange)), expected };
  return responseError(
    exchange,
    answer,
    issue,
    new UnexpectedShape({
      message: `the ${answer.status} answer is not what the contract says: ${formatIssue(issue)}`,
    }),
  );
};

export const tooLarge = (exchange: Exchange, answer: Answer) => {
  const limit = exchange.maxResponseBytes;
  return responseError(
    exchange,
    answer,
    { path: [], expected: `at most ${limit} bytes` },
    new BodyTooLarge({ limit, message: `the answer is larger than ${limit} bytes` }),
  );
};
