/**
 * One attempt: send the request and read the answer, within the timeout. What comes of it is a success, or a failure that is an error of ours.
 */
import * as Context from "effect/Context";
import type * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as FetchHttpClient from "effect/http/FetchHttpClient";
import * as HttpClient from "effect/http/HttpClient";
import type { HttpClientError } from "effect/http/HttpClientError";
import type { HttpClientRequest } from "effect/http/HttpClientRequest";
import type { HttpClientResponse } from "effect/http/HttpClientResponse";
import type { MetricsApiRequestError } from "../base/errors.ts";
import { abort, readBody } from "./body.ts";
import { type Answer, type CallError, type Exchange, notify, scrubOf } from "./exchange.ts";
import { broken, refused, timedOut } from "./failures.ts";
import { seenBytes, startOf } from "./scrub.ts";

/** What has arrived of a 2xx answer: all of it, or of a stream its head. */
export interface Arrived {
  readonly answer: Answer;
  readonly response: HttpClientResponse;
  /** The limit of the attempt, for what is yet to be read of a stream. */
  readonly timeout: Duration.Duration;
}

/** Makes of a 2xx answer what the call answers. It is a part of the attempt: what fails here may be tried again. */
export type Interpret<A> = (exchange: Exchange, arrived: Arrived) => Effect.Effect<A, CallError>;

/**
 * `fetch` follows redirects by itself, key and all. The option that stops it is a service of effect's fetch client, which a user may have set
 * for other reasons, around the call or inside the client's layer; so it is amended where the client will read it, after both.
 */
const executeWithoutRedirects = (
  client: HttpClient.HttpClient,
  request: HttpClientRequest,
): ReturnType<HttpClient.HttpClient["execute"]> =>
  client.postprocess(
    Effect.flatMap(client.preprocess(request), (request) =>
      Effect.withFiber((fiber) => {
        const init = Context.getOrUndefined(fiber.context, FetchHttpClient.RequestInit);
        fiber.setContext(
          Context.add(fiber.context, FetchHttpClient.RequestInit, { ...init, redirect: "manual" }),
        );
        return Effect.succeed(request);
      }),
    ),
  );

/** The call has a span of its own, and whether trace headers are sent is decided there. */
const untraced = Effect.provideService(HttpClient.TracerDisabledWhen, () => true);

const isSuccess = (status: number): boolean => status >= 200 && status < 300;

const read = (
  exchange: Exchange,
  response: HttpClientResponse,
): Effect.Effect<Answer, HttpClientError> => {
  // A transport may make the headers anew each time that they are asked for.
  const head = { status: response.status, headers: response.headers };
  let limit = seenBytes;
  if (isSuccess(head.status)) {
    if (exchange.operation.stream !== undefined) {
      return Effect.succeed({ ...head, text: "", complete: true });
    }
    limit = exchange.maxResponseBytes;
    // What is declared too large is not even begun.
    if (Number(head.headers["content-length"]) > limit) {
      return Effect.as(abort(response), { ...head, text: "", complete: false });
    }
  }
  return Effect.map(readBody(response, head.headers, limit), ({ text, complete }) => ({
    ...head,
    text: complete ? text : startOf(scrubOf(exchange), text),
    complete,
  }));
};

const watched = (
  arriving: Effect.Effect<Arrived, MetricsApiRequestError>,
  exchange: Exchange,
  request: HttpClientRequest,
): Effect.Effect<Arrived, MetricsApiRequestError> =>
  exchange.observers.length === 0
    ? arriving
    : notify(exchange, { _tag: "Attempt", request }).pipe(
        Effect.andThen(arriving),
        Effect.tap(({ answer }) => notify(exchange, { _tag: "Answer", answer })),
        Effect.tapError((error) => notify(exchange, { _tag: "NoAnswer", error })),
      );

export const attempt = <A>(
  client: HttpClient.HttpClient,
  exchange: Exchange,
  request: HttpClientRequest,
  timeout: Duration.Duration,
  interpret: Interpret<A>,
): Effect.Effect<A, CallError> =>
  Effect.suspend(() => {
    exchange.attempts++;
    exchange.attemptedAt = exchange.now();
    exchange.answer = undefined;
    const arriving = executeWithoutRedirects(client, request).pipe(
      // A client that filters statuses hands the answer over in its error.
      Effect.catch((error) =>
        error.reason._tag === "StatusCodeError"
          ? Effect.succeed(error.reason.response)
          : Effect.fail(error),
      ),
      Effect.flatMap((response) =>
        Effect.map(read(exchange, response), (answer): Arrived => {
          exchange.answer = answer;
          return { answer, response, timeout };
        }),
      ),
      untraced,
      Effect.catch((error) => Effect.fail(broken(exchange, error))),
      Effect.timeoutOrElse({
        duration: timeout,
        orElse: () => Effect.fail(timedOut(exchange, "attempt", timeout)),
      }),
    );
    return Effect.flatMap(watched(arriving, exchange, request), (arrived) =>
      isSuccess(arrived.answer.status)
        ? interpret(exchange, arrived)
        : Effect.fail(refused(exchange, arrived.answer)),
    );
  });
