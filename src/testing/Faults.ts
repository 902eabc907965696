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
import type { Act, Match } from "../server/faults.ts";
import type { LoggedRequest, OperationName } from "../server/log.ts";
import { failure } from "../server/v1/envelope.ts";
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
  const response =
    body === undefined
      ? failure(status, "a fault that was asked for", code)
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
