import * as Context from "effect/Context";
import type { Issue } from "./road/issue.ts";

/** Headers that a region of code adds to every request, or what is wrong with them. Names are in lower case. */
export interface ExtraHeaders {
  readonly headers: Readonly<Record<string, string>>;
  readonly wrong?: Issue;
}

/** Checked by the combinator that sets it, which not every program bundles. */
export const ExtraHeaders: Context.Reference<ExtraHeaders> = Context.Reference<ExtraHeaders>(
  "syvain-metrics-effect/RequestPolicy/headers",
  { defaultValue: () => ({ headers: {} }) },
);

/** They say who is asking, or how to read the body, which are not the caller's to say. */
const reserved = new Set([
  "accept",
  "authorization",
  "connection",
  "content-encoding",
  "content-length",
  "content-type",
  "host",
  "idempotency-key",
  "transfer-encoding",
]);

const isHeader = (name: string, value: unknown): boolean =>
  /^[!#$%&'*+.^_`|~\w-]+$/.test(name) &&
  typeof value === "string" &&
  /^[\t\x20-\x7e\x80-\xff]*$/.test(value) &&
  !reserved.has(name.toLowerCase());

/** More headers, to those that were added around. No value is quoted. */
export const addHeaders = (
  outer: ExtraHeaders,
  headers: Readonly<Record<string, string>>,
): ExtraHeaders => {
  const all: Record<string, string> = { ...outer.headers };
  for (const [name, value] of Object.entries(headers)) {
    if (!isHeader(name, value)) {
      const expected = "a header that HTTP allows and the client does not set itself";
      return { headers: all, wrong: { path: ["headers", name], expected } };
    }
    all[name.toLowerCase()] = value;
  }
  return { ...outer, headers: all };
};
