/**
 * Making the reference server fail. Each effect makes a fault wait for the next matching requests; faults are used up
 * in order.
 *
 * **Gotchas**
 *
 * The client retries what these faults do to it, and its waits go by the clock of the test: under `it.effect` of
 * `@effect/vitest` fork the call and move the clock with `TestClock.adjust`, or use `it.live`.
 *
 * @module
 */
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Headers from "effect/http/Headers";
import * as HttpServerResponse from "effect/http/HttpServerResponse";
import type * as Schema from "effect/Schema";
import type { Act, Failure, Match } from "../server/faults.ts";
import type { LoggedEvent, LoggedRequest, OperationName } from "../server/log.ts";
import { MetricsServer } from "./MetricsServer.ts";

// -----------------------------------------------------------------------------
// Options
// -----------------------------------------------------------------------------

export type {
  /**
   * Which requests a fault is for. What is left out matches any.
   *
   * @category options
   */
  Match,
  /**
   * The name of an operation in the contract.
   *
   * @category options
   */
  OperationName,
};

/**
 * @category options
 */
export interface Options {
  /** How many requests; `Infinity` until `Faults.clear`. Default: 1. */
  readonly times?: number | undefined;
  /** Which requests. Default: any. */
  readonly match?: Match | undefined;
}

/**
 * @category options
 */
export interface StatusOptions extends Options {
  /** The error code in the default body, such as `"idempotency_key_in_progress"`. Default: none. */
  readonly code?: string | undefined;
  /** `Retry-After`: a duration, written in whole seconds, or the header as it stands. Default: none. */
  readonly retryAfter?: Duration.Duration | string | undefined;
  /** `retry-after-ms`, in milliseconds. Default: none. */
  readonly retryAfterMs?: number | undefined;
  /** Default: none. */
  readonly headers?: { readonly [name: string]: string } | undefined;
  /** Default: a failure in the service's envelope that says it is a fault. */
  readonly body?: string | undefined;
  /** Of `body`. Default: `"application/json"`. */
  readonly contentType?: string | undefined;
}

/**
 * @category options
 */
export interface EventOptions {
  /** How many events; `Infinity` until `Faults.clear`. Default: 1. */
  readonly times?: number | undefined;
  /** Events of which requests; an `operation` is that of the event itself. Default: any. */
  readonly match?: Match | undefined;
  /** Which of these events. Default: each. */
  readonly where?: ((event: LoggedEvent) => boolean) | undefined;
  /** As of an answer by HTTP. Default: 422. */
  readonly status?: number | undefined;
  /** Whether the same event may be taken another time. Default: `false`. */
  readonly retryable?: boolean | undefined;
  /** How long to leave it alone until then. Default: it is not said. */
  readonly retryAfter?: Duration.Input | undefined;
  /** Default: words that say that it is a fault. */
  readonly message?: string | undefined;
  /** What the service says besides. Default: nothing. */
  readonly details?: { readonly [key: string]: Schema.Json } | undefined;
}

/**
 * @category options
 */
export interface CutOptions extends Options {
  /** How many lines of a stream arrive whole. Default: 1. */
  readonly lines?: number | undefined;
}

/**
 * @category options
 */
export interface RedirectOptions extends Options {
  /** Default: 307. */
  readonly status?: number | undefined;
}

/**
 * @category options
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

const words = "a fault that was asked for";

const inject = (act: Act, { times = 1, match = {} }: Options) =>
  MetricsServer.use((server) => (times > 0 ? server.inject({ act, match, times }) : Effect.void));

/**
 * Answers with a status, without acting. As from something that stands in front of the service, the answer has no
 * `X-Request-Id` unless `headers` give it one.
 *
 * @example
 * ```ts
 * import { it } from "@effect/vitest";
 * import * as Effect from "effect/Effect";
 * import { Experiments } from "syvain-metrics-effect";
 * import { Faults, MetricsServer } from "syvain-metrics-effect/testing";
 *
 * it.live("survives an outage", () =>
 *   Effect.gen(function* () {
 *     yield* Faults.status(503, { times: 2, match: { operation: "Experiments.create" } });
 *     yield* Experiments.create({ slug: "run-1" });
 *   }).pipe(Effect.provide(MetricsServer.layerClient())),
 * );
 * ```
 *
 * @category faults
 */
export const status = (
  status: number,
  options: StatusOptions = {},
): Effect.Effect<void, never, MetricsServer> => {
  const { code, retryAfter, retryAfterMs, headers, body } = options;
  const { contentType = "application/json" } = options;
  const response = (failure: Failure) =>
    HttpServerResponse.setHeaders(
      body === undefined
        ? failure(status, words, code)
        : HttpServerResponse.text(body, { status, contentType }),
      {
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
      },
    );
  return inject({ _tag: "Respond", response }, options);
};

/**
 * Answers with a redirect, without acting.
 *
 * @example
 * ```ts
 * import { Faults } from "syvain-metrics-effect/testing";
 *
 * const moved = Faults.redirect("https://elsewhere.test/", { status: 301 });
 * ```
 *
 * @category faults
 */
export const redirect = (
  location: string,
  options: RedirectOptions = {},
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
 * @example
 * ```ts
 * import { Faults } from "syvain-metrics-effect/testing";
 *
 * const cutShort = Faults.garbage({ body: '{"data":', contentType: "application/json" });
 * ```
 *
 * @category faults
 */
export const garbage = (
  options: GarbageOptions = {},
): Effect.Effect<void, never, MetricsServer> => {
  const { body = "<!doctype html><title>Please wait</title>", contentType = "text/html" } = options;
  return status(options.status ?? 200, { ...options, body, contentType });
};

/**
 * Loses the connection before the server acts: it has done nothing.
 *
 * @example
 * ```ts
 * import { Faults } from "syvain-metrics-effect/testing";
 *
 * const twice = Faults.dropBefore({ times: 2 });
 * ```
 *
 * @category faults
 */
export const dropBefore = (options: Options = {}): Effect.Effect<void, never, MetricsServer> =>
  inject({ _tag: "DropBefore" }, options);

/**
 * Loses the connection after the server acted: the thing is done, and the client does not know.
 *
 * @example
 * ```ts
 * import { Faults } from "syvain-metrics-effect/testing";
 *
 * const lostAnswer = Faults.dropAfter({ match: { operation: "Metrics.ingest" } });
 * ```
 *
 * @category faults
 */
export const dropAfter = (options: Options = {}): Effect.Effect<void, never, MetricsServer> =>
  inject({ _tag: "DropAfter" }, options);

/**
 * Loses the connection in the midst of the answer, after the server acted: of a stream some lines have arrived and half
 * of the next, of any other answer half.
 *
 * @example
 * ```ts
 * import { Faults } from "syvain-metrics-effect/testing";
 *
 * const halfOfIt = Faults.cutShort({ lines: 3, match: { operation: "Series.read" } });
 * ```
 *
 * @category faults
 */
export const cutShort = (options: CutOptions = {}): Effect.Effect<void, never, MetricsServer> =>
  inject({ _tag: "CutShort", lines: options.lines ?? 1 }, options);

/**
 * Refuses single events of API v2, inside an answer that is a success. They are not acted on; the others of their
 * request are.
 *
 * @example
 * ```ts
 * import { Faults } from "syvain-metrics-effect/testing";
 *
 * // The points of step 3, whenever they come.
 * const never = Faults.refuseEvent("too_many_series", {
 *   times: Infinity,
 *   match: { operation: "Runs.metrics" },
 *   where: ({ data }) => data["step"] === 3,
 * });
 * // The next two events, which are taken when they come again.
 * const later = Faults.refuseEvent("busy", { status: 503, retryable: true, times: 2 });
 * ```
 *
 * @category faults
 */
export const refuseEvent = (
  code: string,
  options: EventOptions = {},
): Effect.Effect<void, never, MetricsServer> => {
  const { details, message = words, retryable = false, retryAfter, status = 422 } = options;
  const data = {
    code,
    message,
    status,
    retryable,
    ...(details && { details }),
    ...(retryAfter !== undefined && {
      retryAfterMs: Duration.toMillis(Duration.fromInputUnsafe(retryAfter)),
    }),
  };
  return inject({ _tag: "RefuseEvent", where: options.where ?? (() => true), data }, options);
};

/**
 * Lets the token expire that the next matching request carries, be it that of a run (v2) or an ingestion key (v1): this
 * request and all that follow under the same token are refused with a 401. A client that gets itself another goes on.
 *
 * @example
 * ```ts
 * import { Faults } from "syvain-metrics-effect/testing";
 *
 * const beforeTheMetrics = Faults.expireToken({ match: { operation: "Runs.metrics" } });
 * ```
 *
 * @category faults
 */
export const expireToken = (options: Options = {}): Effect.Effect<void, never, MetricsServer> =>
  inject({ _tag: "ExpireToken" }, options);

/**
 * Waits before acting, by the clock in force.
 *
 * @example
 * ```ts
 * import { Faults } from "syvain-metrics-effect/testing";
 *
 * const slow = Faults.delay("1 minute", { match: { method: "POST" } });
 * ```
 *
 * @category faults
 */
export const delay = (
  duration: Duration.Input,
  options: Options = {},
): Effect.Effect<void, never, MetricsServer> =>
  inject({ _tag: "Delay", duration: Duration.fromInputUnsafe(duration) }, options);

/**
 * Forgets the faults that still wait.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect";
 * import { Faults } from "syvain-metrics-effect/testing";
 *
 * const shortOutage = Effect.andThen(Faults.status(503, { times: Infinity }), Faults.clear);
 * ```
 *
 * @category faults
 */
export const clear: Effect.Effect<void, never, MetricsServer> = MetricsServer.use(
  (server) => server.clearFaults,
);

// -----------------------------------------------------------------------------
// Log
// -----------------------------------------------------------------------------

/**
 * Every request that arrived, in order, those met by a fault too. The newest 10,000 are kept, fewer when their bodies
 * exceed 16 MiB.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect";
 * import { Faults } from "syvain-metrics-effect/testing";
 *
 * const operations = Effect.map(Faults.requests, (all) => all.map(({ operation }) => operation));
 * ```
 *
 * @category log
 */
export const requests: Effect.Effect<
  ReadonlyArray<LoggedRequest>,
  never,
  MetricsServer
> = MetricsServer.use((server) => server.requests);
