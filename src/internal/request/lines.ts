/**
 * An answer that comes line by line, one piece of JSON each.
 */
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Result from "effect/Result";
import * as Stream from "effect/Stream";
import type { Operation } from "../wire/operation.ts";
import type { Arrived } from "./attempt.ts";
import { decodeJson } from "./decode.ts";
import type { Answer, CallError, Exchange } from "./exchange.ts";
import { broken, cutShort, misshapen, notJson, timedOut, tooLarge } from "./failures.ts";
import type { Success } from "./prepare.ts";

const lineEnd = 0x0a;

/** Lines out of chunks of bytes. Effect's own `Ndjson.decode` takes twice as long. */
class Splitter {
  readonly #exchange: Exchange;
  readonly #answer: Answer;
  readonly #decoder = new TextDecoder();
  /** Of the line that has not ended yet. */
  #pieces: Array<Uint8Array> = [];
  #size = 0;

  constructor(exchange: Exchange, answer: Answer) {
    this.#exchange = exchange;
    this.#answer = answer;
  }

  /** What is on the lines that end in this chunk. */
  push(chunk: Uint8Array): Result.Result<ReadonlyArray<unknown>, CallError> {
    const found: Array<unknown> = [];
    let start = 0;
    for (;;) {
      const end = chunk.indexOf(lineEnd, start);
      const piece = chunk.subarray(start, end === -1 ? undefined : end);
      this.#size += piece.byteLength;
      if (this.#size > this.#exchange.maxResponseBytes) {
        return Result.fail(tooLarge(this.#exchange, this.#answer));
      }
      if (piece.byteLength > 0) this.#pieces.push(piece);
      if (end === -1) return Result.succeed(found);
      const text = this.#take();
      start = end + 1;
      if (text === "") continue;
      try {
        found.push(JSON.parse(text));
      } catch {
        return Result.fail(notJson(this.#exchange, this.#answer));
      }
    }
  }

  /** What is on a last line that no line end follows. */
  end(): Result.Result<ReadonlyArray<unknown>, CallError> {
    const text = this.#take();
    if (text === "") return Result.succeed([]);
    try {
      return Result.succeed([JSON.parse(text)]);
    } catch {
      return Result.fail(cutShort(this.#exchange));
    }
  }

  #take(): string {
    const [first, ...more] = this.#pieces;
    let line = first;
    if (more.length > 0) {
      line = new Uint8Array(this.#size);
      let offset = 0;
      for (const piece of this.#pieces) {
        line.set(piece, offset);
        offset += piece.byteLength;
      }
    }
    this.#pieces = [];
    this.#size = 0;
    return this.#decoder.decode(line).trim();
  }
}

/**
 * What is on the lines, as they arrive. Each silence is bounded by the timeout of the attempt, the whole by the deadline of the call,
 * and a line by the largest answer that is accepted.
 */
export const jsonLines = (
  exchange: Exchange,
  { answer, response, timeout }: Arrived,
): Stream.Stream<unknown, CallError> => {
  const bounded = Stream.suspend(() => {
    const splitter = new Splitter(exchange, answer);
    return response.stream.pipe(
      Stream.mapError((error): CallError => broken(exchange, error)),
      Stream.timeoutOrElse({
        duration: timeout,
        orElse: () => Stream.fail(timedOut(exchange, "attempt", timeout)),
      }),
      Stream.concat(Stream.succeed(undefined)),
      Stream.mapEffect((chunk) =>
        Effect.fromResult(chunk === undefined ? splitter.end() : splitter.push(chunk)),
      ),
      Stream.flattenIterable,
    );
  });
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

/** The lines as the contract says. */
export const lines = <O extends Operation>(
  operation: O,
  exchange: Exchange,
  arrived: Arrived,
): Stream.Stream<Success<O>, CallError> =>
  Stream.mapEffect(jsonLines(exchange, arrived), (json) =>
    Effect.fromResult(
      Result.mapError(decodeJson(operation, json), (issue) =>
        misshapen(exchange, arrived.answer, issue),
      ),
    ),
  );
