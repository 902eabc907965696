/**
 * An answer that comes line by line, one piece of JSON each.
 */
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Ndjson from "effect/encoding/Ndjson";
import * as Result from "effect/Result";
import * as Stream from "effect/Stream";
import type { Operation } from "../wire/operation.ts";
import type { Arrived } from "./attempt.ts";
import { decodeJson } from "./decode.ts";
import type { CallError, Exchange } from "./exchange.ts";
import { broken, cutShort, misshapen, notJson, timedOut, tooLarge } from "./failures.ts";
import type { Success } from "./prepare.ts";

/**
 * The lines as the contract says, as they arrive. Each silence is bounded by the timeout of the attempt, the whole by the deadline of the call,
 * and a line by the largest answer that is accepted.
 */
export const lines = <O extends Operation>(
  operation: O,
  exchange: Exchange,
  { answer, response, timeout }: Arrived,
): Stream.Stream<Success<O>, CallError> => {
  const bounded = response.stream.pipe(
    Stream.mapError((error): CallError => broken(exchange, error)),
    Stream.timeoutOrElse({
      duration: timeout,
      orElse: () => Stream.fail(timedOut(exchange, "attempt", timeout)),
    }),
    Stream.pipeThroughChannelOrFail(
      Ndjson.decode({ ignoreEmptyLines: true, maxLineBytes: exchange.maxResponseBytes }),
    ),
    Stream.mapError((error): CallError => {
      if (error._tag !== "NdjsonError") return error;
      if (error.reason === "LineTooLarge") return tooLarge(exchange, answer);
      return error.unterminated === true ? cutShort(exchange) : notJson(exchange, answer);
    }),
    Stream.mapEffect((json) => {
      const decoded = decodeJson(operation, json);
      return Result.isSuccess(decoded)
        ? Effect.succeed(decoded.success)
        : Effect.fail(misshapen(exchange, answer, decoded.failure));
    }),
  );
  const { deadline } = exchange;
  if (deadline === undefined) return bounded;
  return Stream.interruptWhen(
    bounded,
    Effect.suspend(() => {
      const left = Duration.toMillis(deadline) - (exchange.now() - exchange.startedAt);
      return Effect.delay(Effect.fail(timedOut(exchange, "deadline", deadline)), Math.max(0, left));
    }),
  );
};
