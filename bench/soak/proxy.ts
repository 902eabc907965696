/** Stands between the client and the server, hands requests on, and does its worst to a part of them. */
import {
  Agent,
  createServer,
  request as send,
  type IncomingMessage,
  type ServerResponse,
} from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { buffer } from "node:stream/consumers";
import { type Answer, faults } from "./faults.ts";

/** What the proxy saw, to be compared with what the client believes. */
export interface Seen {
  readonly requests: number;
  readonly faults: Readonly<Record<string, number>>;
  /** Answers that the server had given before, to the same `Idempotency-Key`. */
  readonly replayed: number;
}

/** Every kind of fault as often as every other, in an order that is new each time around. */
const rotation = function* (): Generator<string, never> {
  for (;;) {
    const kinds = Object.keys(faults);
    while (kinds.length > 0) {
      yield* kinds.splice(Math.floor(Math.random() * kinds.length), 1);
    }
  }
};

const outageMillis = 200;

/** Starts a proxy before `upstream` that breaks the given part of the requests. */
export const startProxy = async (upstream: string, rate: number) => {
  const agent = new Agent({ keepAlive: true });
  const kinds = rotation();
  const open = new Set<Socket>();
  const seen = {
    requests: 0,
    faults: Object.fromEntries(Object.keys(faults).map((kind) => [kind, 0])),
    replayed: 0,
  };

  const act = async (request: IncomingMessage, body: Buffer): Promise<Answer> => {
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      const { method, url, headers } = request;
      send(upstream + url, { method, headers, agent }, resolve)
        .on("error", reject)
        .end(body);
    });
    if (answer.headers["idempotent-replayed"] !== undefined) seen.replayed++;
    return {
      status: answer.statusCode!,
      headers: answer.headers,
      body: await buffer(answer),
    };
  };

  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    const body = await buffer(request);
    seen.requests++;
    const kind = Math.random() < rate ? kinds.next().value : undefined;
    if (kind === undefined) {
      const { status, headers, body: text } = await act(request, body);
      response.writeHead(status, headers).end(text);
      return;
    }
    seen.faults[kind]!++;
    const { socket } = request;
    await faults[kind]!({ socket, response, act: () => act(request, body), outage });
  };

  const server = createServer((request, response) => {
    response.on("error", () => {});
    handle(request, response).catch(() => request.socket.destroy());
  });
  server.on("connection", (socket) => {
    socket.on("error", () => {});
    socket.on("close", () => open.delete(socket));
    open.add(socket);
  });

  let port = 0;
  const listen = () =>
    new Promise<void>((resolve, reject) => {
      server.once("error", reject).listen(port, "127.0.0.1", () => {
        server.off("error", reject);
        port = (server.address() as AddressInfo).port;
        resolve();
      });
    });
  /** Somebody may have the port for a moment: a client that tries it can be given it as its own. */
  const comeBack = () => setTimeout(() => void listen().catch(comeBack), outageMillis);
  const outage = () => {
    if (!server.listening) return;
    server.close();
    for (const socket of open) socket.destroy();
    comeBack();
  };

  await listen();
  return { origin: `http://127.0.0.1:${port}`, seen: (): Seen => seen };
};
