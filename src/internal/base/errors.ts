/**
 * The three ways a call fails, each a tagged error with a tagged `reason`.
 *
 * - `MetricsApiRequestError`: the API answered with an HTTP error, could not be reached, or was never asked because the input was invalid.
 * - `MetricsApiResponseError`: the API answered 2xx with something that is not what the contract says.
 * - `MetricsApiAuthError`: credentials are missing, unreadable, malformed, or bound to another host.
 *
 * All three are yieldable, catchable with `Effect.catchTag` and `Effect.catchReason`, and JSON-serialisable. None ever holds a key.
 */
import * as Duration from "effect/Duration";
import * as Schema from "effect/Schema";
import * as SchemaTransformation from "effect/SchemaTransformation";

// -----------------------------------------------------------------------------
// Reasons of a request error
// -----------------------------------------------------------------------------

const message = Schema.String;
const mayBeText = Schema.optionalKey(Schema.String);
const path = Schema.Array(Schema.Union([Schema.String, Schema.Number]));
/** In JSON it is milliseconds, or `"Infinity"`. `Schema.Duration` would cost a browser 0.3 kB. */
const Delay = Schema.declare(Duration.isDuration, {
  expected: "Duration",
  toCodecJson: () =>
    Schema.link<Duration.Duration>()(
      Schema.Union([Schema.Finite, Schema.Literal("Infinity")]),
      SchemaTransformation.transform({
        decode: (millis) => Duration.millis(Number(millis)),
        encode: (duration) => {
          const millis = Duration.toMillis(duration);
          return Number.isFinite(millis) ? millis : "Infinity";
        },
      }),
    ),
});
const retryAfter = Schema.optionalKey(Delay);

/**
 * The input was refused before anything was sent. `path` leads to the bad place in the arguments, `expected` says what belongs there.
 *
 * @category request reasons
 */
export class InvalidRequest extends Schema.TaggedError<InvalidRequest>()("InvalidRequest", {
  message,
  path,
  expected: Schema.String,
}) {}

/**
 * 401: the service does not know the key.
 *
 * @category request reasons
 */
export class Unauthorized extends Schema.TaggedError<Unauthorized>()("Unauthorized", { message }) {}

/**
 * 403: the service knows the key, which may not do this.
 *
 * @category request reasons
 */
export class Forbidden extends Schema.TaggedError<Forbidden>()("Forbidden", { message }) {}

/**
 * 404: there is no such thing, or not for this key.
 *
 * @category request reasons
 */
export class NotFound extends Schema.TaggedError<NotFound>()("NotFound", { message }) {}

/**
 * 409: it clashes with what is stored, as a folder does whose name a sibling has. `code` on the error says with what.
 *
 * @category request reasons
 */
export class Conflict extends Schema.TaggedError<Conflict>()("Conflict", { message }) {}

/**
 * 422: the service understood the request and refused its content.
 *
 * @category request reasons
 */
export class Unprocessable extends Schema.TaggedError<Unprocessable>()("Unprocessable", {
  message,
}) {}

/**
 * 429: too many requests. `retryAfter` is the delay the service asked for, when it named one.
 *
 * @category request reasons
 */
export class RateLimited extends Schema.TaggedError<RateLimited>()("RateLimited", {
  message,
  retryAfter,
}) {}

/**
 * Any other 4xx.
 *
 * @category request reasons
 */
export class ClientStatus extends Schema.TaggedError<ClientStatus>()("ClientStatus", {
  message,
  status: Schema.Int,
}) {}

/**
 * 5xx: the service failed. An error page of the edge in front of it (its error codes 1000 and up) is told so, too, whatever its status.
 *
 * @category request reasons
 */
export class ServerStatus extends Schema.TaggedError<ServerStatus>()("ServerStatus", {
  message,
  status: Schema.Int,
}) {}

/**
 * 3xx: redirects are never followed, since a key goes only to the host it belongs to.
 *
 * @category request reasons
 */
export class Redirected extends Schema.TaggedError<Redirected>()("Redirected", {
  message,
  /** The origin that the answer pointed to. Browsers do not tell. */
  origin: mayBeText,
}) {}

/**
 * No whole answer came in time: within the timeout of one attempt, within the `deadline` over all attempts and waits,
 * or within a limit that the transport has of its own, such as the 5 minutes of Node's `fetch`.
 *
 * @category request reasons
 */
export class Timeout extends Schema.TaggedError<Timeout>()("Timeout", {
  message,
  limit: Schema.Literals(["attempt", "deadline", "transport"]),
  /** The limit that was hit. A transport does not tell its own: then it is how long the attempt took. */
  duration: Delay,
  /** The time spent on the whole call, all attempts and waits. */
  elapsed: Delay,
}) {}

/**
 * The service could not be reached, or the connection broke before the whole answer was read.
 *
 * @category request reasons
 */
export class Transport extends Schema.TaggedError<Transport>()("Transport", {
  message,
  /** The system's or the HTTP library's code, such as `ECONNREFUSED`. */
  code: mayBeText,
}) {}

/**
 * Why a request failed.
 *
 * @category request reasons
 */
export type RequestReason =
  | InvalidRequest
  | Unauthorized
  | Forbidden
  | NotFound
  | Conflict
  | Unprocessable
  | RateLimited
  | ClientStatus
  | ServerStatus
  | Redirected
  | Timeout
  | Transport;

const RequestReason = Schema.Union([
  InvalidRequest,
  Unauthorized,
  Forbidden,
  NotFound,
  Conflict,
  Unprocessable,
  RateLimited,
  ClientStatus,
  ServerStatus,
  Redirected,
  Timeout,
  Transport,
]);

// -----------------------------------------------------------------------------
// Reasons of a response error
// -----------------------------------------------------------------------------

/**
 * The body is not JSON.
 *
 * @category response reasons
 */
export class InvalidJson extends Schema.TaggedError<InvalidJson>()("InvalidJson", { message }) {}

/**
 * The body is JSON of another shape than the contract says: a required field is missing or ill-typed.
 *
 * @category response reasons
 */
export class UnexpectedShape extends Schema.TaggedError<UnexpectedShape>()("UnexpectedShape", {
  message,
}) {}

/**
 * The body is larger than the client accepts.
 *
 * @category response reasons
 */
export class BodyTooLarge extends Schema.TaggedError<BodyTooLarge>()("BodyTooLarge", {
  message,
  /** The largest body accepted, in bytes. */
  limit: Schema.Int,
}) {}

/**
 * Why an answer could not be used.
 *
 * @category response reasons
 */
export type ResponseReason = InvalidJson | UnexpectedShape | BodyTooLarge;

const ResponseReason = Schema.Union([InvalidJson, UnexpectedShape, BodyTooLarge]);

// -----------------------------------------------------------------------------
// Reasons of an auth error
// -----------------------------------------------------------------------------

/**
 * No API key anywhere it was looked for.
 *
 * @category auth reasons
 */
export class MissingCredentials extends Schema.TaggedError<MissingCredentials>()(
  "MissingCredentials",
  { message },
) {}

/**
 * The saved login is missing, unreadable, writable by every user of the machine (`insecure`), or ill-formed or without a key (`malformed`).
 *
 * @category auth reasons
 */
export class UnusableLogin extends Schema.TaggedError<UnusableLogin>()("UnusableLogin", {
  message,
  problem: Schema.Literals(["missing", "unreadable", "insecure", "malformed"]),
  /** The file, `auth.json`. */
  path: Schema.String,
}) {}

/**
 * The API key is not one: empty, or not visible ASCII.
 *
 * @category auth reasons
 */
export class InvalidKey extends Schema.TaggedError<InvalidKey>()("InvalidKey", { message }) {}

/**
 * The host is not an absolute `https:` URL (or `http:` on loopback).
 *
 * @category auth reasons
 */
export class InvalidHost extends Schema.TaggedError<InvalidHost>()("InvalidHost", { message }) {}

/**
 * The saved login's key was asked to go to another host than the one it was saved for.
 *
 * @category auth reasons
 */
export class HostMismatch extends Schema.TaggedError<HostMismatch>()("HostMismatch", {
  message,
  /** The host that was asked for. */
  host: Schema.String,
  /** The host the key was saved for. */
  pairedHost: Schema.String,
}) {}

/**
 * An option is not what it must be, as a timeout that is no positive duration.
 *
 * @category auth reasons
 */
export class InvalidSetting extends Schema.TaggedError<InvalidSetting>()("InvalidSetting", {
  message,
  /** The option or the environment variable. */
  setting: Schema.String,
}) {}

/**
 * Why there are no usable credentials.
 *
 * @category auth reasons
 */
export type AuthReason =
  | MissingCredentials
  | UnusableLogin
  | InvalidKey
  | InvalidHost
  | HostMismatch
  | InvalidSetting;

const AuthReason = Schema.Union([
  MissingCredentials,
  UnusableLogin,
  InvalidKey,
  InvalidHost,
  HostMismatch,
  InvalidSetting,
]);

// -----------------------------------------------------------------------------
// Errors
// -----------------------------------------------------------------------------

/** What is known of the exchange, on both errors that have one. */
const exchange = {
  /** The public name of the call: `"Experiments.create"`. */
  operation: Schema.String,
  method: Schema.Literals(["GET", "POST", "PATCH", "DELETE"]),
  /** Scheme, host and path. Query values are left out. */
  url: Schema.String,
  /** Of the answer, when there was one. */
  status: Schema.optionalKey(Schema.Int),
  /** `X-Request-Id` or `Request-Id` of the answer: what support asks for. */
  requestId: mayBeText,
  /** At most 16 KiB of the answer's body, keys cut out. */
  body: mayBeText,
  /** How many requests were sent; 0 when none was. */
  attempts: Schema.Int,
  /** The `Idempotency-Key` that all attempts carried. */
  idempotencyKey: mayBeText,
  /** From `Metrics.ingestAll`: how many events, from the start of its input, are stored, or left out as `onInvalid: "collect"` asks. Go on from there. */
  acknowledged: Schema.optionalKey(Schema.Int),
};

const whyNotRetried = {
  budget: "the retry budget of the client is used up",
  retryAfter: "the service asked for too long a wait",
};

/** What failed, why, and what is known of the exchange. */
const sentence = (self: {
  readonly operation: string;
  readonly reason: { readonly message: string };
  readonly method: string;
  readonly url: string;
  readonly requestId?: string;
  readonly attempts: number;
  readonly notRetried?: keyof typeof whyNotRetried;
}): string =>
  `${self.operation}: ${self.reason.message} (${self.method} ${self.url}` +
  (self.requestId ? `, request id ${self.requestId}` : "") +
  (self.attempts > 1 ? `, ${self.attempts} attempts` : "") +
  (self.notRetried ? `, not tried again: ${whyNotRetried[self.notRetried]}` : "") +
  ")";

/**
 * The API answered with an HTTP error, could not be reached, or was never asked because the input was invalid.
 *
 * **Details**
 *
 * `reason` says which; the status alone decides it, the body only adds words. `detail` is the service's own message, `code` its
 * error code, `retryAfter` the delay it asked for.
 *
 * @category errors
 */
export class MetricsApiRequestError extends Schema.TaggedError<MetricsApiRequestError>()(
  "MetricsApiRequestError",
  {
    ...exchange,
    detail: mayBeText,
    retryAfter,
    /** The service's error code, such as `"idempotency_key_in_progress"`. */
    code: mayBeText,
    /** Whether the same call may do better later: a failure that passes, such as a timeout, a 429 or a 503. */
    retryable: Schema.Boolean,
    /** More of it, from API v2, such as the `folderId` of the folder that is there already. */
    details: Schema.optionalKey(Schema.Json),
    /** Why a failure that passes was not tried again, where the schedule would have done so: `RetryBudget`, or a `Retry-After` above 60 seconds. */
    notRetried: Schema.optionalKey(Schema.Literals(["budget", "retryAfter"])),
    reason: RequestReason,
  },
) {
  override get message(): string {
    return sentence(this);
  }
}

/**
 * A 2xx answer that is not what the contract says. `path` leads to the bad place inside the JSON, `expected` says what belongs there.
 *
 * @category errors
 */
export class MetricsApiResponseError extends Schema.TaggedError<MetricsApiResponseError>()(
  "MetricsApiResponseError",
  { ...exchange, path, expected: Schema.String, reason: ResponseReason },
) {
  override get message(): string {
    return sentence(this);
  }
}

/**
 * Credentials were asked for but are missing, unreadable, malformed, or bound to another host.
 *
 * @category errors
 */
export class MetricsApiAuthError extends Schema.TaggedError<MetricsApiAuthError>()(
  "MetricsApiAuthError",
  { reason: AuthReason },
) {
  override get message(): string {
    return this.reason.message;
  }
}

/**
 * Every way a call fails.
 *
 * @category errors
 */
export type MetricsApiError =
  | MetricsApiRequestError
  | MetricsApiResponseError
  | MetricsApiAuthError;

/**
 * The schema of {@link MetricsApiError}, to send a failure elsewhere and read it there.
 *
 * @category errors
 */
export const MetricsApiError = Schema.Union([
  MetricsApiRequestError,
  MetricsApiResponseError,
  MetricsApiAuthError,
]);

/**
 * Is this one of the three errors of this library?
 *
 * @example
 * ```ts
 * import { MetricsApiError } from "syvain-metrics-effect";
 *
 * const messageOf = (error: unknown) =>
 *   MetricsApiError.isMetricsApiError(error) ? error.message : String(error);
 * ```
 *
 * @category guards
 */
export const isMetricsApiError = (u: unknown): u is MetricsApiError =>
  u instanceof MetricsApiRequestError ||
  u instanceof MetricsApiResponseError ||
  u instanceof MetricsApiAuthError;
