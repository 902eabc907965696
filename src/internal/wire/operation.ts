/**
 * What one operation of the REST surface is, as plain data and schemas. The client is one reading of it,
 * the server and its OpenAPI document another.
 */
import type * as Result from "effect/Result";
import type * as Schema from "effect/Schema";
import type { Issue } from "../base/issue.ts";

/** On an answer that was given before, to the same `Idempotency-Key`: `true`. */
export const replayedHeader = "idempotent-replayed";

/** A schema that needs no services. */
export type Plain = Schema.Top & {
  readonly DecodingServices: never;
  readonly EncodingServices: never;
};

/** What a failure says of itself. */
export interface FailureWords {
  readonly message: string | undefined;
  /** The error code that programs can compare. */
  readonly code: string | undefined;
}

/** What all operations of one generation of the API have in common: where they are, and how their answers are wrapped. */
export interface Generation {
  readonly basePath: `/${string}`;
  /** What is inside the envelope of a success. */
  readonly readSuccess: (json: unknown) => Result.Result<unknown, Issue>;
  /** Reads any body at all, and never fails. */
  readonly readFailure: (body: string) => FailureWords;
}

export interface Operation {
  readonly generation: Generation;
  /** The public name: module and function. It names the span and stands in every error. */
  readonly name: `${string}.${string}`;
  readonly summary: string;
  readonly method: "GET" | "POST" | "PATCH" | "DELETE";
  /** Below the base path of the generation; `:name` is one path segment. */
  readonly path: `/${string}`;
  readonly query?: Plain;
  readonly payload?: Plain;
  /** What is inside the envelope of a success; of a stream, one line of it. */
  readonly success: Plain;
  /** Of an answer that comes line by line, without an envelope: its media type. */
  readonly stream?: string;
  /** What the client makes of a success where that depends on the host. */
  readonly onHost?: (success: never, host: string) => unknown;
  /** The status of a success on our server; a client accepts any 2xx. */
  readonly status: 200 | 201;
  /** The bearer: the API key, or the one that an experiment has for itself, by the name that its API gives it. */
  readonly auth: "apiKey" | "ingestionKey" | "experimentToken";
  /**
   * Whether a second attempt is harmless: it reads (`safe`, RFC 9110 9.2.1), it carries the same `Idempotency-Key` (`keyed`),
   * doing it twice does no more than doing it once (`idempotent`, RFC 9110 9.2.2), or it is not (`once`).
   */
  readonly repeat: "safe" | "keyed" | "idempotent" | "once";
  /** Which of the two timeouts of `ConfigService` bounds an attempt. */
  readonly timeout: "timeout" | "ingestTimeout";
  /** The answer holds a key, so no error ever quotes a body of this operation. */
  readonly secret?: true;
}

/** Keeps the literal types of an operation. */
export const define = <const O extends Operation>(operation: O): O => operation;

/** The names of the `:name` segments of a path. */
export type ParamNames<Path extends string> = Path extends `${infer Head}/${infer Tail}`
  ? ParamNames<Head> | ParamNames<Tail>
  : Path extends `:${infer Name}`
    ? Name
    : never;

/** The path with `{name}` in place of ids (OpenTelemetry's `url.template`). */
export const urlTemplate = ({ generation, path }: Operation): string =>
  generation.basePath + path.replace(/:(\w+)/g, "{$1}");
