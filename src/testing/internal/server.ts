/**
 * The server as one effect: log, fault, route, answer. It holds no transport; those are in `MetricsServer`.
 */
import * as Data from "effect/Data";
import * as Effect from "effect/Effect";
import * as HttpMiddleware from "effect/http/HttpMiddleware";
import * as HttpRouter from "effect/http/HttpRouter";
import * as HttpServer from "effect/http/HttpServer";
import * as HttpServerRequest from "effect/http/HttpServerRequest";
import * as HttpServerResponse from "effect/http/HttpServerResponse";
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder";
import type * as HttpApiGroup from "effect/http-api/HttpApiGroup";
import * as HttpApiScalar from "effect/http-api/HttpApiScalar";
import * as Layer from "effect/Layer";
import type * as Scope from "effect/Scope";
import * as contract from "../../internal/contract/index.ts";
import { basePath, type Operation } from "../../internal/contract/operation.ts";
import { api, type Authorization, groupOf, type Idempotency, type Validation } from "./api.ts";
import { type Fault, type LoggedRequest, takeFault } from "./faults.ts";
import { type Handlers, makeHandlers } from "./handlers.ts";
import { authorization, idempotency, validation } from "./middleware.ts";
import { problemResponse } from "./problems.ts";
import { newId, type State } from "./state.ts";

/** The connection is lost, by order of a fault. */
export class Dropped extends Data.TaggedError("Dropped")<{
  readonly when: "before" | "after";
}> {}

export interface Memory {
  readonly state: State;
  readonly faults: Array<Fault>;
  readonly requests: Array<LoggedRequest>;
}

/**
 * The handlers of each group. Which operations there are is known here only at run time, so that the compiler cannot follow:
 * that there is one handler for each, with the types of the contract, was checked as {@link Handlers}.
 */
const groupLayers = (handlers: Handlers) =>
  Object.values(api.groups).map(
    (group) =>
      HttpApiBuilder.group(api, group.identifier, (builder) =>
        builder.handleAll(
          Object.fromEntries(
            Object.entries(contract)
              .filter(([, operation]) => groupOf(operation) === group.identifier)
              .map(([name, operation]) => [operation.name, handlers[name as keyof Handlers]]),
          ) as never,
        ),
      ) as Layer.Layer<
        HttpApiGroup.Service<typeof api.identifier, typeof group.identifier>,
        never,
        Authorization | Idempotency | Validation
      >,
  );

const routes = (state: State) => {
  const [first, ...rest] = groupLayers(makeHandlers(state));
  return Layer.mergeAll(
    HttpApiBuilder.layer(api, { openapiPath: "/openapi.json" }),
    HttpApiScalar.layer(api, { path: "/docs" }),
  ).pipe(
    Layer.provide(Layer.mergeAll(first!, ...rest)),
    Layer.provide([authorization(state), idempotency, validation]),
    Layer.provide(HttpServer.layerServices),
  );
};

const patterns = Object.values(contract).map((operation: Operation) => ({
  operation: operation as (typeof contract)[keyof typeof contract],
  pattern: new RegExp(`^${basePath}${operation.path.replace(/:\w+/g, "[^/]+")}$`),
}));

const parse = (text: string): unknown => {
  if (text === "") return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
};

const log = (request: HttpServerRequest.HttpServerRequest, text: string): LoggedRequest => {
  // By hand: a socket brings targets that `URL` cannot read, and those that it reads it rewrites.
  const target = request.url.replace(/^https?:\/\/[^/?#]*/, "").replace(/#.*$/, "");
  const [path = ""] = target.split("?", 1);
  return {
    operation: patterns.find(
      ({ operation, pattern }) => operation.method === request.method && pattern.test(path),
    )?.operation.name,
    method: request.method,
    path,
    query: [...new URLSearchParams(target.slice(path.length))],
    headers: request.headers,
    body: parse(text),
  };
};

const unrouted = ({ operation, method, path }: LoggedRequest) => {
  if (operation !== undefined) {
    return problemResponse(400, "Bad Request", "path: expected percent-encoded UTF-8");
  }
  const methods = patterns
    .filter(({ pattern }) => pattern.test(path))
    .map((one) => one.operation.method);
  return methods.length === 0
    ? problemResponse(404, "Not Found", `there is no ${path}`)
    : HttpServerResponse.setHeader(
        problemResponse(405, "Method Not Allowed", `${path} does not take ${method}`),
        "allow",
        methods.join(", "),
      );
};

/** The router's own refusal of a body that is not JSON is plain text. */
const asProblem = (response: HttpServerResponse.HttpServerResponse) =>
  response.status === 415
    ? problemResponse(415, "Unsupported Media Type", "body: expected application/json")
    : response;

/** How many requests are remembered; the oldest goes first. */
const maxRequests = 10_000;

/** Paths are taken as they are written: a client that writes them in another way is wrong. */
const routerConfig = {
  caseSensitive: true,
  ignoreTrailingSlash: false,
  ignoreDuplicateSlashes: false,
  maxParamLength: Number.MAX_SAFE_INTEGER,
};

/** Answers the request in context; fails only with {@link Dropped}. */
export const makeServer = (
  memory: Memory,
): Effect.Effect<
  Effect.Effect<
    HttpServerResponse.HttpServerResponse,
    Dropped,
    HttpServerRequest.HttpServerRequest | Scope.Scope
  >,
  never,
  Scope.Scope
> =>
  HttpRouter.toHttpEffect(routes(memory.state)).pipe(
    Effect.provideService(HttpRouter.RouterConfig, routerConfig),
    Effect.map((app) =>
      Effect.gen(function* () {
        const request = yield* HttpServerRequest.HttpServerRequest;
        const logged = log(request, yield* Effect.orElseSucceed(request.text, () => ""));
        memory.requests.push(logged);
        if (memory.requests.length > maxRequests) memory.requests.shift();
        const act = takeFault(memory.faults, logged);
        if (act?._tag === "DropBefore") return yield* new Dropped({ when: "before" });
        if (act?._tag === "Respond") return act.response;
        // A server on a port runs its handlers uninterruptible; a client that goes, and the end of the server, need not wait for this.
        if (act?._tag === "Delay") yield* Effect.interruptible(Effect.sleep(act.duration));
        const response = yield* app.pipe(
          Effect.map(asProblem),
          Effect.catch((error) =>
            Effect.succeed(
              error.reason._tag === "RouteNotFound"
                ? unrouted(logged)
                : problemResponse(400, "Bad Request", error.message),
            ),
          ),
        );
        if (act?._tag === "DropAfter") return yield* new Dropped({ when: "after" });
        return HttpServerResponse.setHeader(response, "x-request-id", newId());
      }).pipe(Effect.provideService(HttpMiddleware.TracerDisabledWhen, () => true)),
    ),
  );
