/** A real HTTP server on loopback that answers as a script says, and the transports that reach it. */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient";
import {
  createServer,
  type IncomingHttpHeaders,
  type Server,
  type ServerResponse,
} from "node:http";
import type { AddressInfo, Socket } from "node:net";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as FetchHttpClient from "effect/http/FetchHttpClient";
import * as HttpClient from "effect/http/HttpClient";
import type { KeyOptions } from "../../src/ConfigService.ts";
import * as SyvainMetrics from "../../src/SyvainMetrics.ts";

export const transports = {
  fetch: FetchHttpClient.layer,
  undici: NodeHttpClient.layerUndici,
};
export type Transport = keyof typeof transports;
export const transportNames: ReadonlyArray<Transport> = ["fetch", "undici"];

/** A request that arrived whole, and the means to answer it. */
export interface Turn {
  /** 1 for the first request. */
  readonly n: number;
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly response: ServerResponse;
  readonly socket: Socket;
  /** When the answer was sent whole, or the connection went before that. */
  readonly over: Promise<"answered" | "aborted">;
}

/** Fails, and does not hang, when what should happen does not. */
export const within5s = <A>(what: string, promise: Promise<A>): Effect.Effect<A> =>
  Effect.promise(() => {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`not within 5 seconds: ${what}`)), 5000);
    });
    return Promise.race([promise, late]).finally(() => clearTimeout(timer));
  });

export class SocketServer {
  readonly seen: Array<Turn> = [];
  readonly #server: Server;
  readonly #open = new Map<Socket, Promise<void>>();
  readonly #waiting: Array<{ readonly n: number; readonly arrived: (turn: Turn) => void }> = [];

  constructor(script: (turn: Turn) => void) {
    this.#server = createServer((request, response) => {
      const chunks: Array<Buffer> = [];
      request.on("error", () => {});
      response.on("error", () => {});
      request.on("data", (chunk) => chunks.push(chunk));
      const over = new Promise<"answered" | "aborted">((resolve) =>
        response.on("close", () => resolve(response.writableFinished ? "answered" : "aborted")),
      );
      request.on("end", () => {
        const turn: Turn = {
          n: this.seen.length + 1,
          method: request.method!,
          path: request.url!,
          headers: request.headers,
          body: Buffer.concat(chunks).toString(),
          response,
          socket: request.socket,
          over,
        };
        this.seen.push(turn);
        script(turn);
        for (const { n, arrived } of this.#waiting) if (n === turn.n) arrived(turn);
      });
    });
    this.#server.on("connection", (socket) => {
      socket.on("error", () => {});
      const closed = new Promise<void>((resolve) => socket.on("close", () => resolve()));
      this.#open.set(socket, closed);
    });
  }

  listen = Effect.callback<SocketServer>((resume) => {
    this.#server.listen(0, "127.0.0.1", () => resume(Effect.succeed(this)));
  });

  stop = Effect.callback<void>((resume) => {
    this.#server.close(() => resume(Effect.void));
    this.#server.closeAllConnections();
  });

  get origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** The n-th request, once it has arrived. */
  arrival(n: number): Effect.Effect<Turn> {
    const already = this.seen[n - 1];
    if (already !== undefined) return Effect.succeed(already);
    const arrived = new Promise<Turn>((resolve) => this.#waiting.push({ n, arrived: resolve }));
    return within5s(`request ${n} arrives`, arrived);
  }

  /** Every request so far is answered or given up: none is under way. */
  idle = Effect.suspend(() =>
    within5s("no request is under way", Promise.all(this.seen.map(({ over }) => over))),
  );

  /** How many connections are left, when all that were to close have closed. */
  connections = Effect.suspend(() =>
    within5s("every connection closes", Promise.all(this.#open.values())).pipe(
      Effect.andThen(
        Effect.callback<number>((resume) => {
          this.#server.getConnections((_, count) => resume(Effect.succeed(count)));
        }),
      ),
    ),
  );
}

/** The server, until the scope closes. */
export const serve = (script: (turn: Turn) => void) =>
  Effect.acquireRelease(
    Effect.suspend(() => new SocketServer(script).listen),
    (server) => server.stop,
  );

/** Everything a program on the client needs to reach the server. `onHeaders` is told of every answer before its body is read. */
export const layerClient = (
  transport: Transport,
  server: SocketServer,
  options: Partial<KeyOptions> & { readonly onHeaders?: () => void } = {},
) => {
  const { onHeaders, ...config } = options;
  const announcing = Layer.effect(
    HttpClient.HttpClient,
    Effect.map(
      HttpClient.HttpClient,
      HttpClient.tap(() => Effect.sync(() => onHeaders?.())),
    ),
  ).pipe(Layer.provide(transports[transport]));
  return SyvainMetrics.layer({ apiKey: "api-key", host: server.origin, ...config }).pipe(
    Layer.merge(onHeaders === undefined ? transports[transport] : announcing),
    Layer.orDie,
  );
};

/**
 * Runs a program against a server and sees that it leaves nothing behind: no request under way when it ends, and no connection
 * when its layers are closed. The connections of `fetch` belong to the process, which keeps idle ones.
 */
export const against =
  (transport: Transport, server: SocketServer, options?: Parameters<typeof layerClient>[2]) =>
  <A, E>(program: Effect.Effect<A, E, Layer.Success<ReturnType<typeof layerClient>>>) =>
    Effect.gen(function* () {
      const result = yield* Effect.provide(
        Effect.tap(program, server.idle),
        layerClient(transport, server, options),
      );
      if (transport === "undici") {
        const left = yield* server.connections;
        if (left !== 0) return yield* Effect.die(new Error(`${left} connections are left open`));
      }
      return result;
    });
