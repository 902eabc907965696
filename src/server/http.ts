/** The server on a port. */
import * as Effect from "effect/Effect";
import * as HttpServer from "effect/http/HttpServer";
import * as HttpServerRequest from "effect/http/HttpServerRequest";
import * as HttpServerResponse from "effect/http/HttpServerResponse";
import type * as NetAddress from "effect/net/NetAddress";
import * as Predicate from "effect/Predicate";
import type * as Scope from "effect/Scope";
import type { App } from "./app.ts";

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

/** Serves on the `HttpServer` in context until the scope closes; answers where that is. */
export const serveApp = (
  answer: App,
): Effect.Effect<string, never, HttpServer.HttpServer | Scope.Scope> =>
  Effect.gen(function* () {
    yield* HttpServer.serveEffect(
      answer.pipe(
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
    return reachable(address);
  });
