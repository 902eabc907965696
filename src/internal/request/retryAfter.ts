import * as Duration from "effect/Duration";
import type * as Headers from "effect/http/Headers";

/** A wait longer than this ends the retries, in milliseconds. */
export const maxRetryAfter = 60_000;

/**
 * The wait that an answer asks for: `retry-after-ms`, else `Retry-After` in seconds or as an HTTP date (RFC 9110 10.2.3), in any of the
 * three spellings of RFC 9110 5.6.7, of which the oldest leaves out that it is GMT. `Headers.parseRetryAfter` would cost a browser 0.5 kB.
 */
export const retryAfterOf = (
  headers: Headers.Headers,
  nowMillis: number,
): Duration.Duration | undefined => {
  const number = /^\d+(?:\.\d+)?$/;
  const millis = headers["retry-after-ms"]?.trim();
  if (millis !== undefined && number.test(millis)) return Duration.millis(Number(millis));
  const value = headers["retry-after"]?.trim();
  if (value === undefined) return undefined;
  if (number.test(value)) return Duration.seconds(Number(value));
  if (!/^[A-Z][a-z]{2}/.test(value)) return undefined;
  const at = Date.parse(value.endsWith("GMT") ? value : `${value} GMT`);
  return Number.isNaN(at) ? undefined : Duration.millis(Math.max(0, at - nowMillis));
};
