/** API v2 as routes: two that take events, one that answers a question with a stream, one that is plain. */
import * as Effect from "effect/Effect";
import * as HttpRouter from "effect/http/HttpRouter";
import type * as HttpServerRequest from "effect/http/HttpServerRequest";
import * as HttpServerResponse from "effect/http/HttpServerResponse";
import type * as Layer from "effect/Layer";
import * as Schema from "effect/Schema";
import * as Stream from "effect/Stream";
import type { Operation } from "../../internal/wire/operation.ts";
import { authStatus } from "../../internal/wire/v2/auth.ts";
import { errorEvent } from "../../internal/wire/v2/envelope.ts";
import { readTree } from "../../internal/wire/v2/folders.ts";
import { recordMetrics } from "../../internal/wire/v2/runs.ts";
import { readSeries } from "../../internal/wire/v2/series.ts";
import { RefusedEvents } from "../faults.ts";
import { checkToken } from "../rules/experimentTokens.ts";
import { Refusal } from "../rules/refusal.ts";
import { Store, type StoreError } from "../store.ts";
import { type Asked, readBatch, readOne, refused, type Reply, replyTo } from "./envelope.ts";
import { answerEvent } from "./events.ts";
import { answerExperimentEvents, Token } from "./experiment.ts";
import { organizationEvents } from "./organization.ts";
import { asksFor, bearer, byApiKey, text } from "./request.ts";
import { answerSeries, toLine } from "./series.ts";

export interface Settings {
  /** In a time that tells nothing of the key. */
  readonly isApiKey: (bearer: string) => boolean;
  readonly organization: { readonly id: string; readonly name: string };
}

/** One operation for each route. */
export const routed = [authStatus, readTree, recordMetrics, readSeries] as const;

type Answer = Effect.Effect<
  HttpServerResponse.HttpServerResponse,
  Refusal | StoreError,
  Store | HttpServerRequest.HttpServerRequest | HttpRouter.RouteContext
>;

// -----------------------------------------------------------------------------
// Bodies
// -----------------------------------------------------------------------------

const batch = Effect.flatMap(text, (body) => Effect.fromResult(readBatch(body)));

const question = Effect.gen(function* (): Effect.fn.Return<
  Asked,
  Refusal,
  HttpServerRequest.HttpServerRequest
> {
  const asked = yield* Effect.fromResult(readOne(yield* text));
  if (asked.event === readSeries.event) return asked;
  return yield* new Refusal({
    status: 422,
    message: `body event: expected ${JSON.stringify(readSeries.event)}`,
    code: "invalid_request",
  });
});

// -----------------------------------------------------------------------------
// Faults
// -----------------------------------------------------------------------------

/** The replies to all, of which those that a fault refuses are not acted on. */
const butTheRefused = <R>(
  asked: ReadonlyArray<Asked>,
  answer: (asked: ReadonlyArray<Asked>) => Effect.Effect<ReadonlyArray<Reply>, never, R>,
): Effect.Effect<ReadonlyArray<Reply>, never, R> =>
  Effect.gen(function* () {
    const refusalOf = yield* RefusedEvents;
    const refusals = asked.map((one) => refusalOf(one));
    const replies = yield* answer(asked.filter((_, i) => refusals[i] === undefined));
    let at = 0;
    return asked.map((one, i) => {
      const refusal = refusals[i];
      return refusal === undefined ? replies[at++]! : replyTo(one, errorEvent, refusal);
    });
  });

// -----------------------------------------------------------------------------
// Routes
// -----------------------------------------------------------------------------

const encodeStatus = Schema.encodeUnknownEffect(Schema.toCodecJson(authStatus.success));

const answers = ({ isApiKey, organization }: Settings) => ({
  status: Effect.gen(function* () {
    yield* byApiKey(isApiKey);
    const data = yield* Effect.orDie(encodeStatus({ auth: { kind: "api_key" }, organization }));
    return HttpServerResponse.jsonUnsafe({ data, error: null });
  }),

  organization: Effect.gen(function* () {
    yield* byApiKey(isApiKey);
    const replies = butTheRefused(yield* batch, (asked) =>
      Effect.forEach(asked, (one) => answerEvent(organizationEvents, one)),
    );
    return HttpServerResponse.jsonUnsafe(yield* replies);
  }),

  experiment: Effect.gen(function* () {
    const token = yield* bearer;
    if (isApiKey(token)) {
      return yield* asksFor("the experiment's token, not the API key", "experiment_token_required");
    }
    const { experimentId = "" } = yield* HttpRouter.params;
    yield* checkToken(token, experimentId);
    const replies = butTheRefused(yield* batch, (asked) =>
      Effect.provideService(answerExperimentEvents(experimentId, asked), Token, token),
    );
    return HttpServerResponse.jsonUnsafe(yield* replies);
  }),

  series: Effect.gen(function* () {
    yield* byApiKey(isApiKey);
    const asked = yield* question;
    const store = yield* Store;
    const refused = (yield* RefusedEvents)(asked);
    const replies =
      refused === undefined
        ? answerSeries(asked)
        : Stream.succeed(replyTo(asked, errorEvent, refused));
    return HttpServerResponse.stream(
      replies.pipe(Stream.map(toLine), Stream.provideService(Store, store)),
      { contentType: readSeries.stream },
    );
  }),
});

/** What the store could not do is for the whole server to say. */
const route = (
  store: Store["Service"],
  { generation, method, path }: Pick<Operation, "generation" | "method" | "path">,
  answer: Answer,
) =>
  HttpRouter.route(
    method,
    `${generation.basePath}${path}`,
    answer.pipe(
      Effect.provideService(Store, store),
      Effect.catchTags({
        Refusal: (refusal) => Effect.succeed(refused(refusal)),
        StoreError: Effect.die,
      }),
    ),
  );

export const routes = (
  settings: Settings,
): Layer.Layer<never, never, HttpRouter.HttpRouter | Store> => {
  const { status, organization, experiment, series } = answers(settings);
  return HttpRouter.addAll(
    Effect.map(Store, (store) => [
      route(store, authStatus, status),
      route(store, readTree, organization),
      route(store, recordMetrics, experiment),
      route(store, readSeries, series),
    ]),
  );
};
