/** A whole answer: status, headers and body, each perhaps not what it should be. */
import { type Bytes, encode } from "./bytes.ts";
import type { Dice } from "./dice.ts";
import { type Header, isAboutTheBody, oddHeader } from "./headers.ts";
import { fromValue, type Json, raw, write } from "./json.ts";
import { type Document, mutate, short } from "./mutations.ts";

export interface Valid {
  readonly status: number;
  readonly json: unknown;
  /** It comes line by line: of a list, its items. */
  readonly lines?: true;
}

/** The same as text. */
export const textOf = ({ json, lines }: Valid): string => text(fromValue(json), lines);

const text = (json: Json, lines: true | undefined): string =>
  lines && json._tag === "Array"
    ? json.items.map((item) => `${write(item)}\n`).join("")
    : write(json);

export interface Answer {
  readonly status: number;
  readonly headers: ReadonlyArray<Header>;
  readonly bytes: Bytes;
  /** What was done to it, in words. */
  readonly steps: ReadonlyArray<string>;
  /** Whether a client has to make a value of it. */
  readonly harmless: boolean;
}

const failures: ReadonlyArray<unknown> = [
  { data: null, error: { message: "the slug is taken", details: "code=slug_taken" } },
  { data: null, error: { message: "no", details: "a=1; code=;code=b; c" } },
  { error: "something went wrong" },
  { error: { message: { de: "nein" }, details: ["code=a"] } },
  { error: { details: "code=a" } },
  { message: "no envelope" },
  ["one", { error: "two" }],
  "just a text",
  null,
  42,
];
/** Of the edge in front of the service: retryable, and a failure of the service, whatever its status. */
const edgePage = "error code: 1020";
export const isEdgePage = (body: string): boolean =>
  body.startsWith("error code: 1") || /cf-error-code|cloudflare-1xxx-errors/.test(body);
const pages = [
  "",
  " ",
  "Bad Gateway",
  "<!doctype html><title>502 &amp; so on</title><p>",
  edgePage,
];
const longPage = "<title".repeat(5_000);

const failure = (dice: Dice): Json => {
  if (dice.chance(0.8)) return fromValue(dice.pick(failures));
  return raw(dice.chance(0.05) ? longPage : dice.pick(pages));
};

// oxfmt-ignore
const statuses = [
  200, 201, 202, 203, 204, 205, 206, 226, 299, 300, 301, 302, 303, 304, 307, 308, 399, 400, 401, 402, 403, 404, 405,
  408, 409, 410, 412, 413, 415, 418, 422, 425, 426, 428, 429, 431, 451, 499, 500, 501, 502, 503, 504, 507, 511, 520, 599,
];

/** These have no body, whatever comes with them. */
export const isEmpty = (status: number): boolean =>
  status === 204 || status === 205 || status === 304;

/** An answer some steps away from a valid one. */
export const strangeAnswer = (valid: Valid, dice: Dice, secret: string): Answer => {
  const steps: Array<string> = [];
  const status = dice.chance(0.65) ? valid.status : dice.pick(statuses);
  if (status !== valid.status) steps.push(`status ${status}`);

  const failed = status >= 300 && dice.chance(0.8);
  const document: Document = {
    root: failed ? failure(dice) : fromValue(valid.json),
    steps,
    harmless: true,
  };
  mutate(document, dice, secret);
  const {
    bytes,
    step,
    harmless = false,
  } = encode(text(document.root, failed ? undefined : valid.lines), dice);
  if (step !== undefined) steps.push(step);

  const headers: Array<Header> = [["content-type", "application/json"]];
  if (dice.chance(0.4)) headers.push(["content-length", String(bytes.byteLength)]);
  for (let n = dice.chance(0.4) ? 1 + dice.int(3) : 0; n > 0; n--) {
    const header = oddHeader(dice, secret);
    headers.push(header);
    steps.push(`${header[0]}: ${short(header[1])}`);
  }

  const intact =
    // Of lines, another order or number is another answer.
    (valid.lines ? steps.length === 0 : document.harmless && (step === undefined || harmless)) &&
    !isEmpty(status) &&
    headers.filter(isAboutTheBody).every(([, value]) => value === String(bytes.byteLength));
  return {
    status,
    headers,
    bytes,
    steps,
    harmless: status < 300 && intact,
  };
};
