/**
 * One batch, of which some may be refused: those for which that passes are sent again, under the ids they have.
 */
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as HttpBody from "effect/http/HttpBody";
import * as HttpClient from "effect/http/HttpClient";
import * as HttpClientRequest from "effect/http/HttpClientRequest";
import * as Result from "effect/Result";
import { type MetricsApiError, MetricsApiRequestError } from "../base/errors.ts";
import { repliesTo } from "../events/call.ts";
import { dataOf } from "../events/refused.ts";
import type { Interpret } from "../request/attempt.ts";
import { type Authorise, callWith } from "../request/call.ts";
import type { ConfigService } from "../request/config.ts";
import { LogObserver, type Observer } from "../request/observer.ts";
import { recordMetrics } from "../wire/v2/runs.ts";
import { type Batch, partOf } from "./points.ts";
import { areRecorded } from "./recorded.ts";

/** A point that the service will not have. */
export interface RefusedPoint {
  readonly index: number;
  readonly error: MetricsApiRequestError;
}

/** What became of a batch: the points of which nothing is said are stored. */
export interface SentBatch {
  readonly refused: ReadonlyArray<RefusedPoint>;
  /** Those that may be sent again, and why, when others are settled. */
  readonly left: { readonly batch: Batch; readonly error: MetricsApiError } | undefined;
}

/** The longest wait that any of them asks for. */
const withLongestWait = (
  errors: readonly [MetricsApiRequestError, ...ReadonlyArray<MetricsApiRequestError>],
): MetricsApiRequestError => {
  const waits = errors.flatMap(({ retryAfter }) => (retryAfter === undefined ? [] : [retryAfter]));
  return waits.length === 0
    ? errors[0]
    : new MetricsApiRequestError({ ...errors[0], retryAfter: waits.reduce(Duration.max) });
};

/** Fails when nothing of it is settled. */
export const sendBatch = <R>(
  experimentId: string,
  batch: Batch,
  authorise: Authorise<R>,
): Effect.Effect<SentBatch, MetricsApiError, ConfigService | HttpClient.HttpClient | R> =>
  Effect.suspend(() => {
    const refused: Array<RefusedPoint> = [];
    /** Those that are not settled yet. */
    let pending: Batch = batch;

    const interpret: Interpret<ReadonlyArray<RefusedPoint>> = (exchange, { answer }) => {
      const { ids, indexes } = pending;
      if (answer.complete && areRecorded(answer.text, ids)) return Effect.succeed(refused);
      const replies = repliesTo(exchange, answer, ids);
      if (Result.isFailure(replies)) return Effect.fail(replies.failure);
      const again: Array<number> = [];
      const passing: Array<MetricsApiRequestError> = [];
      const final: Array<RefusedPoint> = [];
      for (const [i, reply] of replies.success.entries()) {
        const index = indexes[i] ?? 0;
        const data = dataOf(exchange, answer, reply, recordMetrics.reply, [i], index);
        if (Result.isSuccess(data)) continue;
        const { failure } = data;
        if (failure._tag === "MetricsApiResponseError") return Effect.fail(failure);
        if (failure.retryable) {
          again.push(i);
          passing.push(failure);
        } else {
          final.push({ index, error: failure });
        }
      }
      refused.push(...final);
      const [first, ...others] = passing;
      if (first === undefined) return Effect.succeed(refused);
      pending = partOf(pending, again);
      return Effect.fail(withLongestWait([first, ...others]));
    };

    // The request is made once; one that is sent again holds what is left of it, and the log is shown that. A token
    // that is renewed meanwhile has a request of its own.
    const whatIsLeft = (request: HttpClientRequest.HttpClientRequest) =>
      request.body._tag === "Uint8Array" && request.body.body === batch.body
        ? HttpClientRequest.setBody(request, HttpBody.uint8Array(pending.body, "application/json"))
        : request;
    const showWhatIsLeft =
      (log: Observer): Observer =>
      (event, exchange) =>
        log(
          event._tag === "Attempt" ? { ...event, request: whatIsLeft(event.request) } : event,
          exchange,
        );
    const params = { experimentId };
    return callWith(recordMetrics, { params, body: batch.body }, authorise, interpret).pipe(
      Effect.updateService(HttpClient.HttpClient, HttpClient.mapRequestInput(whatIsLeft)),
      Effect.updateService(LogObserver, (log) => log && showWhatIsLeft(log)),
      Effect.map((refused): SentBatch => ({ refused, left: undefined })),
      Effect.catch((error) =>
        pending === batch
          ? Effect.fail(error)
          : Effect.succeed({ refused, left: { batch: pending, error } }),
      ),
    );
  });
