/** The answers of the recorded scenarios, put on a real socket. */
import { gzipSync } from "node:zlib";
import * as Predicate from "effect/Predicate";
import type { Turn } from "../support/socket.ts";

/** As the recording has it. What is not said: 200, JSON, the whole of it, at once. */
export interface Reply {
  readonly note?: string;
  readonly action?: "cut" | "cut-chunked" | "chunked" | "drop" | "reset";
  readonly status?: number;
  readonly headers?: ReadonlyArray<readonly [string, string]>;
  /** None at all when it is empty. */
  readonly content_type?: string;
  readonly encoding?: "latin-1";
  readonly gzip?: boolean;
  readonly json?: unknown;
  readonly json_message_repeat?: readonly [text: string, times: number];
  readonly text?: string;
  readonly text_repeat?: readonly [text: string, times: number];
  /** Only the first half of the body. */
  readonly half?: boolean;
  /** In so many chunks, so many seconds apart. */
  readonly drip?: readonly [chunks: number, seconds: number];
  /** Seconds before the answer. */
  readonly delay?: number;
  /** Seconds between headers and body. */
  readonly body_delay?: number;
}

const known: { readonly [Name in keyof Reply]-?: true } = {
  note: true,
  action: true,
  status: true,
  headers: true,
  content_type: true,
  encoding: true,
  gzip: true,
  json: true,
  json_message_repeat: true,
  text: true,
  text_repeat: true,
  half: true,
  drip: true,
  delay: true,
  body_delay: true,
};

const envelope = (data: unknown): string => JSON.stringify({ data, error: null });

/** With a field that nobody knows in each object, two levels deep. */
const withExtra = (data: unknown): unknown =>
  Predicate.isObject(data)
    ? {
        ...Object.fromEntries(
          Object.entries(data).map(([name, value]) => [
            name,
            Predicate.isObject(value) ? { ...value, extra_field: [1] } : value,
          ]),
        ),
        extra_field: { a: 1 },
      }
    : data;

/** The body of a reply, before it is compressed or cut; `data` is what a good answer holds. */
export const textOf = (reply: Reply, data: unknown): string => {
  if (reply.text_repeat !== undefined) return reply.text_repeat[0].repeat(reply.text_repeat[1]);
  if (reply.json_message_repeat !== undefined) {
    const [text, times] = reply.json_message_repeat;
    return JSON.stringify({ error: { message: text.repeat(times) } });
  }
  if (reply.text !== undefined) {
    return reply.text
      .replace("<ok with NaN>", envelope(data).replace(/}$/, ',"nan":NaN}'))
      .replace("<ok>", envelope(data));
  }
  if (reply.json === undefined) return envelope(data);
  return JSON.stringify(reply.json)
    .replace('"<ok_data + extra>"', JSON.stringify(withExtra(data)))
    .replace('"<ok_data>"', JSON.stringify(data));
};

const bytesOf = (reply: Reply, data: unknown): Buffer => {
  const text = textOf(reply, data);
  const bytes = Buffer.from(text, reply.encoding === "latin-1" ? "latin1" : "utf8");
  const whole = reply.gzip === true ? gzipSync(bytes) : bytes;
  return reply.half === true ? whole.subarray(0, whole.length >> 1) : whole;
};

/** How much longer each wait of the recordings takes, timeouts too, so that a busy machine keeps up. */
export const timeScale = 3;

const after = (seconds: number | undefined, then: () => void): void => {
  if (seconds === undefined) then();
  else setTimeout(then, seconds * timeScale * 1000);
};

/** Answers a request; `data` is what a good answer holds, `other` another origin. */
export const write = (
  reply: Reply,
  { path, response, socket }: Turn,
  data: unknown,
  other: string,
) => {
  const unknown = Object.keys(reply).filter((name) => !Object.hasOwn(known, name));
  if (unknown.length > 0) throw new Error(`nobody knows how to reply with ${unknown.join(", ")}`);
  const { action, content_type: type = "application/json", drip } = reply;
  if (action === "drop") return void socket.destroy();
  if (action === "reset") return void socket.resetAndDestroy();
  const bytes = bytesOf(reply, data);
  const headers: Record<string, string | number> = {
    ...(type === "" ? {} : { "content-type": type }),
    ...(reply.gzip === true ? { "content-encoding": "gzip" } : {}),
    ...Object.fromEntries(
      (reply.headers ?? []).map(([name, value]) => [
        name,
        value.replace("<other host>", other).replace("<same path>", path),
      ]),
    ),
  };
  const body = () => {
    switch (action) {
      case undefined:
        return void response.end(bytes);
      case "cut":
      case "cut-chunked":
        return void response.write(bytes, () => socket.end());
      case "chunked": {
        const [chunks, seconds] = drip ?? [1, 0];
        const size = Math.ceil(bytes.length / chunks);
        const next = (from: number) => {
          if (from >= bytes.length || response.destroyed) return void response.end();
          response.write(bytes.subarray(from, from + size));
          after(drip && seconds, () => next(from + size));
        };
        return next(0);
      }
    }
  };
  after(reply.delay, () => {
    const length = bytes.length + (action === "cut" ? 1000 : 0);
    const isChunked = action === "chunked" || action === "cut-chunked";
    const { status = 200 } = reply;
    const hasBody = status !== 204 && status !== 304;
    response.writeHead(status, {
      ...headers,
      ...(isChunked || !hasBody ? {} : { "content-length": length }),
    });
    response.flushHeaders();
    after(reply.body_delay, body);
  });
};
