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
import { bodyOf, repliesTo } from "../events/call.ts";
import { dataOf } from "../events/refused.ts";
import type { Interpret } from "../request/attempt.ts";
import { type Authorise, callWith } from "../request/call.ts";
import type { ConfigService } from "../request/config.ts";
import { recordMetrics } from "../wire/v2/runs.ts";
import type { Batch } from "./points.ts";

/** A point that the service will not have. */
export interface RefusedPoint {
  readonly index: number;
  readonly error: MetricsApiRequestError;
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

/** Answers what was refused for good. */
export const sendBatch = <R>(
  experimentId: string,
  { messages, indexes }: Batch,
  authorise: Authorise<R>,
): Effect.Effect<
  ReadonlyArray<RefusedPoint>,
  MetricsApiError,
  ConfigService | HttpClient.HttpClient | R
> =>
  Effect.suspend(() => {
    const refused: Array<RefusedPoint> = [];
    /** Where in the batch those are that are not settled yet. */
    let pending: ReadonlyArray<number> = messages.map((_, i) => i);

    const body = () => bodyOf(pending.flatMap((i) => messages[i] ?? []));

    const interpret: Interpret<ReadonlyArray<RefusedPoint>> = (exchange, { answer }) => {
      const ids = pending.flatMap((i) => messages[i]?.messageId ?? []);
      const replies = repliesTo(exchange, answer, ids);
      if (Result.isFailure(replies)) return Effect.fail(replies.failure);
      const again: Array<number> = [];
      const passing: Array<MetricsApiRequestError> = [];
      const final: Array<RefusedPoint> = [];
      for (const [at, reply] of replies.success.entries()) {
        const i = pending[at] ?? 0;
        const index = indexes[i] ?? 0;
        const what = `point ${index}`;
        const data = dataOf(exchange, answer, reply, recordMetrics.reply, [at], what);
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
      pending = again;
      refused.push(...final);
      const [first, ...others] = passing;
      return first === undefined
        ? Effect.succeed(refused)
        : Effect.fail(withLongestWait([first, ...others]));
    };

    // The request is made once; one that is sent again holds what is left of it.
    const whatIsLeft = HttpClient.mapRequestInput((request: HttpClientRequest.HttpClientRequest) =>
      pending.length === messages.length
        ? request
        : HttpClientRequest.setBody(request, HttpBody.uint8Array(body(), "application/json")),
    );
    return Effect.updateService(
      callWith(recordMetrics, { params: { experimentId }, body: body() }, authorise, interpret),
      HttpClient.HttpClient,
      whatIsLeft,
    );
  });
