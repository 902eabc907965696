/**
 * The first step of a request: the arguments of a call become path, query and body, or a complaint that names the bad place.
 * Nothing has been sent yet.
 */
import { memoize } from "effect/Function";
import * as Result from "effect/Result";
import type * as Schema from "effect/Schema";
import * as UrlParams from "effect/http/UrlParams";
import type { Operation, ParamNames } from "../wire/operation.ts";
import { idInWords, isId } from "../wire/schema.ts";
import { makeEncode } from "./encode.ts";
import { type Issue, tooDeep } from "../base/issue.ts";

type ParamsOf<O extends Operation> = [ParamNames<O["path"]>] extends [never]
  ? unknown
  : { readonly params: { readonly [K in ParamNames<O["path"]>]: string } };
type QueryOf<O extends Operation> = O extends { readonly query: infer S extends Schema.Constraint }
  ? { readonly query: S["Type"] | undefined }
  : unknown;
type PayloadOf<O extends Operation> = O extends {
  readonly payload: infer S extends Schema.Constraint;
}
  ? { readonly payload: S["Type"] }
  : unknown;

/** What a call of the operation is given. */
export type Input<O extends Operation> = ParamsOf<O> & QueryOf<O> & PayloadOf<O>;

/** The same with the payload checked and encoded before, as JSON in UTF-8. */
export type EncodedInput<O extends Operation> = ParamsOf<O> &
  QueryOf<O> & { readonly body: Uint8Array };

/** The same of any operation. */
export interface AnyInput {
  readonly params?: { readonly [name: string]: string };
  readonly query?: unknown;
  readonly payload?: unknown;
  /** The payload, when it was checked and encoded before. */
  readonly body?: Uint8Array;
}

/** What a call of the operation answers; of a stream, one line of it. */
export type Success<O extends Operation> = O["success"]["Type"];

export interface Prepared {
  /** With the base path of the generation, percent-encoded. */
  readonly path: string;
  readonly query: UrlParams.UrlParams;
  /** Compact JSON in UTF-8; the same bytes on every attempt. */
  readonly body: Uint8Array | undefined;
}

/** Built on first use and kept. */
const encodersOf = memoize(({ payload, query }: Operation) => ({
  query: query && makeEncode(query),
  payload: payload && makeEncode(payload),
}));

/** `String.snakeToCamel` would cost a browser 0.1 kB. */
const camel = (name: string): string =>
  name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());

/** Every character but the unreserved ones of RFC 3986 2.3. */
const encodeSegment = (id: string): string =>
  encodeURIComponent(id).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );

const utf8 = new TextEncoder();

export const prepare = (operation: Operation, input: AnyInput): Result.Result<Prepared, Issue> => {
  try {
    let path: string = operation.generation.basePath;
    for (const segment of operation.path.split("/").slice(1)) {
      if (!segment.startsWith(":")) {
        path += `/${segment}`;
        continue;
      }
      const name = segment.slice(1);
      const id = input.params?.[name];
      if (!isId(id)) {
        return Result.fail({
          path: [camel(name)],
          expected: idInWords,
        });
      }
      path += `/${encodeSegment(id)}`;
    }
    const { query: encodeQuery, payload: encodePayload } = encodersOf(operation);
    let query = UrlParams.empty;
    if (encodeQuery !== undefined && input.query !== undefined) {
      const encoded = encodeQuery(input.query);
      if (Result.isFailure(encoded)) return Result.fail(encoded.failure);
      // The query schemas of the contract encode to flat records of strings, numbers, booleans and arrays of them.
      query = UrlParams.fromInput(encoded.success as UrlParams.Input);
    }
    let { body } = input;
    if (body === undefined && encodePayload !== undefined) {
      const encoded = encodePayload(input.payload);
      if (Result.isFailure(encoded)) return Result.fail(encoded.failure);
      body = utf8.encode(JSON.stringify(encoded.success));
    }
    return Result.succeed({ path, query, body });
  } catch {
    // The one thing that throws here is a stack that ran out.
    return Result.fail(tooDeep);
  }
};
