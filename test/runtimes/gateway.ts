/**
 * Stands between a client and the reference server, and misbehaves as the header `x-behaviour` of a request asks. It is also where a
 * browser finds its page, so that page and service have one origin.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

const textOf = async (request: IncomingMessage): Promise<string> => {
  let text = "";
  for await (const chunk of request.setEncoding("utf8")) text += chunk;
  return text;
};

export const startGateway = async (server: string, pages: Record<string, string>) => {
  const seen: Array<Record<string, unknown>> = [];
  const aborted: Array<string> = [];
  const acted = new Set<string>();

  const forward = async (request: IncomingMessage, path: string, response: ServerResponse) => {
    const body = await textOf(request);
    const headers = Object.fromEntries(
      ["authorization", "content-type", "idempotency-key", "accept"].flatMap((name) => {
        const value = request.headers[name];
        return typeof value === "string" ? [[name, value]] : [];
      }),
    );
    const answer = await fetch(server + path, {
      method: request.method!,
      headers,
      ...(body === "" ? {} : { body }),
    });
    const text = await answer.text();
    return () => {
      for (const name of ["content-type", "x-request-id", "idempotent-replayed"]) {
        const value = answer.headers.get(name);
        if (value !== null) response.setHeader(name, value);
      }
      response.writeHead(answer.status).end(text);
    };
  };

  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    const url = request.url!;
    if (url === "/seen") return void response.end(JSON.stringify(seen));
    if (url === "/aborted") return void response.end(aborted.join());
    const page = pages[url];
    if (page !== undefined) {
      const type = url.endsWith(".js") ? "text/javascript" : "text/html";
      return void response.writeHead(200, { "content-type": type }).end(page);
    }
    seen.push({ url, ...request.headers });
    response.on("close", () => {
      if (!response.writableFinished) aborted.push(String(request.headers["x-marker"]));
    });
    const behaviour = request.headers["x-behaviour"];
    switch (behaviour) {
      case "stall":
        return;
      case "stall-body":
        return void response.writeHead(200, { "content-type": "application/json" }).write("{");
      case "drop":
        return void request.socket.destroy();
      case "redirect":
        return void response.writeHead(307, { location: `/redirected${url}` }).end();
      case "act-then-503": {
        const answer = await forward(request, url, response);
        const key = String(request.headers["idempotency-key"]);
        if (acted.has(key)) return answer();
        acted.add(key);
        return void response.writeHead(503).end();
      }
      default:
        return (await forward(request, url, response))();
    }
  };

  const gateway = createServer((request, response) => {
    handle(request, response).catch((error: unknown) => response.writeHead(502).end(String(error)));
  });
  await new Promise<void>((resolve) => gateway.listen(0, "127.0.0.1", resolve));
  return {
    origin: `http://127.0.0.1:${(gateway.address() as AddressInfo).port}`,
    stop: () => {
      gateway.closeAllConnections();
      gateway.close();
    },
  };
};
