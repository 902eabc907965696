/**
 * A reference server for Syvain Metrics, in memory, made from the same contract as the client.
 *
 * It keeps state and has the service's rules: keys are checked, slugs are unique, `client_event_id` and `Idempotency-Key` deduplicate,
 * lists are paginated, ingestion keys expire and can be revoked. It is strict where a client is wrong: an unknown or camelCase field,
 * a missing `Idempotency-Key`, a wrong bearer is refused with a body that says so.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as HttpClient from "effect/http/HttpClient";
import * as HttpClientError from "effect/http/HttpClientError";
import type { HttpClientRequest } from "effect/http/HttpClientRequest";
import * as HttpServer from "effect/http/HttpServer";
import * as HttpServerRequest from "effect/http/HttpServerRequest";
import * as HttpServerResponse from "effect/http/HttpServerResponse";
import * as Layer from "effect/Layer";
import type * as NetAddress from "effect/net/NetAddress";
import * as Predicate from "effect/Predicate";
import * as Redacted from "effect/Redacted";
import * as Tracer from "effect/Tracer";
import * as ConfigService from "../ConfigService.ts";
import * as IngestionKeyCache from "../IngestionKeyCache.ts";
import type { MetricsApiAuthError } from "../MetricsApiError.ts";
import type { Fault, LoggedRequest } from "./internal/faults.ts";
import { makeServer, type Memory } from "./internal/server.ts";
import { newKey } from "./internal/state.ts";

// -----------------------------------------------------------------------------
// Service
// -----------------------------------------------------------------------------

/**
 * A request that arrived at the server.
 *
 * @category models
 * @since 0.1.0
 */
export type { LoggedRequest };

/**
 * The server that a layer started.
 *
 * @category services
 * @since 0.1.0
 */
export class MetricsServer extends Context.Service<
  MetricsServer,
  {
    /** The one API key that the server knows. */
    readonly apiKey: Redacted.Redacted;
    /** The host that it answers for. */
    readonly host: string;
    /** Every request that arrived, in order, those met by a fault too. The newest 10,000 are kept. */
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
 * @since 0.1.0
 */
export interface Options {
  /** Default: a new one that nobody guesses. */
  readonly apiKey?: string | Redacted.Redacted | undefined;
  /** How long an ingestion key is valid; `"Infinity"` for ever. Default: 1 hour. */
  readonly ingestionKeyTtl?: Duration.Input | undefined;
  /** The name of the organization. Default: `"Reference"`. */
  readonly organization?: string | undefined;
}

/**
 * @category options
 * @since 0.1.0
 */
export interface InProcessOptions extends Options {
  /** The origin that it answers for. Default: `"https://metrics.test"`. */
  readonly host?: string | undefined;
}

/**
 * @category options
 * @since 0.1.0
 */
export interface ClientOptions
  extends InProcessOptions, Omit<ConfigService.Options, "host" | "allowInsecureHost"> {}

// -----------------------------------------------------------------------------
// Building blocks
// -----------------------------------------------------------------------------

const makeMemory = (options: Options): Memory => ({
  state: {
    apiKey:
      options.apiKey === undefined
        ? newKey("sk_")
        : Redacted.isRedacted(options.apiKey)
          ? options.apiKey
          : Redacted.make(options.apiKey),
    organization: { id: "organization", name: options.organization ?? "Reference" },
    ingestionKeyTtl: Duration.fromInputUnsafe(options.ingestionKeyTtl ?? "1 hour"),
    folders: new Map(),
    experiments: new Map(),
    ingestionKeys: new Map(),
  },
  faults: [],
  requests: [],
});

const serviceOf = (
  { state, faults, requests }: Memory,
  host: string,
): MetricsServer["Service"] => ({
  apiKey: state.apiKey,
  host,
  requests: Effect.sync(() => [...requests]),
  inject: (fault) => Effect.sync(() => void faults.push(fault)),
  clearFaults: Effect.sync(() => void faults.splice(0)),
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
 * @category layers
 * @since 0.1.0
 */
export const layerOptions = (
  options: InProcessOptions,
): Layer.Layer<MetricsServer | HttpClient.HttpClient> =>
  Layer.effectContext(
    Effect.gen(function* () {
      const { origin } = new URL(options.host ?? "https://metrics.test");
      const memory = makeMemory(options);
      const server = yield* makeServer(memory);
      const client = HttpClient.make((request, url) => {
        if (url.origin !== origin) {
          return Effect.fail(lost(request, `${url.origin} is not ${origin}`));
        }
        return server.pipe(
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
        Context.add(MetricsServer, serviceOf(memory, origin)),
      );
    }),
  );

/**
 * The server in process: it answers in the caller's own fiber, without a socket, so that `TestClock` drives what depends on time.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer: Layer.Layer<MetricsServer | HttpClient.HttpClient> = layerOptions({});

/**
 * Everything that a program on the client needs, configured for a server in process.
 *
 * **Gotchas**
 *
 * Waits between retries go by the clock of the test: under `it.effect` of `@effect/vitest`, move it with `TestClock.adjust`,
 * or use `it.live`.
 *
 * @category layers
 * @since 0.1.0
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

/** Breaks the connection of a request, where the platform lets one. */
const breakConnection = (source: object): void => {
  const socket = Predicate.hasProperty(source, "socket") ? source.socket : undefined;
  if (Predicate.hasProperty(socket, "destroy") && typeof socket.destroy === "function") {
    socket.destroy();
  }
};

/** Where a client on the same machine finds the server, also one that listens on every address. */
const reachable = (address: NetAddress.SocketAddress): string =>
  HttpServer.formatAddress(address)
    .replace("//0.0.0.0:", "//127.0.0.1:")
    .replace("//[::]:", "//[::1]:");

/**
 * The same server on the `HttpServer` in context, with `/openapi.json` and a page to read it at `/docs`.
 *
 * **Gotchas**
 *
 * `Faults.dropBefore` and `Faults.dropAfter` destroy the connection on Node. On a platform that does not let go of its sockets the
 * client gets a 500 instead.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerHttp = (
  options: Options = {},
): Layer.Layer<MetricsServer, never, HttpServer.HttpServer> =>
  Layer.effect(
    MetricsServer,
    Effect.gen(function* () {
      const memory = makeMemory(options);
      const server = yield* makeServer(memory);
      yield* HttpServer.serveEffect(
        server.pipe(
          Effect.catch(() =>
            Effect.map(HttpServerRequest.HttpServerRequest, ({ source }) => {
              breakConnection(source);
              return HttpServerResponse.empty({ status: 500 });
            }),
          ),
          // Outside a router nothing else ends a wait when the client goes away or the server stops.
          Effect.interruptible,
        ),
      );
      const { address } = yield* HttpServer.HttpServer;
      return serviceOf(memory, reachable(address));
    }),
  );
