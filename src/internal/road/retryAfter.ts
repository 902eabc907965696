import * as Duration from "effect/Duration";
import * as Headers from "effect/http/Headers";
import * as Result from "effect/Result";

/** A wait longer than this ends the retries, in milliseconds. */
export const maxRetryAfter = 60_000;

/** The wait that an answer asks for: `retry-after-ms`, else `Retry-After` in seconds or as an HTTP date (RFC 9110 10.2.3). */
export const retryAfterOf = (
  headers: Headers.Headers,
  nowMillis: number,
): Duration.Duration | undefined => {
  const millis = headers["retry-after-ms"];
  if (millis !== undefined && /^\d+(?:\.\d+)?$/.test(millis.trim())) {
    return Duration.millis(Number(millis));
  }
  const value = headers["retry-after"];
  if (value === undefined) return undefined;
  const parsed = Headers.parseRetryAfter(value);
  return Result.isSuccess(parsed) ? Headers.retryAfterDelay(parsed.success, nowMillis) : undefined;
};
