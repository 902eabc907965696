import type * as HttpServerRequest from "effect/http/HttpServerRequest";
import * as HttpServerResponse from "effect/http/HttpServerResponse";
import * as Option from "effect/Option";
import * as Stream from "effect/Stream";

/** In UTF-16 units: what is shorter is not worth packing. */
const minLength = 1024;

const contentType = "application/json";

const takesGzip = (accept = ""): boolean =>
  accept
    .split(",")
    .some((one) => /^\s*(gzip|\*)\s*(;\s*q\s*=\s*(0?\.\d*[1-9]\d*|1(\.0*)?)\s*)?$/i.test(one));

/** Between processes of one machine packing takes longer than it saves; behind a proxy the client is elsewhere. */
const isNear = ({ headers, remoteAddress }: HttpServerRequest.HttpServerRequest): boolean =>
  Option.exists(remoteAddress, (address) => /^(::1$|(::ffff:)?127\.)/.test(address)) &&
  headers["x-forwarded-for"] === undefined &&
  headers["forwarded"] === undefined;

/** A JSON text, packed where the client takes that and is elsewhere. */
export const respond = (
  request: HttpServerRequest.HttpServerRequest,
  pieces: ReadonlyArray<string>,
): HttpServerResponse.HttpServerResponse => {
  const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
  const response =
    length < minLength || isNear(request) || !takesGzip(request.headers["accept-encoding"])
      ? HttpServerResponse.text(pieces.join(""), { contentType })
      : HttpServerResponse.stream(
          Stream.fromReadableStream({
            evaluate: () =>
              new Blob([...pieces]).stream().pipeThrough(new CompressionStream("gzip")),
            onError: (cause) => cause,
          }),
          { contentType, headers: { "content-encoding": "gzip" } },
        );
  return HttpServerResponse.setHeader(response, "vary", "accept-encoding");
};
