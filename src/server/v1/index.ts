/** API v1 as routes, with its OpenAPI document and a page to read it. */
import * as Effect from "effect/Effect";
import type * as HttpRouter from "effect/http/HttpRouter";
import * as HttpServer from "effect/http/HttpServer";
import * as HttpServerResponse from "effect/http/HttpServerResponse";
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder";
import type * as HttpApiGroup from "effect/http-api/HttpApiGroup";
import * as HttpApiScalar from "effect/http-api/HttpApiScalar";
import * as Layer from "effect/Layer";
import * as contract from "../../internal/wire/v1/index.ts";
import { Refusal } from "../rules/refusal.ts";
import { type Store, StoreError } from "../store.ts";
import { api, type Atomicity, type Authorization, groupOf, type Validation } from "./api.ts";
import { refused } from "./envelope.ts";
import { type Handlers, makeHandlers, type Settings } from "./handlers.ts";
import { makeRawIngest } from "./ingest.ts";
import { atomicity, authorization, validation } from "./middleware.ts";

const isRefusal = (error: unknown): error is Refusal => error instanceof Refusal;
const isStoreError = (error: unknown): error is StoreError => error instanceof StoreError;

/** What is answered gets its envelope. What the store could not do is for the whole server to say. */
const toHandler =
  <E, R>(handler: (request: never) => Effect.Effect<unknown, E | Refusal | StoreError, R>) =>
  (request: never) =>
    handler(request).pipe(
      Effect.map((answer) =>
        HttpServerResponse.isHttpServerResponse(answer) ? answer : { data: answer, error: null },
      ),
      Effect.catchIf(isRefusal, (refusal) => Effect.succeed(refused(refusal))),
      Effect.catchIf(isStoreError, Effect.die),
    );

/**
 * The handlers of each group. Which operations there are is known here only at run time, so that the compiler cannot
 * follow: that there is one handler for each, with the types of the contract, was checked as {@link Handlers}.
 */
const groupLayers = (handlers: Handlers) =>
  Object.values(api.groups).map(
    (group) =>
      HttpApiBuilder.group(api, group.identifier, (builder) => {
        const names = Object.keys(handlers) as Array<keyof Handlers>;
        const members = names.filter((name) => groupOf(contract[name]) === group.identifier);
        const decoded = members.filter((name) => name !== "ingestMetrics");
        const most = builder.handleAll(
          Object.fromEntries(
            decoded.map((name) => [contract[name].name, toHandler(handlers[name])]),
          ) as never,
        ) as unknown as { readonly handleRaw: (name: string, handler: unknown) => typeof builder };
        return (
          members.includes("ingestMetrics")
            ? most.handleRaw(
                contract.ingestMetrics.name,
                toHandler(makeRawIngest(handlers.ingestMetrics)),
              )
            : most
        ) as never;
      }) as Layer.Layer<
        HttpApiGroup.Service<typeof api.identifier, typeof group.identifier>,
        never,
        Atomicity | Authorization | Validation | Store
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
    Layer.provide([authorization(settings.isApiKey), atomicity, validation]),
    Layer.provide(HttpServer.layerServices),
  );
};
