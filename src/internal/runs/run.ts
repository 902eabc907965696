/**
 * Writing an experiment, under a token of its own that lasts as long as the scope.
 */
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as HttpClient from "effect/http/HttpClient";
import * as Result from "effect/Result";
import * as Scope from "effect/Scope";
import type * as Stream from "effect/Stream";
import type { MetricsApiError } from "../base/errors.ts";
import { callEvent, callEventWith, encodeData } from "../events/call.ts";
import { makeExperimentToken } from "../keys/experimentToken.ts";
import { ConfigService } from "../request/config.ts";
import * as wire from "../wire/v2/runs.ts";
import type { MetricPoint } from "../wire/v2/runs.ts";
import type { Metadata } from "../wire/schema.ts";
import type { MetricsOptions, MetricsResult } from "./models.ts";
import { folderIdOf, moveFromTheTop } from "./place.ts";
import { sendAll } from "./sendAll.ts";

/**
 * The experiment to write.
 *
 * @category options
 */
export interface OpenOptions {
  /** 1 to 200 characters (UTF-16 units), unique in the organization. One that is there is opened again. */
  readonly slug: string;
  /** At most 4,000 characters. Default: `""`. */
  readonly description?: string | undefined;
  /** Any JSON object. Default: `{}`. */
  readonly meta?: Metadata | undefined;
  /**
   * The path of the folder that an experiment at the top level is moved to, such as `"/models"`, or its id. Default:
   * it stays where it is.
   */
  readonly folder?: string | undefined;
}

/**
 * An experiment that is being written. Each call is a request of its own, which is acknowledged when it ends.
 *
 * @category models
 */
export interface Run {
  readonly experimentId: string;
  /** The experiment is running. */
  readonly start: Effect.Effect<void, MetricsApiError>;
  /**
   * Stores metrics, up to 1,000 in a request, in bounded memory.
   *
   * A request that fails in a way that passes is sent again, and of one that was refused in part only those points
   * for which that passes, all under the ids that they have. One that is refused for good fails the call when the
   * others of its request are settled, or is reported (`onInvalid: "collect"`), each with its index. `acknowledged`
   * of a failure says how many points from the start of the input are stored.
   */
  readonly metrics: <E = never, R = never>(
    points: Stream.Stream<MetricPoint, E, R> | Iterable<MetricPoint>,
    options?: MetricsOptions,
  ) => Effect.Effect<MetricsResult, MetricsApiError | E, R>;
  /** Adds a note, of 1 to 16,000 characters; its `meta` is at most 65,536 bytes of JSON. */
  readonly annotate: (
    annotation: string,
    options?: { readonly meta?: Metadata | undefined },
  ) => Effect.Effect<{ readonly annotationId: string }, MetricsApiError>;
  /** The experiment ended with an error; the message is at most 8,000 characters. */
  readonly error: (
    message: string,
    options?: { readonly meta?: Metadata | undefined },
  ) => Effect.Effect<void, MetricsApiError>;
  /** The experiment is done. */
  readonly done: Effect.Effect<void, MetricsApiError>;
}

type Needs = ConfigService | HttpClient.HttpClient;

export const openRun = (
  options: OpenOptions,
): Effect.Effect<Run, MetricsApiError, Needs | Scope.Scope> =>
  Effect.gen(function* () {
    const { folder, ...experiment } = options;
    // Every call of the run is by the same client, whatever is in force where it is made.
    const services = Context.make(ConfigService, yield* ConfigService).pipe(
      Context.add(HttpClient.HttpClient, yield* HttpClient.HttpClient),
    );
    const asOpened = <A, E, R>(
      effect: Effect.Effect<A, E, R>,
    ): Effect.Effect<A, E, Exclude<R, Needs>> => Effect.provideContext(effect, services);
    const scope = yield* Effect.scope;
    // What will be refused needs no folder.
    const isGood = Result.isSuccess(encodeData(wire.openExperiment, experiment));
    const folderId = folder === undefined || !isGood ? null : yield* folderIdOf(folder);

    // There is no moment in which a token would not be revoked.
    const { experimentId, token, revoke } = yield* Effect.uninterruptibleMask((restore) =>
      Effect.gen(function* () {
        const opened = yield* restore(callEvent(wire.openExperiment, { payload: experiment }));
        const token = makeExperimentToken(opened.experimentId, opened);
        const revoke = asOpened(token.revoke).pipe(
          Effect.catch((error) =>
            Effect.logWarning(
              `The token of experiment ${opened.experimentId} could not be revoked, and lasts until it expires: ` +
                error.message,
            ),
          ),
        );
        yield* Scope.addFinalizer(scope, revoke);
        return { experimentId: opened.experimentId, token, revoke };
      }),
    );
    if (folderId !== null) {
      yield* Effect.onError(moveFromTheTop(experimentId, folderId), () => revoke);
    }

    const params = { experimentId };
    const tell = (
      operation: typeof wire.startExperiment | typeof wire.endExperiment,
    ): Effect.Effect<void, MetricsApiError> =>
      asOpened(
        Effect.asVoid(
          callEventWith(operation, { params, payload: { experimentId } }, token.authorise),
        ),
      );
    const run: Run = {
      experimentId,
      start: tell(wire.startExperiment),
      done: tell(wire.endExperiment),
      error: (message, { meta } = {}) =>
        asOpened(
          Effect.asVoid(
            callEventWith(
              wire.failExperiment,
              { params, payload: { experimentId, message, meta } },
              token.authorise,
            ),
          ),
        ),
      annotate: (annotation, { meta } = {}) =>
        asOpened(
          callEventWith(
            wire.annotateExperiment,
            { params, payload: { experimentId, annotation, meta } },
            token.authorise,
          ),
        ),
      metrics: (points, options = {}) =>
        asOpened(sendAll(experimentId, points, options, token.authorise)),
    };
    return run;
  });
