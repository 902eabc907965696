/**
 * What one operation of the REST surface is, as plain data and schemas. The client is one reading of it,
 * the reference server and its OpenAPI document are another.
 */
import type * as Schema from "effect/Schema";

/** Every path of the contract lies below this one. */
export const basePath = "/api/v1";

/** On an answer that was given before, to the same `Idempotency-Key`: `true`. */
export const replayedHeader = "idempotent-replayed";

/** A schema that needs no services. */
export type Plain = Schema.Top & {
  readonly DecodingServices: never;
  readonly EncodingServices: never;
};

export interface Operation {
  /** The public name: module and function. It names the span and stands in every error. */
  readonly name: `${string}.${string}`;
  readonly summary: string;
  readonly method: "GET" | "POST" | "PATCH" | "DELETE";
  /** Below {@link basePath}; `:name` is one path segment holding an id. */
  readonly path: `/${string}`;
  readonly query?: Plain;
  readonly payload?: Plain;
  /** The body of a success; without one, any 2xx is a success and its body is not read. */
  readonly success?: Plain;
  /**
   * Decodes a success as {@link success} does, only faster, where the schema would take the most of a call's time: to the very same value,
   * or to `undefined` whenever that is in any doubt.
   */
  readonly plainly?: (json: unknown) => unknown;
  /** The status of a success on our server; a client accepts any 2xx. */
  readonly status: 200 | 201 | 202 | 204;
  /** The bearer: the API key, or the experiment's own ingestion key. */
  readonly auth: "apiKey" | "ingestionKey";
  /**
   * Why a second attempt is harmless: it reads (`safe`, RFC 9110 9.2.1), it carries the same `Idempotency-Key` (`keyed`),
   * or doing it twice is doing it once (`idempotent`, RFC 9110 9.2.2; there a 404 to a retry means that the first attempt worked).
   */
  readonly retry: "safe" | "keyed" | "idempotent";
  /** Which of the two timeouts of `ConfigService` bounds an attempt. */
  readonly timeout: "timeout" | "ingestTimeout";
  /** The answer holds a key, so no error ever quotes a body of this operation. */
  readonly secret?: true;
}

/** Keeps the literal types of an operation. */
export const define = <const O extends Operation>(operation: O): O => operation;

/** The same operation under another public name. */
export const alias = <const O extends Operation, const Name extends Operation["name"]>(
  operation: O,
  name: Name,
): Omit<O, "name"> & { readonly name: Name } => ({ ...operation, name });

/** The names of the `:name` segments of a path. */
export type ParamNames<Path extends string> = Path extends `${infer Head}/${infer Tail}`
  ? ParamNames<Head> | ParamNames<Tail>
  : Path extends `:${infer Name}`
    ? Name
    : never;

/** The path with `{name}` in place of ids (OpenTelemetry's `url.template`). */
export const urlTemplate = (operation: Operation): string =>
  basePath + operation.path.replace(/:(\w+)/g, "{$1}");
