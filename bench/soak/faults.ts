/** What can happen to a request on a bad day, each done to a real connection. */
import type { OutgoingHttpHeaders, ServerResponse } from "node:http";
import type { Socket } from "node:net";

/** What the server behind answered. */
export interface Answer {
  readonly status: number;
  readonly headers: OutgoingHttpHeaders;
  readonly body: Buffer;
}

/** A request that arrived whole, and is not answered yet. */
export interface Turn {
  readonly socket: Socket;
  readonly response: ServerResponse;
  /** Lets the server act on it. */
  readonly act: () => Promise<Answer>;
  /** Goes down: breaks every connection and accepts none for a while. */
  readonly outage: () => void;
}

type Fault = (turn: Turn) => void | Promise<unknown>;

/** The server acts, and then its answer meets its fate. */
const acted =
  (fate: (turn: Turn, answer: Answer) => void): Fault =>
  async (turn) =>
    fate(turn, await turn.act());

const refuse =
  (status: number, headers: OutgoingHttpHeaders = {}, body = ""): Fault =>
  ({ response }) =>
    void response.writeHead(status, headers).end(body);

/** The first half of the answer, and then whatever `next` does. */
const half = (
  { response }: Turn,
  { status, body }: Answer,
  headers: OutgoingHttpHeaders,
  next: () => void = () => {},
) => {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.write(body.subarray(0, body.length / 2), next);
};

const json = { "content-type": "application/json" };
const failure = (message: string, details?: string) =>
  JSON.stringify({ error: { message, details } });
const html = "<!doctype html><title>Bad Gateway</title><h1>Bad Gateway</h1>";

export const faults: Readonly<Record<string, Fault>> = {
  "outage of 200 ms: connections broken, then refused": ({ outage }) => outage(),
  "dropped before the server acted": ({ socket }) => void socket.end(),
  "dropped after the server acted": acted(({ socket }) => void socket.end()),
  "reset before the server acted": ({ socket }) => void socket.resetAndDestroy(),
  "reset after the server acted": acted(({ socket }) => void socket.resetAndDestroy()),
  "429 with Retry-After": refuse(429, { "retry-after": "1" }),
  "429 without": refuse(429),
  "409, an earlier attempt is still at work": refuse(
    409,
    json,
    failure("busy", "code=idempotency_key_in_progress"),
  ),
  "500 with an envelope": refuse(500, json, failure("oops")),
  "403 page of the edge": refuse(403, { "content-type": "text/html" }, "error code: 1020"),
  "520 of the edge": refuse(520, { "content-type": "text/html" }, html),
  "502 with HTML": refuse(502, { "content-type": "text/html" }, html),
  "503 with nothing": refuse(503),
  "504 after the server acted": acted(({ response }) => void response.writeHead(504).end()),
  "stalled before the headers": acted(() => {}),
  "stalled in the body": acted((turn, answer) =>
    half(turn, answer, { "content-length": answer.body.length }),
  ),
  "body of declared length cut off": acted((turn, answer) =>
    half(turn, answer, { "content-length": answer.body.length }, () => turn.socket.end()),
  ),
  "chunked body cut off": acted((turn, answer) =>
    half(turn, answer, { "transfer-encoding": "chunked" }, () => turn.socket.end()),
  ),
  "garbage that is not HTTP": ({ socket }) => void socket.end("SSH-2.0-OpenSSH_9\r\n"),
  "200 with HTML": refuse(200, { "content-type": "text/html" }, html),
  "200 with half of the JSON": acted(
    ({ response }, { status, body }) =>
      void response.writeHead(status).end(body.subarray(0, body.length / 2)),
  ),
};
