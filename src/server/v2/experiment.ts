/** The events of one experiment, under its token. */
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as Result from "effect/Result";
import * as Runs from "../../internal/wire/v2/runs.ts";
import { report } from "../outage.ts";
import { annotate } from "../rules/annotations.ts";
import { setStatus } from "../rules/experiments.ts";
import { revokeToken } from "../rules/experimentTokens.ts";
import { ingest } from "../rules/metrics.ts";
import { Refusal } from "../rules/refusal.ts";
import type { NewEvent, Store } from "../store.ts";
import { type Asked, errorFor, type Reply, replyTo } from "./envelope.ts";
import { answerEvent, byName, on } from "./events.ts";
import { readPoint } from "./points.ts";

/** The token that opened the experiment. */
export class Token extends Context.Service<Token, string>()(
  "syvain-metrics-effect/server/v2/Token",
) {}

const lifecycle = byName([
  on(Runs.startExperiment, ({ experimentId }) =>
    Effect.as(setStatus(experimentId, "running", {}, undefined), {}),
  ),
  on(Runs.endExperiment, ({ experimentId }) =>
    Effect.as(setStatus(experimentId, "done", {}, undefined), {}),
  ),
  on(Runs.failExperiment, ({ experimentId, message, meta = {} }) => {
    const name = typeof meta["error_type"] === "string" ? meta["error_type"] : undefined;
    return Effect.as(
      setStatus(experimentId, "error", { name, detail: message, meta }, undefined),
      {},
    );
  }),
  on(Runs.annotateExperiment, ({ experimentId, annotation, meta = {} }) =>
    Effect.map(annotate(experimentId, annotation, meta), ({ id }) => ({ annotationId: id })),
  ),
  on(Runs.revokeToken, () => Effect.as(Effect.flatMap(Token, revokeToken), {})),
]);

// -----------------------------------------------------------------------------
// Metrics
// -----------------------------------------------------------------------------

const ofAnother = new Refusal({
  status: 422,
  message: "data experimentId: expected that of the path",
  code: "invalid_data",
});

/** All that can be kept is kept together; what it fails with, if it does. */
const keep = (experimentId: string, inputs: ReadonlyArray<NewEvent>) =>
  inputs.length === 0
    ? Effect.undefined
    : ingest(experimentId, inputs, undefined).pipe(
        Effect.catchTag("StoreError", Effect.die),
        Effect.as(undefined),
        Effect.catch((refusal) => Effect.succeed({ why: refusal })),
        Effect.catchDefect((defect) => Effect.as(report(defect), { why: defect })),
      );

const record = (
  experimentId: string,
  asked: ReadonlyArray<Asked>,
): Effect.Effect<ReadonlyArray<Reply>, never, Store> =>
  Effect.gen(function* () {
    const points = asked.map((one) =>
      one.data["experimentId"] === experimentId ? readPoint(one) : Result.fail(ofAnother),
    );
    const failure = yield* keep(
      experimentId,
      points.flatMap((point) => (Result.isSuccess(point) ? [point.success] : [])),
    );
    return points.map((point, i) => {
      const one = asked[i]!;
      if (Result.isFailure(point)) return errorFor(one, point.failure);
      return failure === undefined
        ? replyTo(one, Runs.recordMetrics.reply, { experimentId })
        : errorFor(one, failure.why);
    });
  });

// -----------------------------------------------------------------------------
// Batches
// -----------------------------------------------------------------------------

const isMetric = ({ event }: Asked): boolean => event === Runs.recordMetrics.event;

/** In their order; metrics that follow one another are kept together. */
export const answerExperimentEvents = (
  experimentId: string,
  asked: ReadonlyArray<Asked>,
): Effect.Effect<ReadonlyArray<Reply>, never, Store | Token> =>
  Effect.gen(function* () {
    const replies: Array<Reply> = [];
    for (let at = 0; at < asked.length; at = replies.length) {
      const one = asked[at]!;
      if (isMetric(one)) {
        const end = asked.findIndex((other, i) => i > at && !isMetric(other));
        const metrics = asked.slice(at, end === -1 ? undefined : end);
        replies.push(...(yield* record(experimentId, metrics)));
      } else {
        replies.push(
          one.data["experimentId"] === experimentId || !lifecycle.has(one.event)
            ? yield* answerEvent(lifecycle, one)
            : errorFor(one, ofAnother),
        );
      }
    }
    return replies;
  });
