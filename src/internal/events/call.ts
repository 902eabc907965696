/**
 * One event and its reply, on the pipeline of every request.
 */
import * as Effect from "effect/Effect";
import type * as HttpClient from "effect/http/HttpClient";
import { memoize } from "effect/Function";
import * as Result from "effect/Result";
import type { MetricsApiError } from "../base/errors.ts";
import type { Issue } from "../base/issue.ts";
import type { Interpret } from "../request/attempt.ts";
import { type Authorise, byApiKey, callWith } from "../request/call.ts";
import type { ConfigService } from "../request/config.ts";
import { decodeJson } from "../request/decode.ts";
import { makeEncode } from "../request/encode.ts";
import type { Answer, CallError, Exchange } from "../request/exchange.ts";
import { garbled, misshapen, notJson, tooLarge } from "../request/failures.ts";
import type { EncodedInput, Input, Success } from "../request/prepare.ts";
import type { Operation, Plain } from "../wire/operation.ts";
import { type Answered, type Envelope, readReplies } from "../wire/v2/envelope.ts";
import type { EventOperation } from "../wire/v2/generation.ts";
import { newMessageId } from "./messageId.ts";
import { dataOf } from "./refused.ts";

const utf8 = new TextEncoder();

/** As the body of a request. */
export const bodyOf = (envelopes: ReadonlyArray<Envelope> | Envelope): Uint8Array =>
  utf8.encode(JSON.stringify(envelopes));

const encoderOf = memoize(({ payload }: Operation & { readonly payload: Plain }) =>
  makeEncode(payload),
);

/** The `data` of an event as the wire has it, or what is wrong with it. */
export const encodeData = (
  operation: Operation & { readonly payload: Plain },
  data: unknown,
): Result.Result<unknown, Issue> => encoderOf(operation)(data);

/** The input with its event in an envelope; as it is, when it is one that the pipeline will refuse. */
export const enclose = <O extends EventOperation>(
  operation: O,
  input: Input<O> & { readonly payload: unknown },
  toBody: (envelope: Envelope) => Uint8Array,
  messageId: string,
): Input<O> | EncodedInput<O> => {
  const data = encodeData(operation, input.payload);
  return Result.isFailure(data)
    ? input
    : { ...input, body: toBody({ messageId, event: operation.event, data: data.success }) };
};

const parse = (exchange: Exchange, answer: Answer): Result.Result<unknown, CallError> => {
  if (!answer.complete) return Result.fail(tooLarge(exchange, answer));
  try {
    return Result.succeed(JSON.parse(answer.text));
  } catch {
    return Result.fail(notJson(exchange, answer));
  }
};

/** The replies to these messages, in their order. */
export const repliesTo = (
  exchange: Exchange,
  answer: Answer,
  messageIds: ReadonlyArray<string>,
): Result.Result<ReadonlyArray<Answered>, CallError> =>
  Result.flatMap(parse(exchange, answer), (json) => {
    const replies = readReplies(json, messageIds);
    return replies === undefined ? Result.fail(garbled(exchange)) : Result.succeed(replies);
  });

/** What the contract says of a piece of an answer. */
export const decodeAt = <O extends Operation>(
  operation: O,
  exchange: Exchange,
  answer: Answer,
  json: unknown,
  place: ReadonlyArray<string | number>,
): Result.Result<Success<O>, CallError> =>
  Result.mapError(decodeJson(operation, json), ({ path, expected }) =>
    misshapen(exchange, answer, { path: [...place, ...path], expected }),
  );

/**
 * Sends one event, and answers what `f` makes of its reply. That is a part of the attempt. The id of its message is a
 * new one, unless it is given.
 */
export const callEventThen = <O extends EventOperation, R, A>(
  operation: O,
  input: Input<O>,
  authorise: Authorise<R>,
  f: (success: Success<O>, exchange: Exchange) => Effect.Effect<A, CallError>,
  givenId?: string,
): Effect.Effect<A, MetricsApiError, ConfigService | HttpClient.HttpClient | R> =>
  Effect.suspend(() => {
    const messageId = givenId ?? newMessageId();
    const interpret: Interpret<A> = (exchange, { answer }) =>
      repliesTo(exchange, answer, [messageId]).pipe(
        Result.flatMap(([reply]) =>
          // There is one reply, or there are none.
          dataOf(exchange, answer, reply as Answered, operation.reply, [0]),
        ),
        Result.flatMap((data) => decodeAt(operation, exchange, answer, data, [0, "data"])),
        Effect.fromResult,
        Effect.flatMap((success) => f(success, exchange)),
      );
    const inEnvelope = enclose(operation, input, (envelope) => bodyOf([envelope]), messageId);
    return callWith(operation, inEnvelope, authorise, interpret);
  });

/** Sends one event, and answers what its reply holds. */
export const callEventWith = <O extends EventOperation, R>(
  operation: O,
  input: Input<O>,
  authorise: Authorise<R>,
  givenId?: string,
): Effect.Effect<Success<O>, MetricsApiError, ConfigService | HttpClient.HttpClient | R> =>
  callEventThen(operation, input, authorise, Effect.succeed, givenId);

/** The same of an event of the organization. */
export const callEvent = <O extends EventOperation & { readonly auth: "apiKey" }>(
  operation: O,
  input: Input<O>,
): Effect.Effect<Success<O>, MetricsApiError, ConfigService | HttpClient.HttpClient> =>
  callEventWith(operation, input, byApiKey);

/** The one call that is no event. What has no envelope is garbled, as it is with events. */
export const callPlain = <O extends Operation & { readonly auth: "apiKey" }>(
  operation: O,
  input: Input<O>,
): Effect.Effect<Success<O>, MetricsApiError, ConfigService | HttpClient.HttpClient> =>
  callWith(operation, input, byApiKey, (exchange, { answer }) =>
    Effect.fromResult(
      parse(exchange, answer).pipe(
        Result.flatMap((json) =>
          Result.mapError(operation.generation.readSuccess(json), () => garbled(exchange)),
        ),
        Result.flatMap((data) => decodeAt(operation, exchange, answer, data, ["data"])),
      ),
    ),
  );
