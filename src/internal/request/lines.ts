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

/** Makes of what is on a line what the stream gives out: nothing for `undefined`. */
export type ReadLine<A> = (json: unknown) => Result.Result<A | undefined, CallError>;

/** What some bytes came to, and what ended it. */
interface Found<A> {
  readonly values: Array<A>;
  failure: CallError | undefined;
}

/**
 * Lines out of chunks of bytes. Effect's own `Ndjson.decode` takes twice as long. Each line is read before the next
 * one is parsed: what is no longer needed then is never moved by the garbage collector.
 */
class Splitter<A> {
  readonly #exchange: Exchange;
  readonly #answer: Answer;
  readonly #read: ReadLine<A>;
  readonly #decoder = new TextDecoder();
  /** The start of the line that has not ended yet, in a buffer that all lines share. */
  #buffer = new Uint8Array(65_536);
  #size = 0;

  constructor(exchange: Exchange, answer: Answer, read: ReadLine<A>) {
    this.#exchange = exchange;
    this.#answer = answer;
    this.#read = read;
  }

  /** The lines that end in this chunk; without one, the rest. */
  push(chunk: Uint8Array | undefined): Found<A> {
    const found: Found<A> = { values: [], failure: undefined };
    if (chunk === undefined) {
      this.#add(this.#take(new Uint8Array()), () => cutShort(this.#exchange), found);
      return found;
    }
    for (let start = 0, end = 0; end !== -1 && found.failure === undefined; start = end + 1) {
      end = chunk.indexOf(lineEnd, start);
      const piece = chunk.subarray(start, end === -1 ? undefined : end);
      if (this.#size + piece.length > this.#exchange.maxResponseBytes) {
        found.failure = tooLarge(this.#exchange, this.#answer);
      } else if (end === -1) {
        this.#keep(piece);
      } else {
        this.#add(this.#take(piece), () => notJson(this.#exchange, this.#answer), found);
      }
    }
    return found;
  }

  #add(text: string, otherwise: () => CallError, found: Found<A>): void {
    if (text === "") return;
    let json: unknown;
    try {
      json = JSON.parse(text);
    } catch {
      found.failure = otherwise();
      return;
    }
    const read = this.#read(json);
    if (Result.isFailure(read)) found.failure = read.failure;
    else if (read.success !== undefined) found.values.push(read.success);
  }

  #keep(piece: Uint8Array): void {
    const size = this.#size + piece.length;
    if (size > this.#buffer.length) {
      const larger = new Uint8Array(2 * size);
      larger.set(this.#buffer.subarray(0, this.#size));
      this.#buffer = larger;
    }
    this.#buffer.set(piece, this.#size);
    this.#size = size;
  }

  /** The line that ends with this piece. */
  #take(piece: Uint8Array): string {
    if (this.#size === 0) return this.#decoder.decode(piece).trim();
    this.#keep(piece);
    const line = this.#buffer.subarray(0, this.#size);
    this.#size = 0;
    return this.#decoder.decode(line).trim();
  }
}

/**
 * What is on the lines, as they arrive. Each silence is bounded by the timeout of the attempt, the whole by the
 * deadline of the call, and a line by the largest answer that is accepted.
 */
export const readLines = <A>(
  exchange: Exchange,
  { answer, response, timeout }: Arrived,
  read: ReadLine<A>,
): Stream.Stream<A, CallError> => {
  const bounded = Stream.suspend(() => {
    const splitter = new Splitter(exchange, answer, read);
    return response.stream.pipe(
      Stream.mapError((error): CallError => broken(exchange, error)),
      Stream.timeoutOrElse({
        duration: timeout,
        orElse: () => Stream.fail(timedOut(exchange, "attempt", timeout)),
      }),
      Stream.concat(Stream.succeed(undefined)),
      Stream.flatMap((chunk): Stream.Stream<A, CallError> => {
        const { failure, values } = splitter.push(chunk);
        const found = Stream.fromArray(values);
        return failure === undefined ? found : Stream.concat(found, Stream.fail(failure));
      }),
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
  readLines(exchange, arrived, (json) =>
    Result.mapError(decodeJson(operation, json), (issue) =>
      misshapen(exchange, arrived.answer, issue),
    ),
  );
