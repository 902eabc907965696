import * as Duration from "effect/Duration";
import * as Predicate from "effect/Predicate";
import * as Result from "effect/Result";
import { MetricsApiRequestError } from "../base/errors.ts";
import { keptBodyBytes } from "../request/body.ts";
import { type Answer, type CallError, type Exchange, scrubOf } from "../request/exchange.ts";
import {
  codeOf,
  inSeconds,
  known,
  misshapen,
  reasonOf,
  requestError,
  words,
} from "../request/failures.ts";
import type { Scrub } from "../request/scrub.ts";
import type { Metadata } from "../wire/schema.ts";
import { type Answered, errorEvent, readRefusal, type Refusal } from "../wire/v2/envelope.ts";

/** Without keys in it. What is too large to be kept, or nested too deep to be written, is left out. */
const scrubbed = (details: Metadata, scrub: Scrub): Metadata | undefined => {
  try {
    const text = JSON.stringify(details);
    return text.length > keptBodyBytes
      ? undefined
      : JSON.parse(text, (_, value: unknown) =>
          Predicate.isString(value)
            ? scrub(value)
            : Predicate.isObject(value)
              ? Object.fromEntries(Object.entries(value).map(([key, one]) => [scrub(key), one]))
              : value,
        );
  } catch {
    // The one thing that throws here is a stack that ran out.
    return undefined;
  }
};

/**
 * One event was refused, inside an answer that is a success. Its status decides as that of an answer would, its
 * `retryable` is as it says.
 */
const refusedEvent = (exchange: Exchange, answer: Answer, refusal: Refusal, point?: number) => {
  const scrub = scrubOf(exchange);
  const { secret } = exchange.operation;
  const { retryable, retryAfterMs, status } = refusal;
  const details = secret === true ? undefined : refusal.details && scrubbed(refusal.details, scrub);
  const code = codeOf(refusal.code, secret === true, scrub);
  const detail =
    secret === true || refusal.message === "" ? undefined : words(scrub, refusal.message);
  const retryAfter =
    retryAfterMs === undefined ? {} : { retryAfter: Duration.millis(retryAfterMs) };
  const what = point === undefined ? "the event" : `point ${point}`;
  const say = (name: string) =>
    `${what} was refused: ${status === undefined ? (code ?? name) : `${status} ${name}`}` +
    (detail === undefined ? "" : `: ${detail}`) +
    (retryAfter.retryAfter === undefined
      ? ""
      : ` (retry after ${inSeconds(retryAfter.retryAfter)})`);
  return requestError(exchange, reasonOf(status ?? answer.status, say, retryAfter), {
    ...known(exchange, answer, scrub),
    ...retryAfter,
    ...(status === undefined ? {} : { status }),
    ...(detail === undefined ? {} : { detail }),
    ...(code === undefined ? {} : { code }),
    ...(details && { details }),
    retryable,
  });
};

/**
 * The `data` of a reply at a place of the answer, when it is the good one. What is sent by the thousand is told by
 * its index as a `point`.
 */
export const dataOf = (
  exchange: Exchange,
  answer: Answer,
  { event, data }: Answered,
  expected: string,
  place: ReadonlyArray<number>,
  point?: number,
): Result.Result<object, CallError> => {
  if (event !== expected && event !== errorEvent) {
    return Result.fail(
      misshapen(exchange, answer, {
        path: [...place, "event"],
        expected: JSON.stringify(expected),
      }),
    );
  }
  if (!Predicate.isObject(data)) {
    return Result.fail(
      misshapen(exchange, answer, { path: [...place, "data"], expected: "a JSON object" }),
    );
  }
  return event === errorEvent
    ? Result.fail(refusedEvent(exchange, answer, readRefusal(data), point))
    : Result.succeed(data);
};

/** Was it this that an event was refused for? */
export const hasCode = (error: unknown, code: string): error is MetricsApiRequestError =>
  error instanceof MetricsApiRequestError && error.code === code;
