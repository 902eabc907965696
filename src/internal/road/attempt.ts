/**
 * One attempt: send the request, read the answer to the end, within the timeout. A success or a failure that is already an error of ours.
 */
import * as Context from "effect/Context";
import type * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as FetchHttpClient from "effect/http/FetchHttpClient";
import * as HttpClient from "effect/http/HttpClient";
import type { HttpClientError } from "effect/http/HttpClientError";
import type { HttpClientRequest } from "effect/http/HttpClientRequest";
import type { HttpClientResponse } from "effect/http/HttpClientResponse";
import type { MetricsApiRequestError } from "../../MetricsApiError.ts";
import { abort, readBody } from "./body.ts";
import {
  type Answer,
  broken,
  type Exchange,
  refused,
  scrubOf,
  tell,
  timedOut,
} from "./exchange.ts";
import { seenBytes, startOf } from "./scrub.ts";

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
  head: Pick<Answer, "status" | "headers">,
): Effect.Effect<Answer, HttpClientError> => {
  exchange.status = head.status;
  let limit = seenBytes;
  if (isSuccess(head.status)) {
    limit = exchange.maxResponseBytes;
    // What nobody reads, and what is declared too large, is not even begun.
    const unread = exchange.operation.success === undefined;
    if (unread || Number(head.headers["content-length"]) > limit) {
      return Effect.as(abort(response), { ...head, text: "", complete: unread });
    }
  }
  return Effect.map(readBody(response, head.headers, limit), ({ text, complete }) => ({
    ...head,
    text: complete ? text : startOf(scrubOf(exchange), text),
    complete,
  }));
};

const watched = (
  attempt: Effect.Effect<Answer, MetricsApiRequestError>,
  exchange: Exchange,
  request: HttpClientRequest,
): Effect.Effect<Answer, MetricsApiRequestError> =>
  exchange.observers.length === 0
    ? attempt
    : tell(exchange, { _tag: "Attempt", request }).pipe(
        Effect.andThen(attempt),
        Effect.tap((answer) => tell(exchange, { _tag: "Answer", answer })),
        Effect.tapError((error) => tell(exchange, { _tag: "NoAnswer", error })),
      );

export const attempt = (
  client: HttpClient.HttpClient,
  exchange: Exchange,
  request: HttpClientRequest,
  timeout: Duration.Duration,
): Effect.Effect<Answer, MetricsApiRequestError> =>
  Effect.suspend(() => {
    exchange.attempts++;
    exchange.status = undefined;
    // A failure is told by its status, whatever becomes of its body.
    let failure: Answer | undefined;
    const orFailure = <E>(error: Effect.Effect<never, E>) =>
      failure === undefined ? error : Effect.succeed(failure);
    const answered = executeWithoutRedirects(client, request).pipe(
      // A client that filters statuses hands the answer over in its error.
      Effect.catch((error) =>
        error.reason._tag === "StatusCodeError"
          ? Effect.succeed(error.reason.response)
          : Effect.fail(error),
      ),
      Effect.flatMap((response) => {
        // A transport may make the headers anew each time that they are asked for.
        const head = { status: response.status, headers: response.headers };
        if (!isSuccess(head.status)) failure = { ...head, text: "", complete: false };
        return read(exchange, response, head);
      }),
      untraced,
      Effect.catch((error) => orFailure(Effect.fail(broken(exchange, error)))),
      Effect.timeoutOrElse({
        duration: timeout,
        orElse: () => orFailure(Effect.fail(timedOut(exchange, "attempt", timeout))),
      }),
    );
    return watched(answered, exchange, request).pipe(
      Effect.flatMap((answer) => {
        if (isSuccess(answer.status)) return Effect.succeed(answer);
        // What a retry does not find any more, the attempt before it removed.
        if (
          answer.status === 404 &&
          exchange.attempts > 1 &&
          exchange.operation.retry === "idempotent"
        ) {
          return Effect.succeed(answer);
        }
        return Effect.fail(refused(exchange, answer));
      }),
    );
  });
