/**
 * Events that have no function of their own.
 */
import * as Effect from "effect/Effect";
import type * as HttpClient from "effect/http/HttpClient";
import * as Result from "effect/Result";
import type { MetricsApiError } from "../base/errors.ts";
import type { Interpret } from "../request/attempt.ts";
import { byApiKey, callWith } from "../request/call.ts";
import type { ConfigService } from "../request/config.ts";
import type { CallError } from "../request/exchange.ts";
import { type Answered, errorEvent } from "../wire/v2/envelope.ts";
import { type EventInput, type Reply, sendEvent, sendEvents } from "../wire/v2/events.ts";
import { bodyOf, decodeAt, encodeData, repliesTo } from "./call.ts";
import { newMessageId } from "./messageId.ts";
import { dataOf } from "./refused.ts";

type Sent<A> = Effect.Effect<A, MetricsApiError, ConfigService | HttpClient.HttpClient>;

const enclosed = ({ event, data }: EventInput) => ({ messageId: newMessageId(), event, data });

/** One, whose refusal is the failure of the call. */
export const sendOne = (event: string, data: EventInput["data"]): Sent<Reply> =>
  Effect.suspend(() => {
    const payload = { event, data };
    const envelope = enclosed(payload);
    const interpret: Interpret<Reply> = (exchange, { answer }) =>
      repliesTo(exchange, answer, [envelope.messageId]).pipe(
        Result.flatMap(([reply]): Result.Result<Reply, CallError> => {
          // There is one reply, or there are none.
          const answered = reply as Answered;
          return answered.event === errorEvent
            ? Result.flatMap(dataOf(exchange, answer, answered, errorEvent, [0]), () =>
                decodeAt(sendEvent, exchange, answer, answered, [0]),
              )
            : decodeAt(sendEvent, exchange, answer, answered, [0]);
        }),
        Effect.fromResult,
      );
    const isGood = Result.isSuccess(encodeData(sendEvent, payload));
    return callWith(
      sendEvent,
      isGood ? { body: bodyOf([envelope]) } : { payload },
      byApiKey,
      interpret,
    );
  });

/** Several, each with what it was answered. */
export const sendMany = (events: ReadonlyArray<EventInput>): Sent<ReadonlyArray<Reply>> =>
  Effect.suspend(() => {
    const isGood = Result.isSuccess(encodeData(sendEvents, events));
    const envelopes = isGood ? events.map(enclosed) : [];
    const ids = envelopes.map(({ messageId }) => messageId);
    const interpret: Interpret<ReadonlyArray<Reply>> = (exchange, { answer }) =>
      Result.flatMap(repliesTo(exchange, answer, ids), (replies) =>
        Result.all(replies.map((reply, i) => decodeAt(sendEvents, exchange, answer, reply, [i]))),
      ).pipe(Effect.fromResult);
    return callWith(
      sendEvents,
      isGood ? { body: bodyOf(envelopes) } : { payload: events },
      byApiKey,
      interpret,
    );
  });
