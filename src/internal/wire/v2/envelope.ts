/**
 * Events travel in envelopes, up to 1,000 in one request, and each is answered by itself.
 */
import * as Predicate from "effect/Predicate";
import type * as Schema from "effect/Schema";

/** How many events one request takes. */
export const maxEvents = 1000;

/** An event as it is sent. */
export interface Envelope {
  /** Tells it from all others; what is sent again keeps it. */
  readonly messageId: string;
  readonly event: string;
  readonly data: unknown;
}

/** What one event was answered. */
export interface Answered {
  readonly event: unknown;
  readonly data: unknown;
}

const isReplyTo = (json: unknown, messageId: string): json is Answered =>
  Predicate.isObject(json) &&
  Predicate.hasProperty(json, "correlationId") &&
  json.correlationId === messageId;

/** A line of a stream: a reply to the one event that asked for it, or nothing of the kind. */
export const readReply = (json: unknown, messageId: string): Answered | undefined =>
  isReplyTo(json, messageId) ? json : undefined;

/** The replies to these events, in their order, or nothing of the kind. */
export const readReplies = (
  json: unknown,
  messageIds: ReadonlyArray<string>,
): ReadonlyArray<Answered> | undefined =>
  Array.isArray(json) &&
  json.length === messageIds.length &&
  messageIds.every((messageId, i) => isReplyTo(json[i], messageId))
    ? json
    : undefined;

/** The event that answers one that was refused. */
export const errorEvent = "syvain.v2.error";

/** Why an event was refused. */
export interface Refusal {
  readonly code: string;
  readonly message: string;
  /** As an HTTP answer would have it. */
  readonly status: number | undefined;
  readonly retryable: boolean;
  readonly details: { readonly [key: string]: Schema.Json } | undefined;
  /** How long to wait before it is sent again, in milliseconds. */
  readonly retryAfterMs: number | undefined;
}

const isJsonObject = (value: unknown): value is { readonly [key: string]: Schema.Json } =>
  Predicate.isObject(value);

/** Of the `data` of an {@link errorEvent}. Only `true` itself is `retryable`. */
export const readRefusal = (data: object): Refusal => {
  const { code, message, status, retryable, details, retryAfterMs } = data as Record<
    string,
    unknown
  >;
  const isStatus = Number.isInteger(status) && Number(status) >= 400 && Number(status) < 600;
  return {
    code: typeof code === "string" ? code : "error",
    message: typeof message === "string" ? message : "",
    status: isStatus ? Number(status) : undefined,
    retryable: retryable === true,
    details: isJsonObject(details) ? details : undefined,
    retryAfterMs: Number.isFinite(retryAfterMs) ? Math.max(0, Number(retryAfterMs)) : undefined,
  };
};
