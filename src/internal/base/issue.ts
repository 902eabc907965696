import type { SchemaError } from "effect/Schema";
import * as SchemaIssue from "effect/SchemaIssue";

/** A bad place, and what belongs there. Never holds the bad value. */
export interface Issue {
  readonly path: ReadonlyArray<string | number>;
  readonly expected: string;
}

const format = SchemaIssue.makeFormatterStandardSchemaV1();

/** What is expected where there is a field that is not known. */
export const unknownField = "no field of this name";

export const tooDeep: Issue = {
  path: [],
  expected: "JSON that is not nested thousands of levels deep",
};

/** To stand behind "expected". */
const inOurWords: { readonly [message: string]: string } = {
  "Missing key": "a value, but the field is missing",
  "Expected no excess property": unknownField,
};

export const firstIssue = (error: SchemaError): Issue => {
  const issue = format(error.issue).issues[0];
  return {
    path: (issue?.path ?? []).map((key) => {
      const segment = typeof key === "object" ? key.key : key;
      return typeof segment === "number" ? segment : String(segment);
    }),
    expected: inOurWords[issue?.message ?? ""] ?? issue?.message.replace(/^Expected /, "") ?? "",
  };
};

/** A path that may name a field of the user's, without the keys in it. */
export const scrubPath = (path: Issue["path"], scrub: (text: string) => string): Issue["path"] =>
  path.map((key) => (typeof key === "string" ? scrub(key) : key));

/** `metrics[3].value`, as one would write it in code; empty for the whole. */
export const formatPath = (path: Issue["path"]): string =>
  path.reduce<string>((text, key) => {
    if (typeof key === "number") return `${text}[${key}]`;
    if (!/^[A-Za-z_$][\w$]*$/.test(key)) return `${text}[${JSON.stringify(key)}]`;
    return text === "" ? key : `${text}.${key}`;
  }, "");

export const formatIssue = ({ path, expected }: Issue): string =>
  `${path.length === 0 ? "" : `${formatPath(path)}: `}expected ${expected}`;
