/**
 * Making the reference server fail. Each effect lays a fault in wait for the next matching requests; they are used up in order.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Headers from "effect/http/Headers";
import * as HttpServerResponse from "effect/http/HttpServerResponse";
import type { Act, LoggedRequest, Match, OperationName } from "./internal/faults.ts";
import { problemResponse } from "./internal/problems.ts";
import { MetricsServer } from "./MetricsServer.ts";

// -----------------------------------------------------------------------------
// Options
// -----------------------------------------------------------------------------

export type {
  /**
   * Which requests a fault is for. What is left out matches any.
   *
   * @category options
   * @since 0.1.0
   */
  Match,
  /**
   * The name of an operation in the contract.
   *
   * @category options
   * @since 0.1.0
   */
  OperationName,
};

/**
 * @category options
 * @since 0.1.0
 */
export interface Options {
  /** How many requests; `Infinity` until `Faults.clear`. Default: 1. */
  readonly times?: number | undefined;
  /** Which requests. Default: any. */
  readonly match?: Match | undefined;
}

/**
 * @category options
 * @since 0.1.0
 */
export interface StatusOptions extends Options {
  /** `Retry-After`: a duration, written in whole seconds, or the header as it stands. */
  readonly retryAfter?: Duration.Duration | string | undefined;
  /** `retry-after-ms`, in milliseconds. */
  readonly retryAfterMs?: number | undefined;
  readonly headers?: { readonly [name: string]: string } | undefined;
  /** Default: a problem body that says it is a fault. */
  readonly body?: string | undefined;
  /** Of `body`. Default: `"application/json"`. */
  readonly contentType?: string | undefined;
}

/**
 * @category options
 * @since 0.1.0
 */
export interface GarbageOptions extends Options {
  /** Default: a page of HTML, as a gateway sends. */
  readonly body?: string | undefined;
  /** Default: `"text/html"`. */
  readonly contentType?: string | undefined;
  /** Default: 200. */
  readonly status?: number | undefined;
}

// -----------------------------------------------------------------------------
// Faults
// -----------------------------------------------------------------------------

const inject = (act: Act, { times = 1, match = {} }: Options) =>
  MetricsServer.use((server) => (times > 0 ? server.inject({ act, match, times }) : Effect.void));

/**
 * Answers with a status, without acting. As from something that stands in front of the service, the answer has no `X-Request-Id`
 * unless `headers` give it one.
 *
 * @category faults
 * @since 0.1.0
 */
export const status = (
  status: number,
  options: StatusOptions = {},
): Effect.Effect<void, never, MetricsServer> => {
  const { retryAfter, retryAfterMs, headers, body, contentType = "application/json" } = options;
  const response =
    body === undefined
      ? problemResponse(status, "Fault", "a fault that was asked for")
      : HttpServerResponse.text(body, { status, contentType });
  return inject(
    {
      _tag: "Respond",
      response: HttpServerResponse.setHeaders(response, {
        ...headers,
        ...(retryAfter === undefined
          ? {}
          : {
              "retry-after":
                typeof retryAfter === "string"
                  ? retryAfter
                  : Headers.formatRetryAfter(Headers.retryAfterDuration(retryAfter)),
            }),
        ...(retryAfterMs === undefined ? {} : { "retry-after-ms": String(retryAfterMs) }),
      }),
    },
    options,
  );
};

/**
 * Answers with a redirect, without acting.
 *
 * @category faults
 * @since 0.1.0
 */
export const redirect = (
  location: string,
  options: Options & { readonly status?: number | undefined } = {},
): Effect.Effect<void, never, MetricsServer> =>
  status(options.status ?? 307, {
    ...options,
    headers: { location },
    body: "",
    contentType: "text/plain",
  });

/**
 * Answers 200 with something that is not what the contract says, without acting.
 *
 * @category faults
 * @since 0.1.0
 */
export const garbage = (
  options: GarbageOptions = {},
): Effect.Effect<void, never, MetricsServer> => {
  const {
    body = "<!doctype html><title>Please wait</title>",
    contentType = "text/html",
    status = 200,
  } = options;
  return inject(
    { _tag: "Respond", response: HttpServerResponse.text(body, { status, contentType }) },
    options,
  );
};

/**
 * Loses the connection before the server acts: nothing has happened.
 *
 * @category faults
 * @since 0.1.0
 */
export const dropBefore = (options: Options = {}): Effect.Effect<void, never, MetricsServer> =>
  inject({ _tag: "DropBefore" }, options);

/**
 * Loses the connection after the server acted: it has happened, and the client does not know.
 *
 * @category faults
 * @since 0.1.0
 */
export const dropAfter = (options: Options = {}): Effect.Effect<void, never, MetricsServer> =>
  inject({ _tag: "DropAfter" }, options);

/**
 * Waits before acting, by the clock in force.
 *
 * @category faults
 * @since 0.1.0
 */
export const delay = (
  duration: Duration.Input,
  options: Options = {},
): Effect.Effect<void, never, MetricsServer> =>
  inject({ _tag: "Delay", duration: Duration.fromInputUnsafe(duration) }, options);

/**
 * Forgets the faults that still wait.
 *
 * @category faults
 * @since 0.1.0
 */
export const clear: Effect.Effect<void, never, MetricsServer> = MetricsServer.use(
  (server) => server.clearFaults,
);

// -----------------------------------------------------------------------------
// Log
// -----------------------------------------------------------------------------

/**
 * Every request that arrived, in order, those met by a fault too. The newest 10,000 are kept.
 *
 * @category log
 * @since 0.1.0
 */
export const requests: Effect.Effect<
  ReadonlyArray<LoggedRequest>,
  never,
  MetricsServer
> = MetricsServer.use((server) => server.requests);
