import * as Predicate from "effect/Predicate";
import * as Result from "effect/Result";
import * as Schema from "effect/Schema";
import type { SchemaError } from "effect/Schema";
import type { Plain } from "../wire/operation.ts";
import { firstIssue, type Issue, tooDeep } from "../base/issue.ts";

/** Encodes an input, or says what is wrong with it. */
export type Encode = (input: unknown) => Result.Result<unknown, Issue>;

const json = Schema.encodeUnknownResult(Schema.Json);
const isJson = (value: unknown): boolean => Result.isSuccess(json(value));

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

/** A misspelt optional field would otherwise be left out without a word. */
const strict = { onExcessProperty: "error" } as const;

export const makeEncode = (schema: Plain): Encode => {
  const encode = Schema.encodeUnknownResult(schema, strict);
  return (input) => {
    try {
      return Result.mapError(encode(input), (error) => issueOf(error, input));
    } catch {
      // The one thing that throws here is a stack that ran out.
      return Result.fail(tooDeep);
    }
  };
};
