/**
 * What was sent and what was answered, in the log.
 */
import * as Effect from "effect/Effect";
import * as Headers from "effect/http/Headers";
import type { HttpClientRequest } from "effect/http/HttpClientRequest";
import * as UrlParams from "effect/http/UrlParams";
import * as Layer from "effect/Layer";
import * as Predicate from "effect/Predicate";
import { cutBytes, keptBodyBytes } from "./body.ts";
import { type Exchange, scrubOf } from "./exchange.ts";
import { inSeconds } from "./failures.ts";
import { LogObserver, type Observer } from "./observer.ts";

/**
 * @category options
 */
export interface LogOptions {
  /** How much of a body is shown, in bytes; at most 16,384. Default: 2,048. */
  readonly maxBodyBytes?: number | undefined;
}

/** The headers that effect redacts by default are, and keys wherever else they may stand. */
const shownHeaders = (headers: Headers.Headers, exchange: Exchange) =>
  Effect.map(Headers.CurrentRedactedNames, (names) => {
    const scrub = scrubOf(exchange);
    return Object.fromEntries(
      Object.entries(Headers.redact(headers, [...names, "authorization"])).map(([name, value]) => [
        name,
        Predicate.isString(value) ? scrub(value) : "<redacted>",
      ]),
    );
  });

const utf8 = new TextEncoder();

const make = (options: LogOptions): Observer => {
  // Of a longer failure the end may be half a key.
  const maxBodyBytes = Math.min(options.maxBodyBytes ?? 2048, keptBodyBytes);
  const shownBody = (body: string, exchange: Exchange): string => {
    // Cut after the keys are, or half of one could be left.
    const bytes = utf8.encode(scrubOf(exchange)(body));
    const rest = bytes.byteLength - maxBodyBytes;
    return rest <= 0
      ? cutBytes(bytes, maxBodyBytes)
      : `${cutBytes(bytes, maxBodyBytes)}… (${rest} bytes more)`;
  };

  const urlOf = (request: HttpClientRequest, exchange: Exchange): string => {
    const query = UrlParams.toString(request.urlParams);
    return scrubOf(exchange)(exchange.url + (query === "" ? "" : `?${query}`));
  };

  const logRequest = (request: HttpClientRequest, exchange: Exchange) =>
    Effect.flatMap(shownHeaders(request.headers, exchange), (headers) =>
      Effect.logDebug(
        `${exchange.operation.name}: attempt ${exchange.attempts}: ${request.method} ${urlOf(request, exchange)}`,
        {
          headers,
          ...(request.body._tag === "Uint8Array" && {
            body: shownBody(new TextDecoder().decode(request.body.body), exchange),
          }),
        },
      ),
    );

  return (event, exchange) => {
    const { name, secret } = exchange.operation;
    switch (event._tag) {
      case "Attempt":
        return logRequest(event.request, exchange);
      case "Answer": {
        const { status, headers, text } = event.answer;
        return Effect.flatMap(shownHeaders(headers, exchange), (headers) =>
          Effect.logDebug(`${name}: answered ${status}`, {
            headers,
            body: secret === true ? "<redacted>" : shownBody(text, exchange),
          }),
        );
      }
      case "NoAnswer":
        return Effect.logDebug(`${name}: no answer: ${event.error.reason.message}`);
      case "Retry":
        return Effect.logDebug(`${name}: trying again in ${inSeconds(event.delay)}`);
      case "Remint":
        return Effect.logDebug(
          `${name}: the key of the experiment was refused, a new one is asked for`,
        );
      case "Failure":
        return Effect.logDebug(event.error.message);
      case "BudgetExhausted":
      case "Success":
        return Effect.void;
    }
  };
};

/**
 * Logs every call below the layer, at level `Debug`, to find out what a program and the service say to each other.
 *
 * **Details**
 *
 * Each attempt is two entries, one for the request and one for its answer, with headers and body. Keys are cut out of both, whichever way
 * they are spelt; so are the headers named in effect's `Headers.CurrentRedactedNames`, and the answer that holds a new ingestion key.
 *
 * **Gotchas**
 *
 * Effect's loggers leave `Debug` out until `References.MinimumLogLevel` lets it by. Metadata, slugs and texts of yours are shown. Of a stream
 * of series the head is shown and not the lines.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect";
 * import * as References from "effect/References";
 * import { Auth, Telemetry } from "syvain-metrics-effect";
 *
 * const shown = Auth.status.pipe(
 *   Effect.provide(Telemetry.layerLog({ maxBodyBytes: 500 })),
 *   Effect.provideService(References.MinimumLogLevel, "Debug"),
 * );
 * ```
 *
 * @category layers
 */
export const layerLog = (options: LogOptions = {}): Layer.Layer<never> =>
  Layer.succeed(LogObserver, make(options));
