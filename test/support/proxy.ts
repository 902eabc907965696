/** A forward proxy on loopback, and a service that nobody reaches but through it. */
import { readFileSync } from "node:fs";
import { createServer, request } from "node:http";
import { type AddressInfo, connect, type Server, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { createServer as createTlsServer } from "node:tls";
import { fileURLToPath } from "node:url";
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient";
import * as Undici from "@effect/platform-node/Undici";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import type * as Scope from "effect/Scope";

/** No resolver knows the name, so no request gets there by itself. */
export const remoteHost = "https://metrics.test";
const remote = "metrics.test:443";

/** The certificate of that name, which signs itself, and its key. Processes trust it by `NODE_EXTRA_CA_CERTS`. */
export const certificateFile = fileURLToPath(
  new URL("../fixtures/metrics.test.pem", import.meta.url),
);
export const certificate = readFileSync(certificateFile, "utf8");

export interface Proxy {
  /** `http://127.0.0.1:1234`, with the credentials where it asks for some. */
  readonly url: string;
  readonly port: number;
  /** What it was asked for, as `CONNECT metrics.test:443`, refused or not. */
  readonly asked: ReadonlyArray<string>;
}

export interface ProxyOptions {
  /** Where the service behind `remoteHost` really is: `http://127.0.0.1:4318`. */
  readonly origin: string;
  /** `user:password`; who does not say so is answered 407. */
  readonly credentials?: string | undefined;
}

const listening = (server: Server): Promise<number> =>
  new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port));
  });

/** Both ends are let go of with either. */
const join = (one: Duplex, other: Duplex): void => {
  one.on("error", () => other.destroy()).on("close", () => other.destroy());
  other.on("error", () => one.destroy()).on("close", () => one.destroy());
  one.pipe(other).pipe(one);
};

const start = async ({ origin, credentials }: ProxyOptions) => {
  const open = new Set<Socket>();
  const keep = (socket: Socket) => {
    open.add(socket.on("error", () => {}));
    socket.on("close", () => open.delete(socket));
  };
  const { hostname, port } = new URL(origin);
  const tls = createTlsServer({ key: certificate, cert: certificate }, (socket) =>
    join(socket, connect(Number(port), hostname)),
  );
  tls.on("connection", keep).on("tlsClientError", () => {});
  const tlsPort = await listening(tls);

  const asked: Array<string> = [];
  const expected =
    credentials === undefined ? undefined : `Basic ${Buffer.from(credentials).toString("base64")}`;
  const isWelcome = (authorization: string | undefined) =>
    expected === undefined || authorization === expected;
  const proxy = createServer((incoming, response) => {
    asked.push(`${incoming.method} ${incoming.url}`);
    const { "proxy-authorization": authorization, ...headers } = incoming.headers;
    if (!isWelcome(authorization)) return void response.writeHead(407).end("who are you?");
    const outgoing = request(incoming.url!, { method: incoming.method, headers }, (answer) =>
      answer.pipe(response.writeHead(answer.statusCode!, answer.headers)),
    );
    outgoing.on("error", () => response.destroy());
    return void incoming.pipe(outgoing);
  });
  proxy.on("connection", keep);
  proxy.on("connect", ({ headers, url }, client: Duplex) => {
    asked.push(`CONNECT ${url}`);
    client.on("error", () => {});
    if (!isWelcome(headers["proxy-authorization"])) {
      return void client.end("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n");
    }
    const { hostname, port } = new URL(
      url === remote ? `tcp://127.0.0.1:${tlsPort}` : `tcp://${url}`,
    );
    const upstream = connect(Number(port), hostname, () => {
      client.write("HTTP/1.1 200 Connection Established\r\n\r\n");
      join(client, upstream);
    });
    return upstream.on("error", () => client.destroy());
  });
  const proxyPort = await listening(proxy);
  const user = credentials === undefined ? "" : `${credentials}@`;
  return {
    url: `http://${user}127.0.0.1:${proxyPort}`,
    port: proxyPort,
    asked,
    stop: () => {
      proxy.close();
      tls.close();
      for (const socket of open) socket.destroy();
    },
  };
};

/** The proxy, until the scope closes. */
export const serveProxy = (options: ProxyOptions): Effect.Effect<Proxy, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.promise(() => start(options)),
    ({ stop }) => Effect.sync(stop),
  );

/** Undici through that proxy, as docs/proxies.md has it; here the environment is that of all tests, and is not set. */
export const layerThrough = (proxy: string) =>
  Layer.provide(
    NodeHttpClient.layerUndiciNoDispatcher,
    Layer.effect(
      NodeHttpClient.Dispatcher,
      Effect.acquireRelease(
        Effect.sync(() => new Undici.ProxyAgent({ uri: proxy, requestTls: { ca: certificate } })),
        (agent) => Effect.promise(() => agent.destroy()),
      ),
    ),
  );
