/**
 * One logical request under way: what is known of it, and how its failures are told.
 */
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import type * as Headers from "effect/http/Headers";
import type { HttpClientError } from "effect/http/HttpClientError";
import * as Predicate from "effect/Predicate";
import * as Redacted from "effect/Redacted";
import type * as Tracer from "effect/Tracer";
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
  Redirected,
  RateLimited,
  type RequestReason,
  type ResponseReason,
  ServerStatus,
  Timeout,
  Transport,
  Unauthorized,
  UnexpectedShape,
  Unprocessable,
} from "../../MetricsApiError.ts";
import type { Operation } from "../contract/operation.ts";
import { cutBytes, keptBodyBytes } from "./body.ts";
import { detailOf } from "./detail.ts";
import { formatIssue, type Issue } from "./issue.ts";
import type { Happening, Observer } from "./observer.ts";
import { retryAfterOf } from "./retryAfter.ts";
import { makeScrub, type Scrub, seenBytes, startOf } from "./scrub.ts";

/** What came back, read to the end. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers.Headers;
  readonly text: string;
  readonly complete: boolean;
}

export interface Exchange {
  readonly operation: Operation;
  /** Without the query; of the template when the ids are no good. */
  readonly url: string;
  /** In epoch milliseconds, by the clock in force when the call began. */
  readonly now: () => number;
  readonly startedAt: number;
  /** The API key and the other keys this request has carried, to be cut out of whatever an error quotes. */
  readonly keys: [apiKey: Redacted.Redacted, ...others: Array<Redacted.Redacted>];
  idempotencyKey: string | undefined;
  /** The largest body of a success that is read, in bytes. */
  readonly maxResponseBytes: number;
  attempts: number;
  retries: number;
  /** The waits before the retries so far, in milliseconds. */
  retryDelay: number;
  /** The status of the last answer. */
  status: number | undefined;
  readonly span: Tracer.Span | Pick<Tracer.Span, "attribute" | "event">;
  readonly observers: ReadonlyArray<Observer>;
}

/** Costs nothing while nobody watches. */
export const tell = (exchange: Exchange, happening: Happening): Effect.Effect<void> =>
  exchange.observers.reduce(
    (told, observer) => Effect.andThen(told, observer(happening, exchange)),
    Effect.void,
  );

type Fields = Partial<
  Pick<MetricsApiRequestError, "status" | "requestId" | "body" | "detail" | "retryAfter">
>;

/** `Duration.format` would cost a browser 0.6 kB. */
export const inSeconds = (duration: Duration.Duration): string =>
  `${Duration.toMillis(duration) / 1000}s`;

export const scrubOf = (exchange: Exchange): Scrub => makeScrub(exchange.keys.map(Redacted.value));

const common = (exchange: Exchange, scrub: Scrub) => ({
  operation: exchange.operation.name,
  method: exchange.operation.method,
  url: scrub(exchange.url),
  attempts: exchange.attempts,
  ...(exchange.idempotencyKey === undefined ? {} : { idempotencyKey: exchange.idempotencyKey }),
});

export const requestError = (
  exchange: Exchange,
  reason: RequestReason,
  fields: Fields = {},
): MetricsApiRequestError =>
  new MetricsApiRequestError({ ...common(exchange, scrubOf(exchange)), ...fields, reason });

/** A transient failure that is the last one all the same. */
export const notRetried = (
  error: MetricsApiRequestError,
  why: NonNullable<MetricsApiRequestError["notRetried"]>,
): MetricsApiRequestError => new MetricsApiRequestError({ ...error, notRetried: why });

// -----------------------------------------------------------------------------
// No answer
// -----------------------------------------------------------------------------

export const invalidRequest = (exchange: Exchange, { path: place, expected }: Issue) => {
  // It may name a field of the input's.
  const scrub = scrubOf(exchange);
  const path = place.map((key) => (typeof key === "string" ? scrub(key) : key));
  return requestError(
    exchange,
    new InvalidRequest({
      path,
      expected,
      message: `invalid request, nothing was sent: ${formatIssue({ path, expected })}`,
    }),
  );
};

export const timedOut = (
  exchange: Exchange,
  limit: Timeout["limit"],
  duration: Duration.Duration,
) => {
  const elapsed = Duration.millis(exchange.now() - exchange.startedAt);
  return requestError(
    exchange,
    new Timeout({
      limit,
      duration,
      elapsed,
      message:
        limit === "attempt"
          ? `no whole answer within ${inSeconds(duration)}`
          : `the deadline of ${inSeconds(duration)} ended the call after ${inSeconds(elapsed)}`,
    }),
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
    const { message, code: ofThis, cause, errors } = at as Record<string, unknown>;
    if (typeof message === "string" && message !== "" && !texts.includes(message)) {
      texts.push(message);
    }
    if (code === undefined && typeof ofThis === "string") code = ofThis;
    at = cause ?? (Array.isArray(errors) ? errors[0] : undefined);
  }
  if (typeof at === "string") texts.push(at);
  return { text: texts.join(": "), code };
};

/** The request or its answer broke on the way. Only words are kept of the cause, whose objects hold the request and its headers. */
export const broken = (exchange: Exchange, { reason }: HttpClientError) => {
  if (reason._tag === "InvalidUrlError") {
    return invalidRequest(exchange, { path: ["host"], expected: "a URL" });
  }
  const { text, code } = explain(reason.cause);
  const what = "response" in reason ? "the answer broke off" : "the service could not be reached";
  const why = scrubOf(exchange)([reason.description, text].filter(Boolean).join(": "));
  return requestError(
    exchange,
    new Transport({
      message: why === "" ? what : `${what}: ${why}`,
      ...(code === undefined ? {} : { code }),
    }),
  );
};

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
const words = (scrub: Scrub, text: string): string =>
  scrub(text)
    .slice(0, maxWords)
    .replace(/[\ud800-\udbff]$/, "");

export const requestIdOf = (headers: Headers.Headers): string | undefined =>
  headers["x-request-id"] ?? headers["request-id"];

const told = (exchange: Exchange, answer: Answer, scrub: Scrub) => {
  const requestId = requestIdOf(answer.headers);
  return {
    status: answer.status,
    ...(requestId === undefined ? {} : { requestId: words(scrub, requestId) }),
    ...(answer.text === "" ? {} : { body: quote(exchange, answer.text, scrub) }),
  };
};

/** The status alone decides; the body only adds words. */
const reasonOf = (
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

/** Any answer that is not 2xx. */
export const refused = (exchange: Exchange, answer: Answer) => {
  const scrub = scrubOf(exchange);
  const fields = told(exchange, answer, scrub);
  // A browser hides a redirect that is not followed behind the status 0.
  if (answer.status === 0 || (answer.status >= 300 && answer.status < 400)) {
    const found = originOf(answer.headers["location"], exchange.url);
    const origin = found === undefined ? undefined : words(scrub, found);
    const to = origin === undefined ? "elsewhere" : `to ${origin}`;
    return requestError(
      exchange,
      new Redirected({
        message: `${answer.status || "a"} redirect ${to}, which is not followed`,
        ...(origin === undefined ? {} : { origin }),
      }),
      fields,
    );
  }
  const found = exchange.operation.secret === true ? undefined : detailOf(answer.text);
  const detail = found === undefined ? undefined : words(scrub, found);
  const wait = retryAfterOf(answer.headers, exchange.now());
  const retryAfter = wait === undefined ? {} : { retryAfter: wait };
  const say = (name: string) =>
    `${answer.status} ${name}` +
    (detail === undefined ? "" : `: ${detail}`) +
    (wait === undefined ? "" : ` (retry after ${inSeconds(wait)})`);
  return requestError(exchange, reasonOf(answer.status, say, retryAfter), {
    ...fields,
    ...retryAfter,
    ...(detail === undefined ? {} : { detail }),
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
    ...told(exchange, answer, scrub),
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

export const misshapen = (exchange: Exchange, answer: Answer, issue: Issue) =>
  responseError(
    exchange,
    answer,
    issue,
    new UnexpectedShape({
      message: `the ${answer.status} answer is not what the contract says: ${formatIssue(issue)}`,
    }),
  );

export const tooLarge = (exchange: Exchange, answer: Answer) => {
  const limit = exchange.maxResponseBytes;
  return responseError(
    exchange,
    answer,
    { path: [], expected: `at most ${limit} bytes` },
    new BodyTooLarge({ limit, message: `the answer is larger than ${limit} bytes` }),
  );
};
