/** An HTTP proxy that stands before a server and makes some of what passes fail. */
import { once } from "node:events";
import { Agent, createServer, type IncomingMessage, request } from "node:http";
import type { AddressInfo } from "node:net";
import { faults, type FaultName, makeDeck, type Upstream } from "./faults.ts";

export interface Options {
  /** Of the server behind. */
  readonly port: number;
  /** The share of requests that meet a fault. */
  readonly rate: number;
  readonly seed: string;
  /** After so many requests the proxy is down for `downFor` milliseconds. */
  readonly downEvery: number;
  readonly downFor: number;
}

export interface Counts {
  requests: number;
  /** How often the proxy was down. */
  downs: number;
  /** Requests that came while it was, over a connection that was open before. */
  lostWhileDown: number;
  readonly faults: { [name in FaultName]?: number };
}

const bodyOf = async (message: IncomingMessage): Promise<Buffer> => {
  const chunks: Array<Buffer> = [];
  for await (const chunk of message) chunks.push(chunk);
  return Buffer.concat(chunks);
};

/** Listens on loopback, and counts what it does. */
export const startProxy = async (options: Options) => {
  const counts: Counts = { requests: 0, downs: 0, lostWhileDown: 0, faults: {} };
  const next = makeDeck(options.rate, options.seed);
  const agent = new Agent({ keepAlive: true });

  const forward = async (incoming: IncomingMessage, body: Buffer): Promise<Upstream> => {
    const { method, url, headers } = incoming;
    const outgoing = request({ port: options.port, method, path: url, headers, agent });
    outgoing.end(body);
    const [answer]: Array<IncomingMessage> = await once(outgoing, "response");
    const read = await bodyOf(answer!);
    const kept: Record<string, string> = {};
    for (const [name, value] of Object.entries(answer!.headers)) {
      if (/^(content-type|x-request-id|idempotent-replayed)$/.test(name)) kept[name] = `${value}`;
    }
    return { status: answer!.statusCode!, headers: kept, body: read };
  };

  const server = createServer();
  const listen = async (port: number) => {
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
    return (server.address() as AddressInfo).port;
  };
  let down = false;
  const port = await listen(0);

  const goDown = () => {
    down = true;
    counts.downs++;
    server.close();
    setTimeout(() => void listen(port).then(() => (down = false)), options.downFor);
  };

  server.keepAliveTimeout = 60_000;
  server.on("request", async (incoming, response) => {
    response.on("error", () => {});
    try {
      const body = await bodyOf(incoming);
      if (down) {
        counts.lostWhileDown++;
        return response.socket?.destroy();
      }
      if (++counts.requests % options.downEvery === 0) {
        goDown();
        return response.socket?.destroy();
      }
      const act = () => forward(incoming, body);
      const name = next();
      if (name === undefined) {
        const { status, headers, body } = await act();
        return response.writeHead(status, headers).end(body);
      }
      counts.faults[name] = (counts.faults[name] ?? 0) + 1;
      await faults[name]({ response, act });
    } catch {
      // The client went away.
      response.socket?.destroy();
    }
  });

  return { port, counts };
};
