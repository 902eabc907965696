/** What a proxy does wrong with one request in five. */
import type { ServerResponse } from "node:http";
import * as Effect from "effect/Effect";
import * as Random from "effect/Random";

/** An answer of the server behind, read whole. */
export interface Upstream {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** One request to answer. `act` lets the server behind answer it, and so act on it. */
export interface Turn {
  readonly response: ServerResponse;
  readonly act: () => Promise<Upstream>;
}

type Fault = (turn: Turn) => Promise<void> | void;

const says =
  (status: number, headers: Record<string, string> = {}): Fault =>
  ({ response }) =>
    void response
      .writeHead(status, { "content-type": "application/json", ...headers })
      .end(JSON.stringify({ detail: "a fault" }));

/** The head of the true answer and half of its body, and then? */
const half =
  (then: (response: ServerResponse) => void): Fault =>
  async ({ response, act }) => {
    const { status, headers, body } = await act();
    response.writeHead(status, { ...headers, "content-length": `${body.byteLength}` });
    response.write(body.subarray(0, body.byteLength / 2), () => then(response));
  };

const acted =
  (fault: Fault): Fault =>
  async (turn) => {
    await turn.act();
    return fault(turn);
  };

const html: Fault = ({ response }) =>
  void response.writeHead(200, { "content-type": "text/html" }).end("<!doctype html><title>Hi");
const cutJson: Fault = ({ response }) =>
  void response.writeHead(200, { "content-type": "application/json" }).end('{"accepted"');
const drop: Fault = ({ response }) => void response.socket?.destroy();

export const faults = {
  "dropped before the server acted": drop,
  "dropped after the server acted": acted(drop),
  "429": says(429),
  "429, Retry-After 1 s": says(429, { "retry-after": "1" }),
  "429, retry-after-ms 50": says(429, { "retry-after-ms": "50" }),
  "500, after the server acted": acted(says(500)),
  "502": says(502),
  "503, Retry-After 0 s": says(503, { "retry-after": "0" }),
  "504, after the server acted": acted(says(504)),
  "no answer": acted(() => {}),
  "stalled body": half(() => {}),
  "truncated body": half((response) => void response.socket?.end()),
  "reset in the body": half((response) => void response.socket?.resetAndDestroy()),
  "garbage, not HTTP": acted(({ response }) => void response.socket?.end("SSH-2.0-x\r\n")),
  "garbage, 200 with HTML": html,
  "garbage, 200 with half a JSON, after the server acted": acted(cutJson),
} satisfies Record<string, Fault>;

export type FaultName = keyof typeof faults;
const names = Object.keys(faults) as ReadonlyArray<FaultName>;

/** Which fault each request meets, most none: by the seed, and each kind as often as the others. */
export const makeDeck = (rate: number, seed: string): (() => FaultName | undefined) => {
  const whole = Array.from({ length: Math.round(names.length / rate) }, (_, i) => names[i]);
  let deck: Array<FaultName | undefined> = [];
  let decks = 0;
  return () => {
    if (deck.length === 0) {
      const shuffled = Random.withSeed(Random.shuffle(whole), `${seed}/${decks++}`);
      deck = Effect.runSync(shuffled);
    }
    return deck.pop();
  };
};
