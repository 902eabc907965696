/** How the command reaches the service: through the proxy that the environment names, as other command lines do. */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient";
import * as Effect from "effect/Effect";
import type { HttpClient } from "effect/http/HttpClient";
import * as Layer from "effect/Layer";
import * as ConfigService from "../ConfigService.ts";
import { isLoopback } from "../internal/login/host.ts";

/** Undici is a good part of the command, and is loaded when it is needed. */
const proxyAgent = Effect.acquireRelease(
  Effect.tryPromise({
    try: async () => {
      const { EnvHttpProxyAgent } = await import("@effect/platform-node/Undici");
      return new EnvHttpProxyAgent();
    },
    // What the variable holds may be a password.
    catch: () =>
      new Error("HTTPS_PROXY or HTTP_PROXY is not a URL such as http://proxy.example.com:3128."),
  }),
  (agent) => Effect.promise(() => agent.destroy()),
);

/**
 * Follows `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY`, lower case first, on every version of Node and without
 * `NODE_USE_ENV_PROXY`. Loopback is reached directly, whatever they say.
 */
export const layer: Layer.Layer<HttpClient, Error, ConfigService.ConfigService> = Layer.unwrap(
  Effect.map(ConfigService.ConfigService, ({ host }) =>
    isLoopback(new URL(host).hostname)
      ? NodeHttpClient.layerUndici
      : Layer.provide(
          NodeHttpClient.layerUndiciNoDispatcher,
          Layer.effect(NodeHttpClient.Dispatcher, proxyAgent),
        ),
  ),
);
