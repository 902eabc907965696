/**
 * The first step of the road: the arguments of a call become path, query and body, or a complaint that names the bad place.
 * Nothing has been sent yet.
 */
import * as Predicate from "effect/Predicate";
import * as Result from "effect/Result";
import * as Schema from "effect/Schema";
import type { SchemaError } from "effect/Schema";
import * as UrlParams from "effect/http/UrlParams";
import { basePath, type Operation, type ParamNames } from "../contract/operation.ts";
import { Id, idInWords } from "../contract/schema.ts";
import { firstIssue, type Issue } from "./issue.ts";

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

/** The same of any operation. */
export interface AnyInput {
  readonly params?: { readonly [name: string]: string };
  readonly query?: unknown;
  readonly payload?: unknown;
}

/** What a call of the operation answers. */
export type Success<O extends Operation> = O extends {
  readonly success: infer S extends Schema.Constraint;
}
  ? S["Type"]
  : void;

export interface Prepared {
  /** With {@link basePath}, percent-encoded. */
  readonly path: string;
  readonly query: UrlParams.UrlParams;
  /** Compact JSON in UTF-8; the same bytes on every attempt. */
  readonly body: Uint8Array | undefined;
}

type Encode = (input: unknown) => Result.Result<unknown, SchemaError>;

interface Encoders {
  readonly query: Encode | undefined;
  readonly payload: Encode | undefined;
}

const encoders = new WeakMap<Operation, Encoders>();

/** A misspelt optional field would otherwise be left out without a word. */
const strict = { onExcessProperty: "error" } as const;

/** Built on first use and kept: importing the library builds none. */
const encodersOf = (operation: Operation): Encoders => {
  let found = encoders.get(operation);
  if (found === undefined) {
    found = {
      query: operation.query && Schema.encodeUnknownResult(operation.query, strict),
      payload: operation.payload && Schema.encodeUnknownResult(operation.payload, strict),
    };
    encoders.set(operation, found);
  }
  return found;
};

const isId = Schema.is(Id);
const isJson = Schema.is(Schema.Json);

/** Where inside a value, such as metadata, the JSON ends: the validator itself names only the whole. */
const insideJson = (value: unknown, around: ReadonlyArray<unknown> = []): Issue["path"] => {
  if (!Predicate.isObjectOrArray(value) || around.includes(value)) return [];
  const found = Object.entries(value).find(([, child]) => !isJson(child));
  if (found === undefined) return [];
  const [key, child] = found;
  return [Array.isArray(value) ? Number(key) : key, ...insideJson(child, [...around, value])];
};

const at = (value: unknown, path: Issue["path"]): unknown =>
  path.reduce<unknown>((inner, key) => (inner as Record<PropertyKey, unknown>)[key], value);

const issueOf = (error: SchemaError, input: unknown): Issue => {
  const issue = firstIssue(error);
  return issue.expected === "JSON value"
    ? {
        path: [...issue.path, ...insideJson(at(input, issue.path))],
        expected: "JSON (no undefined, no NaN, no Date or other instance, no circle)",
      }
    : issue;
};

/** `String.snakeToCamel` would cost a browser 0.1 kB. */
const camel = (name: string): string =>
  name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());

const utf8 = new TextEncoder();

export const prepare = (operation: Operation, input: AnyInput): Result.Result<Prepared, Issue> => {
  try {
    let path: string = basePath;
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
      path += `/${encodeURIComponent(id)}`;
    }
    const { query: encodeQuery, payload: encodePayload } = encodersOf(operation);
    let query = UrlParams.empty;
    if (encodeQuery !== undefined && input.query !== undefined) {
      const encoded = encodeQuery(input.query);
      if (Result.isFailure(encoded)) return Result.fail(firstIssue(encoded.failure));
      // The query schemas of the contract encode to flat records of strings, numbers, booleans and arrays of them.
      query = UrlParams.fromInput(encoded.success as UrlParams.Input);
    }
    let body: Uint8Array | undefined;
    if (encodePayload !== undefined) {
      const encoded = encodePayload(input.payload);
      if (Result.isFailure(encoded)) return Result.fail(issueOf(encoded.failure, input.payload));
      body = utf8.encode(JSON.stringify(encoded.success));
    }
    return Result.succeed({ path, query, body });
  } catch {
    // The one thing that throws here is a stack that ran out.
    return Result.fail({ path: [], expected: "JSON that is not nested thousands of levels deep" });
  }
};
