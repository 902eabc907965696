/** The server as one effect: read, route, answer. It holds no transport. */
import * as Data from "effect/Data";
import * as Effect from "effect/Effect";
import * as HttpMiddleware from "effect/http/HttpMiddleware";
import * as HttpRouter from "effect/http/HttpRouter";
import * as HttpServerRequest from "effect/http/HttpServerRequest";
import * as HttpServerResponse from "effect/http/HttpServerResponse";
import * as Layer from "effect/Layer";
import * as Result from "effect/Result";
import type * as Scope from "effect/Scope";
import type { Operation } from "../internal/wire/operation.ts";
import * as contract from "../internal/wire/v1/index.ts";
import { v2 as generation } from "../internal/wire/v2/generation.ts";
import { viewSeries } from "../internal/wire/view.ts";
import { bearerOf } from "./bearer.ts";
import { acceptedEncoding, type Body, readBody } from "./body.ts";
import {
  cutShort,
  type Fault,
  RefusedEvents,
  type RequestAct,
  takeFault,
  takeRefusal,
} from "./faults.ts";
import { newId } from "./ids.ts";
import {
  eventsOf,
  type LoggedRequest,
  makeRequestLog,
  type OperationName,
  type RequestLog,
  toLoggedEvent,
} from "./log.ts";
import { outageOf, report } from "./outage.ts";
import type { Refusal } from "./rules/refusal.ts";
import type { Site } from "./site.ts";
import type { Store } from "./store.ts";
import { failure as failureOfV1 } from "./v1/envelope.ts";
import type { Settings } from "./v1/handlers.ts";
import * as v1 from "./v1/index.ts";
import { type Asked, failure as failureOfV2 } from "./v2/envelope.ts";
import * as v2 from "./v2/index.ts";
import * as view from "./view/index.ts";

/** The connection is lost, by order of a fault. */
export class Dropped extends Data.TaggedError("Dropped")<{
  readonly when: "before" | "after" | "while";
}> {}

/** Answers the request in context. */
export type App = Effect.Effect<
  HttpServerResponse.HttpServerResponse,
  Dropped,
  HttpServerRequest.HttpServerRequest | Scope.Scope
>;

/** For tests: what has arrived, and what is to go wrong. */
export interface Desk {
  readonly faults: Array<Fault>;
  readonly log: RequestLog;
  /** Tokens that are refused from now on. */
  readonly expired: Set<string>;
}

export const makeDesk = (): Desk => ({ faults: [], log: makeRequestLog(), expired: new Set() });

// -----------------------------------------------------------------------------
// Paths
// -----------------------------------------------------------------------------

interface Path {
  /** Of a path that takes events, each of them says. */
  readonly operation: OperationName | "events" | undefined;
  readonly method: string;
  readonly pattern: RegExp;
}

const patternOf = ({ generation, path }: Pick<Operation, "generation" | "path">) =>
  new RegExp(`^${generation.basePath}${path.replace(/:\w+/g, "[^/]+")}$`);

const paths: ReadonlyArray<Path> = [
  ...Object.values(contract).map((operation) => ({
    operation: operation.name,
    method: operation.method,
    pattern: patternOf(operation),
  })),
  ...v2.routed.map((operation) => ({
    operation: "event" in operation ? ("events" as const) : operation.name,
    method: operation.method,
    pattern: patternOf(operation),
  })),
  { operation: undefined, method: viewSeries.method, pattern: new RegExp(`^${viewSeries.path}$`) },
  ...["healthz", "openapi\\.json", "docs"].map((path) => ({
    operation: undefined,
    method: "GET",
    pattern: new RegExp(`^/${path}$`),
  })),
];

/** The path of a request as it was written, and behind it the rest. */
const targetOf = ({ url }: HttpServerRequest.HttpServerRequest) => {
  // By hand: a socket brings targets that `URL` cannot read, and those that it reads it rewrites.
  const target = url.replace(/^https?:\/\/[^/?#]*/, "").replace(/#.*$/, "");
  const [path = ""] = target.split("?", 1);
  return { path, query: target.slice(path.length) };
};

/** Failures are wrapped as the API that was asked wraps them. */
const failureFor = (request: HttpServerRequest.HttpServerRequest) =>
  [`${generation.basePath}/`, viewSeries.path].some((start) =>
    targetOf(request).path.startsWith(start),
  )
    ? failureOfV2
    : failureOfV1;

/** What the router has no handler for. */
const unrouted = (request: HttpServerRequest.HttpServerRequest) => {
  const { method } = request;
  const { path } = targetOf(request);
  const failure = failureFor(request);
  const methods = paths.filter(({ pattern }) => pattern.test(path)).map((one) => one.method);
  if (methods.length === 0) return failure(404, `there is no ${path}`, "not_found");
  if (methods.includes(method)) return failure(400, "path: expected percent-encoded UTF-8");
  return HttpServerResponse.setHeader(
    failure(405, `${path} does not take ${method}`),
    "allow",
    methods.join(", "),
  );
};

/** Paths are taken as they are written: a client that writes them in another way is wrong. */
const routerConfig = {
  caseSensitive: true,
  ignoreTrailingSlash: false,
  ignoreDuplicateSlashes: false,
  maxParamLength: Number.MAX_SAFE_INTEGER,
};

const healthz = HttpRouter.add("GET", "/healthz", HttpServerResponse.jsonUnsafe({ status: "ok" }));

// -----------------------------------------------------------------------------
// Requests
// -----------------------------------------------------------------------------

const parse = (text: string): unknown => {
  if (text === "") return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
};

const toLogged = (request: HttpServerRequest.HttpServerRequest, text: string): LoggedRequest => {
  const { path, query } = targetOf(request);
  const operation = paths.find(
    ({ method, pattern }) => method === request.method && pattern.test(path),
  )?.operation;
  const body = parse(text);
  const events = operation === "events" ? eventsOf(body) : [];
  return {
    operation: operation === "events" ? events[0]?.operation : operation,
    events,
    method: request.method,
    path,
    query: [...new URLSearchParams(query)],
    headers: request.headers,
    body,
  };
};

// -----------------------------------------------------------------------------
// Answers
// -----------------------------------------------------------------------------

/** The router's own refusal of a body that is not JSON is plain text. */
const inEnvelope = (response: HttpServerResponse.HttpServerResponse) =>
  response.status === 415 ? failureOfV1(415, "body: expected application/json") : response;

/** What is to go wrong with a request. */
interface Plan {
  readonly fault: RequestAct | undefined;
  /** Whether the token that it carries has expired by now, by a fault. */
  readonly isExpired: () => boolean;
  readonly refusalOf: (asked: Asked) => object | undefined;
}

const asUsual: Plan = { fault: undefined, isExpired: () => false, refusalOf: () => undefined };

/** Keeps the request for the test that asks, and looks whether something is to go wrong. */
const note = (
  { expired, faults, log }: Desk,
  isApiKey: Settings["isApiKey"],
  request: HttpServerRequest.HttpServerRequest,
  body: Result.Result<Body, Refusal>,
): Plan => {
  const text = Result.isSuccess(body) ? body.success.text : "";
  const logged = toLogged(request, text);
  log.add(logged, text.length);
  const bearer = bearerOf(request) ?? "";
  const hasToken = bearer !== "" && !isApiKey(bearer);
  const fault = takeFault(faults, logged, hasToken && !expired.has(bearer));
  if (fault?._tag === "ExpireToken") expired.add(bearer);
  return {
    fault,
    isExpired: () => expired.has(bearer),
    refusalOf: (asked) => takeRefusal(faults, logged, toLoggedEvent(asked)),
  };
};

/** Counts what is at work. */
const makeWork = () => {
  let count = 0;
  const waiting = new Set<() => void>();
  return {
    during: <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
      Effect.suspend(() => {
        count++;
        return Effect.onExit(self, () =>
          Effect.sync(() => {
            if (--count === 0) for (const resume of waiting) resume();
          }),
        );
      }),
    idle: Effect.callback<void>((resume) => {
      if (count === 0) return resume(Effect.void);
      const done = () => resume(Effect.void);
      waiting.add(done);
      return Effect.sync(() => void waiting.delete(done));
    }),
  };
};

/** What the store could not do, or what should not have happened. */
const failed = (request: HttpServerRequest.HttpServerRequest, defect: unknown) => {
  const { status, message, code, retryAfterMs } = outageOf(defect);
  const response = failureFor(request)(status, message, code);
  return retryAfterMs === undefined
    ? response
    : HttpServerResponse.setHeader(response, "retry-after", String(retryAfterMs / 1000));
};

export interface Server {
  /** Fails only with {@link Dropped}, and only where there is a desk. */
  readonly answer: App;
  /** Until no request is at work that has come whole. */
  readonly idle: Effect.Effect<void>;
}

export const makeApp = (
  settings: Settings,
  desk?: Desk,
  site: Site = Layer.empty,
): Effect.Effect<Server, never, Scope.Scope | Store> =>
  HttpRouter.toHttpEffect(
    Layer.mergeAll(v1.routes(settings), v2.routes(settings), view.routes(settings), healthz, site),
  ).pipe(
    Effect.provideService(HttpRouter.RouterConfig, routerConfig),
    Effect.map((route): Server => {
      const work = makeWork();
      const act = (
        request: HttpServerRequest.HttpServerRequest,
        body: Result.Result<Body, Refusal>,
      ) => {
        const failure = failureFor(request);
        if (Result.isFailure(body)) {
          const { status, message, code } = body.failure;
          return Effect.succeed(failure(status, message, code));
        }
        return route.pipe(
          Effect.map((response) => inEnvelope(response)),
          Effect.catch((error) =>
            Effect.succeed(
              error.reason._tag === "RouteNotFound"
                ? unrouted(request)
                : failure(400, error.message),
            ),
          ),
          Effect.catchDefect((defect) => Effect.as(report(defect), failed(request, defect))),
          Effect.provideService(HttpServerRequest.HttpServerRequest, body.success.request),
        );
      };
      const answer: App = Effect.gen(function* () {
        const request = yield* HttpServerRequest.HttpServerRequest;
        const body = yield* Effect.result(readBody(request));
        const { fault, isExpired, refusalOf } =
          desk === undefined ? asUsual : note(desk, settings.isApiKey, request, body);
        if (fault?._tag === "DropBefore") return yield* new Dropped({ when: "before" });
        if (fault?._tag === "Respond") return fault.response(failureFor(request));
        // On a port handlers are uninterruptible; neither its end nor a client that goes need wait for this.
        if (fault?._tag === "Delay") yield* Effect.interruptible(Effect.sleep(fault.duration));
        const acting = isExpired()
          ? Effect.succeed(failureFor(request)(401, "the token has expired", "token_expired"))
          : act(request, body);
        const response = yield* work
          .during(acting)
          .pipe(Effect.provideService(RefusedEvents, refusalOf));
        if (fault?._tag === "DropAfter") return yield* new Dropped({ when: "after" });
        const whole = HttpServerResponse.setHeaders(response, {
          "x-request-id": newId(),
          "accept-encoding": acceptedEncoding,
        });
        return fault?._tag === "CutShort"
          ? cutShort(whole, fault.lines, new Dropped({ when: "while" }))
          : whole;
      }).pipe(Effect.provideService(HttpMiddleware.TracerDisabledWhen, () => true));
      return { answer, idle: work.idle };
    }),
  );
