/** A whole answer: status, headers and body, each perhaps not what it should be. */
import { type Bytes, encode } from "./bytes.ts";
import type { Dice } from "./dice.ts";
import { type Header, isAboutTheBody, oddHeader } from "./headers.ts";
import { fromValue, type Json, raw, write } from "./json.ts";
import { type Document, mutate, short } from "./mutations.ts";

export interface Valid {
  readonly status: number;
  /** `undefined` when any 2xx will do, whatever its body. */
  readonly json: unknown;
}

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
  { type: "about:blank", title: "Conflict", status: 409, detail: "the slug is taken" },
  { error: { code: "rate_limited", message: "slow down" } },
  { error: "something went wrong" },
  { detail: [{ loc: ["body", "slug"], msg: "field required", type: "missing" }] },
  { errors: [{ path: ["a", 0], message: "no" }], message: "two things" },
  { message: { de: "nein" } },
  ["one", "two", { loc: [["a"], { toString: 1 }], msg: "three" }],
  "just a text",
  null,
  42,
];
const pages = ["", " ", "Bad Gateway", "<!doctype html><title>502 &amp; so on</title><p>"];
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
    root: failed ? failure(dice) : fromValue(valid.json ?? {}),
    steps,
    harmless: true,
  };
  mutate(document, dice, secret);
  const { bytes, step, harmless = false } = encode(write(document.root), dice);
  if (step !== undefined) steps.push(step);

  const headers: Array<Header> = [["content-type", "application/json"]];
  if (dice.chance(0.4)) headers.push(["content-length", String(bytes.byteLength)]);
  for (let n = dice.chance(0.4) ? 1 + dice.int(3) : 0; n > 0; n--) {
    const header = oddHeader(dice, secret);
    headers.push(header);
    steps.push(`${header[0]}: ${short(header[1])}`);
  }

  const intact =
    document.harmless &&
    (step === undefined || harmless) &&
    !isEmpty(status) &&
    headers.filter(isAboutTheBody).every(([, value]) => value === String(bytes.byteLength));
  return {
    status,
    headers,
    bytes,
    steps,
    harmless: status < 300 && (valid.json === undefined || intact),
  };
};
