import * as Duration from "effect/Duration";
import * as Predicate from "effect/Predicate";
import * as Result from "effect/Result";
import { MetricsApiRequestError } from "../base/errors.ts";
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
import { type Answered, errorEvent, readRefusal, type Refusal } from "../wire/v2/envelope.ts";

/** One event was refused, inside an answer that is a success. Its status decides as that of an answer would, its `retryable` is as it says. */
const refusedEvent = (exchange: Exchange, answer: Answer, refusal: Refusal, what: string) => {
  const scrub = scrubOf(exchange);
  const { secret } = exchange.operation;
  const { details, retryable, retryAfterMs, status } = refusal;
  const code = codeOf(refusal.code, secret === true, scrub);
  const detail =
    secret === true || refusal.message === "" ? undefined : words(scrub, refusal.message);
  const retryAfter =
    retryAfterMs === undefined ? {} : { retryAfter: Duration.millis(retryAfterMs) };
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
    ...(details === undefined || secret === true
      ? {}
      : { details: JSON.parse(scrub(JSON.stringify(details))) }),
    retryable,
  });
};

/** The `data` of a reply, when it is the good one; where its place is, in the answer. */
export const dataOf = (
  exchange: Exchange,
  answer: Answer,
  { event, data }: Answered,
  expected: string,
  place: ReadonlyArray<number>,
  what = "the event",
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
    ? Result.fail(refusedEvent(exchange, answer, readRefusal(data), what))
    : Result.succeed(data);
};

/** Was it this that an event was refused for? */
export const hasCode = (error: unknown, code: string): error is MetricsApiRequestError =>
  error instanceof MetricsApiRequestError && error.code === code;
