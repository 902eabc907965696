/** API v1 as routes, with its OpenAPI document and a page to read it. */
import * as Effect from "effect/Effect";
import type * as HttpRouter from "effect/http/HttpRouter";
import * as HttpServer from "effect/http/HttpServer";
import * as HttpServerResponse from "effect/http/HttpServerResponse";
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder";
import type * as HttpApiGroup from "effect/http-api/HttpApiGroup";
import * as HttpApiScalar from "effect/http-api/HttpApiScalar";
import * as Layer from "effect/Layer";
import * as Stream from "effect/Stream";
import type { Operation } from "../../internal/wire/operation.ts";
import * as contract from "../../internal/wire/v1/index.ts";
import type { Refusal } from "../rules/refusal.ts";
import { Store } from "../store.ts";
import { api, type Authorization, groupOf, type Idempotency, type Validation } from "./api.ts";
import { refused } from "./envelope.ts";
import { type Handlers, makeHandlers, type Settings } from "./handlers.ts";
import { authorization, idempotency, validation } from "./middleware.ts";

const isBare = (answer: unknown) =>
  HttpServerResponse.isHttpServerResponse(answer) || Stream.isStream(answer);

/** What writes is one transaction; what is answered gets its envelope. */
const toHandler =
  ({ repeat }: Operation, handler: (request: never) => Effect.Effect<unknown, Refusal, Store>) =>
  (request: never) =>
    Effect.flatMap(Store, ({ transaction }) =>
      repeat === "safe" ? handler(request) : transaction(handler(request)),
    ).pipe(
      Effect.map((answer) => (isBare(answer) ? answer : { data: answer, error: null })),
      Effect.catch((refusal) => Effect.succeed(refused(refusal))),
    );

/**
 * The handlers of each group. Which operations there are is known here only at run time, so that the compiler cannot
 * follow: that there is one handler for each, with the types of the contract, was checked as {@link Handlers}.
 */
const groupLayers = (handlers: Handlers) =>
  Object.values(api.groups).map(
    (group) =>
      HttpApiBuilder.group(api, group.identifier, (builder) =>
        builder.handleAll(
          Object.fromEntries(
            Object.entries(contract)
              .filter(([, operation]) => groupOf(operation) === group.identifier)
              .map(([name, operation]) => [
                operation.name,
                toHandler(operation, handlers[name as keyof Handlers]),
              ]),
          ) as never,
        ),
      ) as Layer.Layer<
        HttpApiGroup.Service<typeof api.identifier, typeof group.identifier>,
        never,
        Authorization | Idempotency | Validation | Store
      >,
  );

export const routes = (
  settings: Settings,
): Layer.Layer<never, never, HttpRouter.HttpRouter | Store> => {
  const [first, ...rest] = groupLayers(makeHandlers(settings));
  return Layer.mergeAll(
    HttpApiBuilder.layer(api, { openapiPath: "/openapi.json" }),
    HttpApiScalar.layer(api, { path: "/docs" }),
  ).pipe(
    Layer.provide(Layer.mergeAll(first!, ...rest)),
    Layer.provide([authorization(settings.apiKey), idempotency, validation]),
    Layer.provide(HttpServer.layerServices),
  );
};
