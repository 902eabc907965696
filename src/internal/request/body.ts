import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import type * as Headers from "effect/http/Headers";
import type { HttpClientError } from "effect/http/HttpClientError";
import type { HttpClientResponse } from "effect/http/HttpClientResponse";
import * as Stream from "effect/Stream";

/** How much of a body an error keeps, in bytes. */
export const keptBodyBytes = 16 * 1024;

/** The body as text, at most `limit` bytes of it. What is beyond the limit is not read. */
export interface Body {
  readonly text: string;
  readonly complete: boolean;
}

/** Cuts at a whole character. */
export const cutBytes = (bytes: Uint8Array, limit: number): string =>
  new TextDecoder().decode(bytes.subarray(0, limit), { stream: bytes.byteLength > limit });

export const readBody = (
  response: HttpClientResponse,
  { "content-length": length, "content-encoding": encoding }: Headers.Headers,
  limit: number,
): Effect.Effect<Body, HttpClientError> => {
  // A declared length bounds what arrives, unless it is decompressed on the way, which a browser does not always tell.
  if (length !== undefined && encoding === undefined && Number(length) <= limit) {
    return Effect.map(response.text, (text) =>
      text.length <= limit
        ? { text, complete: true }
        : { text: text.slice(0, limit), complete: false },
    );
  }
  return Effect.suspend(() => {
    const chunks: Array<Uint8Array> = [];
    let size = 0;
    return response.stream.pipe(
      Stream.runForEachWhile((chunk) =>
        Effect.sync(() => {
          chunks.push(chunk);
          size += chunk.byteLength;
          return size <= limit;
        }),
      ),
      // A transport may say in this way that there is no body.
      Effect.catchIf(
        (error) => error.reason._tag === "EmptyBodyError",
        () => Effect.void,
      ),
      Effect.map(() => {
        const bytes = new Uint8Array(size);
        let offset = 0;
        for (const chunk of chunks) {
          bytes.set(chunk, offset);
          offset += chunk.byteLength;
        }
        return { text: cutBytes(bytes, limit), complete: size <= limit };
      }),
    );
  });
};

/** Lets the connection go with the body unread: a reading that is interrupted aborts its request. */
export const abort = (response: HttpClientResponse): Effect.Effect<void> =>
  response.status === 204
    ? Effect.void
    : Effect.flatMap(Effect.forkDetach(response.text, { startImmediately: true }), Fiber.interrupt);
