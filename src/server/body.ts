/** The body of a request: read whole, unpacked when it is packed, and bounded either way. */
import * as ByteSize from "effect/ByteSize";
import * as Effect from "effect/Effect";
import * as HttpIncomingMessage from "effect/http/HttpIncomingMessage";
import type { HttpServerError } from "effect/http/HttpServerError";
import type * as HttpServerRequest from "effect/http/HttpServerRequest";
import { fitsUtf8 } from "../internal/base/fitsUtf8.ts";
import { isDeeper } from "./json.ts";
import { Refusal } from "./rules/refusal.ts";

const maxBody = ByteSize.mebibytes(16);
const maxBytes = Number(maxBody);

/** The encodings that a body may have beside none, as `Accept-Encoding` of an answer offers them (RFC 7694). */
export const acceptedEncoding = "gzip";

/** Of a body that says nothing of itself, too. */
export const isJson = (contentType = "application/json"): boolean =>
  /^\s*application\/json\s*(;|$)/i.test(contentType);

const tooLarge = new Refusal({
  status: 413,
  message: `body: expected at most ${maxBytes} bytes`,
  code: "body_too_large",
});

/** What lies deeper no client reads: some of them end at a thousand levels. */
const maxLevels = 128;

const tooDeep = new Refusal({
  status: 422,
  message: `body: expected at most ${maxLevels} levels of JSON`,
  code: "body_too_deep",
});

const unreadable = new Refusal({ status: 400, message: "body: it cannot be read" });

type Read<A> = Effect.Effect<A, Refusal>;

const bounded = <A>(read: Effect.Effect<A, HttpServerError>): Read<A> =>
  read.pipe(
    Effect.provideService(HttpIncomingMessage.MaxBodySize, maxBody),
    Effect.mapError(({ reason }) =>
      reason._tag === "RequestParseError" && reason.reason === "BodyTooLarge"
        ? tooLarge
        : unreadable,
    ),
  );

/** No more of it is unpacked than fits: a small body may unpack to very much. */
const unpack = (packed: ArrayBuffer): Read<string> =>
  Effect.gen(function* () {
    const reader = new Blob([packed])
      .stream()
      .pipeThrough(new DecompressionStream("gzip"))
      .getReader();
    const decoder = new TextDecoder();
    let [text, size] = ["", 0];
    while (true) {
      const { done, value } = yield* Effect.tryPromise({
        try: () => reader.read(),
        catch: () => new Refusal({ status: 400, message: "body: expected gzip" }),
      });
      if (done) return text + decoder.decode();
      size += value.length;
      if (size > maxBytes) {
        yield* Effect.promise(() => reader.cancel());
        return yield* tooLarge;
      }
      text += decoder.decode(value, { stream: true });
    }
  });

/** The request as it would have come unpacked; its text is there already, and not made again wherever it is read. */
const withText = (request: HttpServerRequest.HttpServerRequest, text: string) =>
  Object.create(request, {
    text: { value: Effect.succeed(text) },
  }) as HttpServerRequest.HttpServerRequest;

export interface Body {
  readonly text: string;
  /** The request to read it from. */
  readonly request: HttpServerRequest.HttpServerRequest;
}

const read = (request: HttpServerRequest.HttpServerRequest): Read<Body> =>
  Effect.gen(function* () {
    if (Number(request.headers["content-length"]) > maxBytes) return yield* tooLarge;
    const encoding = request.headers["content-encoding"]?.trim().toLowerCase() || "identity";
    if (encoding === acceptedEncoding) {
      const text = yield* Effect.flatMap(bounded(request.arrayBuffer), unpack);
      return { request: withText(request, text), text };
    }
    if (encoding !== "identity") {
      return yield* new Refusal({
        status: 415,
        message: `body: expected no encoding, or ${acceptedEncoding}`,
        code: "unsupported_encoding",
      });
    }
    const text = yield* bounded(request.text);
    return fitsUtf8(text, maxBytes) ? { request: withText(request, text), text } : yield* tooLarge;
  });

export const readBody = (request: HttpServerRequest.HttpServerRequest): Read<Body> =>
  Effect.filterOrFail(
    read(request),
    ({ text }) => !isDeeper(text, maxLevels),
    () => tooDeep,
  );
