/** An answer as the bytes of HTTP/1.1, packed and framed as it should be or not. */
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import type { Dice } from "./dice.ts";

export interface Wire {
  /** What is sent, piece by piece. */
  readonly pieces: ReadonlyArray<Buffer>;
  /** What becomes of the connection then. */
  readonly ending: "keep" | "end" | "reset";
  /** Whether what is said is still the text, if it is anything: no byte of it was changed. */
  readonly exact: boolean;
  /** What was done to it, in words. */
  readonly steps: ReadonlyArray<string>;
}

type Step = readonly [name: string, change: (bytes: Buffer, dice: Dice) => Buffer];

const changed = "with a byte changed";

const flip = (bytes: Buffer, dice: Dice): Buffer => {
  const copy = Buffer.from(bytes);
  if (copy.byteLength > 0) copy[dice.int(copy.byteLength)] = dice.int(256);
  return copy;
};
const cut = (bytes: Buffer, dice: Dice) => bytes.subarray(0, dice.int(bytes.byteLength + 1));

// -----------------------------------------------------------------------------
// Packing
// -----------------------------------------------------------------------------

const packings: ReadonlyArray<readonly [name: string, pack: (bytes: Buffer) => Buffer]> = [
  ["gzip", gzipSync],
  ["x-gzip", gzipSync],
  ["GZIP", gzipSync],
  ["deflate", deflateSync],
  ["br", brotliCompressSync],
  ["zstd", zstdCompressSync],
  ["gzip, gzip", (bytes) => gzipSync(gzipSync(bytes))],
  ["gzip, br", (bytes) => brotliCompressSync(gzipSync(bytes))],
  ["gzip", (bytes) => bytes],
  ["gzip, identity", gzipSync],
  ["nonsense", (bytes) => bytes],
  ["identity", gzipSync],
  // Of more than these, and a body that breaks off, the fetch of Node 24 ends the process (undici 7; 8 does not).
  [Array(5).fill("gzip").join(", "), gzipSync],
];

const bomb = gzipSync(Buffer.alloc(8 * 1024 * 1024));

const packedWrong: ReadonlyArray<Step> = [
  [changed, flip],
  ["cut off", cut],
  ["with more behind it", (bytes) => Buffer.concat([bytes, Buffer.from("more")])],
  ["twice", (bytes) => Buffer.concat([bytes, bytes])],
  ["of nothing", () => Buffer.alloc(0)],
  ["of 8 MiB of nothing", () => bomb],
];

// -----------------------------------------------------------------------------
// Framing
// -----------------------------------------------------------------------------

const inChunks = (bytes: Buffer, dice: Dice): Buffer => {
  const parts: Array<Buffer> = [];
  for (let at = 0; at < bytes.byteLength;) {
    const part = bytes.subarray(at, at + 1 + dice.int(100));
    const size = part.byteLength.toString(16);
    const extension = dice.chance(0.1) ? ";a=b" : "";
    parts.push(Buffer.from(`${size}${extension}\r\n`), part, Buffer.from("\r\n"));
    at += part.byteLength;
  }
  return Buffer.concat([...parts, Buffer.from("0\r\n\r\n")]);
};

const chunksWrong: ReadonlyArray<Step> = [
  [changed, flip],
  ["cut off", cut],
  ["of a size that is none", (bytes) => Buffer.concat([Buffer.from("zz\r\n"), bytes])],
  ["of a negative size", (bytes) => Buffer.concat([Buffer.from("-1\r\n"), bytes])],
  ["of a size without end", (bytes) => Buffer.concat([Buffer.from("f".repeat(40)), bytes])],
  ["larger than what comes", (bytes) => Buffer.concat([Buffer.from("ffffff\r\n"), bytes])],
  [
    "with a trailer",
    (bytes) => Buffer.concat([bytes.subarray(0, -2), Buffer.from("X: y\r\n\r\n")]),
  ],
];

// oxfmt-ignore
const lengths = ["", "-1", "+5", "0x10", "1e3", "9".repeat(30), "abc", "5, 5", "5\r\nContent-Length: 6", "0", "1"];

/** The body, and the headers that say where it ends. */
const frame = (bytes: Buffer, dice: Dice, steps: Array<string>) => {
  const length = `Content-Length: ${bytes.byteLength}`;
  switch (dice.int(12)) {
    case 0: {
      const off = dice.int(41) - 20;
      steps.push(`a length ${off} off`);
      return [`Content-Length: ${Math.max(0, bytes.byteLength + off)}`, bytes] as const;
    }
    case 1: {
      const wrong = dice.pick(lengths);
      steps.push(`a length of ${JSON.stringify(wrong)}`);
      return [`Content-Length: ${wrong}`, bytes] as const;
    }
    case 2:
      return ["Transfer-Encoding: chunked", inChunks(bytes, dice)] as const;
    case 3: {
      const [name, change] = dice.pick(chunksWrong);
      steps.push(`chunks ${name}`);
      return ["Transfer-Encoding: chunked", change(inChunks(bytes, dice), dice)] as const;
    }
    case 4: {
      const coding = dice.pick(["gzip, chunked", "chunked, chunked", "identity", "nonsense"]);
      const headers = [`Transfer-Encoding: ${coding}`, ...(dice.chance(0.5) ? [length] : [])];
      steps.push(headers.join("; "));
      return [headers.join("\r\n"), inChunks(bytes, dice)] as const;
    }
    case 5:
      steps.push("no length");
      return ["X-Length: none", bytes] as const;
    default:
      return [length, bytes] as const;
  }
};

// -----------------------------------------------------------------------------
// Head
// -----------------------------------------------------------------------------

// oxfmt-ignore
const firstLines = [
  "HTTP/1.0 200 OK", "HTTP/1.1 200", "HTTP/1.1  200  OK", "HTTP/2.0 200 OK", "HTTP/9.9 200 OK", "http/1.1 200 OK",
  "HTTP/1.1 000 None", "HTTP/1.1 099 Low", "HTTP/1.1 99 Short", "HTTP/1.1 1000 Long", "HTTP/1.1 abc", "HTTP/1.1",
  "HTTP/1.1 199 Info", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade",
  "HTTP/1.1 204 No Content", "HTTP/1.1 205 Reset Content", "HTTP/1.1 304 Not Modified", "HTTP/1.1 600 Beyond",
  "HTTP/1.1 999 Beyond", "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/", "HTTP/1.1 401 Unauthorized",
  "HTTP/1.1 407 Proxy\r\nProxy-Authenticate: Basic", "HTTP/1.1 421 Misdirected", "HTTP/1.1 500 \u0000", "SSH-2.0-x",
  "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK", `${"HTTP/1.1 103 Hints\r\nLink: x\r\n\r\n".repeat(50)}HTTP/1.1 200 OK`,
  "\r\n\r\nHTTP/1.1 200 OK", " HTTP/1.1 200 OK", "HTTP/1.1 200 OK\nX-Bare: newline", `HTTP/1.1 200 ${"O".repeat(20_000)}`,
];

// oxfmt-ignore
const headers = [
  "no colon", ": no name", "X Space: a", "X-Space : a", "X-Fold: a\r\n b", "X-Nul: \u0000", "X-Return: a\rb", "X-É: é",
  `X-Long: ${"a".repeat(20_000)}`, Array.from({ length: 2_000 }, (_, i) => `X-${i}: a`).join("\r\n"), "Connection: close",
  "Content-Type: text/html", "Content-Type: a\r\nContent-Type: b", "Keep-Alive: timeout=0", "Keep-Alive: timeout=-1, max=x",
  "Retry-After: soon", "X-Request-Id: \u0080\u00ff", "Set-Cookie: =;;=", "__proto__: x", "constructor: x", "Trailer: X",
];

/** Mostly one thing is wrong; sometimes nothing, sometimes several. */
export const strangeWire = (text: string, dice: Dice): Wire => {
  const steps: Array<string> = [];
  let body: Buffer = Buffer.from(text);
  const lines: Array<string> = ["Content-Type: application/json"];

  if (dice.chance(0.4)) {
    const [name, pack] = dice.pick(packings);
    body = pack(body);
    lines.push(`Content-Encoding: ${name}`);
    steps.push(`packed as ${name.slice(0, 40)}`);
    if (dice.chance(0.3)) {
      const [wrong, change] = dice.pick(packedWrong);
      body = change(body, dice);
      steps.push(wrong);
    }
  }

  const [framing, framed] = frame(body, dice, steps);
  lines.push(framing);
  let first = "HTTP/1.1 200 OK";
  if (dice.chance(0.2))
    steps.push(`begins ${JSON.stringify((first = dice.pick(firstLines)).slice(0, 60))}`);
  if (dice.chance(0.2)) {
    const line = dice.pick(headers);
    lines.splice(dice.int(lines.length + 1), 0, line);
    steps.push(`header ${JSON.stringify(line.slice(0, 60))}`);
  }
  const newline = dice.chance(0.03) ? "\n" : "\r\n";
  const head = Buffer.from([first, ...lines, "", ""].join(newline), "latin1");

  let all = Buffer.concat([head, framed]);
  if (dice.chance(0.1)) {
    all = Buffer.from(cut(all, dice));
    steps.push(`cut off after ${all.byteLength} bytes`);
  }
  if (dice.chance(0.03)) all = Buffer.concat([all, Buffer.from("HTTP/1.1 200 OK\r\n\r\n{}")]);

  // What is left open is waited for until the timeout, so that is for few.
  const whole = steps.length === 0 || dice.chance(0.05);
  const ending = dice.chance(0.1) ? "reset" : whole ? "keep" : "end";

  const pieces: Array<Buffer> = [];
  const size = dice.chance(0.7) ? all.byteLength : 1 + dice.int(200);
  for (let at = 0; at < all.byteLength; at += size) pieces.push(all.subarray(at, at + size));
  const exact = !steps.some((step) => step.endsWith(changed));
  return { pieces, ending, exact, steps: [...steps, `then ${ending}`] };
};
