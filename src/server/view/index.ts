/** What the page draws: series in as many points as a chart can show. Refusals are worded as v2 words them. */
import * as Effect from "effect/Effect";
import * as HttpRouter from "effect/http/HttpRouter";
import * as HttpServerRequest from "effect/http/HttpServerRequest";
import type * as HttpServerResponse from "effect/http/HttpServerResponse";
import type * as Layer from "effect/Layer";
import * as Schema from "effect/Schema";
import { firstIssue, formatPath } from "../../internal/base/issue.ts";
import { ViewQuery, viewSeries } from "../../internal/wire/view.ts";
import { Refusal } from "../rules/refusal.ts";
import { Store, type StoreError } from "../store.ts";
import { refused } from "../v2/envelope.ts";
import { byApiKey, text } from "../v2/request.ts";
import { respond } from "./packed.ts";
import { readView } from "./series.ts";

export interface Settings {
  /** In a time that tells nothing of the key. */
  readonly isApiKey: (bearer: string) => boolean;
}

const decode = Schema.decodeUnknownEffect(ViewQuery, { onExcessProperty: "error" });

const parse = (body: string) =>
  Effect.try({
    try: (): unknown => JSON.parse(body),
    catch: () =>
      new Refusal({ status: 400, message: "body: expected valid JSON", code: "malformed_body" }),
  });

const unfit = (error: Schema.SchemaError) => {
  const { path, expected } = firstIssue(error);
  const where = formatPath(path);
  return new Refusal({
    status: 422,
    message: `body${where === "" ? "" : ` ${where}`}: expected ${expected}`,
    code: "invalid_request",
  });
};

type Answer<E> = Effect.Effect<
  HttpServerResponse.HttpServerResponse,
  E,
  Store | HttpServerRequest.HttpServerRequest
>;

const answer = ({ isApiKey }: Settings): Answer<Refusal | StoreError> =>
  Effect.gen(function* () {
    yield* byApiKey(isApiKey);
    const query = yield* Effect.mapError(decode(yield* parse(yield* text)), unfit);
    return respond(yield* HttpServerRequest.HttpServerRequest, yield* readView(query));
  });

/** What the store could not do is for the whole server to say. */
const orRefused = (self: Answer<Refusal | StoreError>): Answer<never> =>
  Effect.catchTags(self, {
    Refusal: (refusal) => Effect.succeed(refused(refusal)),
    StoreError: Effect.die,
  });

export const routes = (
  settings: Settings,
): Layer.Layer<never, never, HttpRouter.HttpRouter | Store> =>
  HttpRouter.addAll(
    Effect.map(Store, (store) => {
      const handler = Effect.provideService(orRefused(answer(settings)), Store, store);
      return [HttpRouter.route(viewSeries.method, viewSeries.path, handler)];
    }),
  );
