/**
 * A reference server for Syvain Metrics, in memory, made from the same contracts as the clients: it speaks both APIs.
 *
 * It keeps state and has the service's rules: keys are checked, expire and can be revoked, `client_event_id`, message
 * ids and `Idempotency-Key` deduplicate, rows are filtered and sorted, and everything is answered in the envelope of
 * the API that was asked. It
 * is strict where a client is wrong: an unknown or camelCase field, a value of the wrong type, a limit that is broken
 * is refused with a message that says where.
 *
 * @module
 */
import * as Context from "effect/Context";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as HttpClient from "effect/http/HttpClient";
import * as HttpClientError from "effect/http/HttpClientError";
import type { HttpClientRequest } from "effect/http/HttpClientRequest";
import type * as HttpServer from "effect/http/HttpServer";
import * as HttpServerRequest from "effect/http/HttpServerRequest";
import * as HttpServerResponse from "effect/http/HttpServerResponse";
import * as Layer from "effect/Layer";
import * as Redacted from "effect/Redacted";
import type * as Scope from "effect/Scope";
import * as Tracer from "effect/Tracer";
import * as ConfigService from "../ConfigService.ts";
import * as IngestionKeyCache from "../IngestionKeyCache.ts";
import type { MetricsApiAuthError } from "../internal/base/errors.ts";
import { type App, makeApp, makeDesk } from "../server/app.ts";
import type { Fault } from "../server/faults.ts";
import { serveApp } from "../server/http.ts";
import { isSameSecret, newKey } from "../server/ids.ts";
import type { LoggedEvent, LoggedRequest } from "../server/log.ts";
import { makeMemoryStore } from "../server/memory.ts";
import { Store } from "../server/store.ts";

// -----------------------------------------------------------------------------
// Service
// -----------------------------------------------------------------------------

export type {
  /**
   * A request that arrived at the server.
   *
   * @category models
   */
  LoggedRequest,
  /**
   * An event in such a request, of API v2.
   *
   * @category models
   */
  LoggedEvent,
};

/**
 * The server that a layer started.
 *
 * @category services
 */
export class MetricsServer extends Context.Service<
  MetricsServer,
  {
    /** The one API key that the server knows. */
    readonly apiKey: Redacted.Redacted;
    /** The host that it answers for. */
    readonly host: string;
    /** Every request that arrived, in order; see `Faults.requests`. */
    readonly requests: Effect.Effect<ReadonlyArray<LoggedRequest>>;
    /** Makes a fault wait for its request; see `Faults`. */
    readonly inject: (fault: Fault) => Effect.Effect<void>;
    /** Forgets the faults that still wait. */
    readonly clearFaults: Effect.Effect<void>;
  }
>()("syvain-metrics-effect/testing/MetricsServer") {}

// -----------------------------------------------------------------------------
// Options
// -----------------------------------------------------------------------------

/**
 * @category options
 */
export interface Options {
  /** Default: a new one that nobody guesses, `ak_org_…`. */
  readonly apiKey?: string | Redacted.Redacted | undefined;
  /** How long an ingestion key is good when its creation does not say. Default: 24 hours. */
  readonly ingestionKeyTtl?: Duration.Input | undefined;
  /** The name of the organization. Default: `"Reference"`. */
  readonly organization?: string | undefined;
}

/**
 * @category options
 */
export interface InProcessOptions extends Options {
  /** The origin that it answers for. Default: `"https://metrics.test"`. */
  readonly host?: string | undefined;
}

/**
 * @category options
 */
export interface ClientOptions
  extends InProcessOptions, Omit<ConfigService.Options, "host" | "allowInsecureHost"> {}

// -----------------------------------------------------------------------------
// Building blocks
// -----------------------------------------------------------------------------

interface Running {
  readonly answer: App;
  readonly serviceOn: (host: string) => MetricsServer["Service"];
}

const start = (options: Options): Effect.Effect<Running, never, Scope.Scope> =>
  Effect.gen(function* () {
    const { apiKey = newKey("ak_org_") } = options;
    const key = Redacted.isRedacted(apiKey) ? apiKey : Redacted.make(apiKey);
    const desk = makeDesk();
    const { answer } = yield* makeApp(
      {
        isApiKey: (bearer) => isSameSecret(Redacted.value(key), bearer),
        organization: { id: "organization", name: options.organization ?? "Reference" },
        ingestionKeyTtl: Duration.fromInputUnsafe(options.ingestionKeyTtl ?? "24 hours"),
      },
      desk,
    ).pipe(Effect.provideService(Store, makeMemoryStore()));
    return {
      answer,
      serviceOn: (host) => ({
        apiKey: key,
        host,
        requests: Effect.sync(desk.log.all),
        inject: (fault) => Effect.sync(() => void desk.faults.push(fault)),
        clearFaults: Effect.sync(() => void desk.faults.splice(0)),
      }),
    };
  });

// -----------------------------------------------------------------------------
// In process
// -----------------------------------------------------------------------------

const lost = (request: HttpClientRequest, description: string) =>
  new HttpClientError.HttpClientError({
    reason: new HttpClientError.TransportError({ request, description }),
  });

/**
 * The server in process, with options. A request for any other origin fails as one to a host that is not there.
 *
 * @example
 * ```ts
 * import { MetricsServer } from "syvain-metrics-effect/testing";
 *
 * const server = MetricsServer.layerOptions({ apiKey: "my-key", ingestionKeyTtl: "10 minutes" });
 * ```
 *
 * @category layers
 */
export const layerOptions = (
  options: InProcessOptions,
): Layer.Layer<MetricsServer | HttpClient.HttpClient> =>
  Layer.effectContext(
    Effect.gen(function* () {
      const { origin } = new URL(options.host ?? "https://metrics.test");
      const { answer, serviceOn } = yield* start(options);
      const client = HttpClient.make((request, url) => {
        if (url.origin !== origin) {
          return Effect.fail(lost(request, `${url.origin} is not ${origin}`));
        }
        return answer.pipe(
          Effect.scoped,
          Effect.provideService(
            HttpServerRequest.HttpServerRequest,
            HttpServerRequest.fromClientRequest(request),
          ),
          // Or the router would write on the span of the call.
          Effect.updateContext((context: Context.Context<never>) =>
            Context.omit(Tracer.ParentSpan)(context),
          ),
          Effect.map((response) => HttpServerResponse.toClientResponse(response, { request })),
          Effect.mapError(({ when }) =>
            lost(request, `the connection was lost ${when} the server acted`),
          ),
        );
      });
      return Context.make(HttpClient.HttpClient, client).pipe(
        Context.add(MetricsServer, serviceOn(origin)),
      );
    }),
  );

/**
 * The server in process: it answers in the caller's own fiber, without a socket, so that `TestClock` drives what
 * depends on time.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect";
 * import * as HttpClient from "effect/http/HttpClient";
 * import { MetricsServer } from "syvain-metrics-effect/testing";
 *
 * const refused = Effect.gen(function* () {
 *   const { host } = yield* MetricsServer.MetricsServer;
 *   const { status } = yield* HttpClient.get(`${host}/api/v1/folders`);
 *   return status;
 * }).pipe(Effect.provide(MetricsServer.layer));
 * ```
 *
 * @category layers
 */
export const layer: Layer.Layer<MetricsServer | HttpClient.HttpClient> = layerOptions({});

/**
 * Everything that a program on the client needs, configured for a server in process: a program on API v1, on API v2,
 * or on both.
 *
 * **Gotchas**
 *
 * Waits between retries go by the clock of the test: under `it.effect` of `@effect/vitest`, move it with
 * `TestClock.adjust`, or use `it.live`.
 *
 * @example
 * ```ts
 * import { it } from "@effect/vitest";
 * import * as Effect from "effect/Effect";
 * import { Experiments } from "syvain-metrics-effect";
 * import { MetricsServer } from "syvain-metrics-effect/testing";
 *
 * it.effect("creates an experiment", () =>
 *   Experiments.create({ slug: "run-1" }).pipe(Effect.provide(MetricsServer.layerClient())),
 * );
 * ```
 *
 * @category layers
 */
export const layerClient = (
  options: ClientOptions = {},
): Layer.Layer<
  | MetricsServer
  | HttpClient.HttpClient
  | ConfigService.ConfigService
  | IngestionKeyCache.IngestionKeyCache,
  MetricsApiAuthError
> =>
  Layer.unwrap(
    Effect.map(MetricsServer, ({ apiKey, host }) =>
      ConfigService.layer({ ...options, apiKey, host }),
    ),
  ).pipe(Layer.merge(IngestionKeyCache.layer), Layer.provideMerge(layerOptions(options)));

// -----------------------------------------------------------------------------
// On a port
// -----------------------------------------------------------------------------

/**
 * The same server on the `HttpServer` in context, with `/openapi.json`, a page to read it at `/docs`, and `/healthz`.
 *
 * **Gotchas**
 *
 * `Faults.dropBefore` and `Faults.dropAfter` destroy the connection on Node. On a platform that does not let go of its
 * sockets the client gets a 500 instead.
 *
 * @example
 * ```ts
 * import { NodeHttpServer } from "@effect/platform-node";
 * import * as Layer from "effect/Layer";
 * import { createServer } from "node:http";
 * import { MetricsServer } from "syvain-metrics-effect/testing";
 *
 * const server = MetricsServer.layerHttp({ apiKey: "my-key" }).pipe(
 *   Layer.provide(NodeHttpServer.layer(createServer, { port: 4318, host: "127.0.0.1" })),
 * );
 * ```
 *
 * @category layers
 */
export const layerHttp = (
  options: Options = {},
): Layer.Layer<MetricsServer, never, HttpServer.HttpServer> =>
  Layer.effect(
    MetricsServer,
    Effect.gen(function* () {
      const { answer, serviceOn } = yield* start(options);
      return serviceOn(yield* serveApp(answer));
    }),
  );
