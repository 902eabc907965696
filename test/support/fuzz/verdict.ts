/** What must hold of every ending of a call, whatever was answered. */
import * as Cause from "effect/Cause";
import * as DateTime from "effect/DateTime";
import * as Duration from "effect/Duration";
import * as Exit from "effect/Exit";
import * as Predicate from "effect/Predicate";
import * as Redacted from "effect/Redacted";
import * as Schema from "effect/Schema";
import { isMetricsApiError, MetricsApiError } from "../../../src/internal/base/errors.ts";
import { reasonOf } from "../attempts.ts";
import { isEdgePage } from "./answer.ts";
import type { Subject } from "./groups.ts";

const KiB = 1024;

/** In words, what is wrong; `undefined` when nothing is. */
export type Complaint = string | undefined;

// -----------------------------------------------------------------------------
// Values
// -----------------------------------------------------------------------------

const snake = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** What the JSON says under the name of a field: in snake case, times in milliseconds, JSON in a text. */
const saidOf = (json: object, name: string, camelCase: boolean): unknown => {
  const wire = snake(name);
  const { [`${name === "metadata" ? "event_" : ""}${wire}_json`]: text } = json as Record<
    string,
    unknown
  >;
  if (typeof text === "string") return JSON.parse(text);
  for (const key of camelCase ? [name] : [wire, `${wire}_ms`]) {
    if (Object.hasOwn(json, key)) return (json as Record<string, unknown>)[key];
  }
  return undefined;
};

/** The user's own JSON. */
const isFree = (name: string) => /^(metadata|experimentMetadata|values)$/.test(name);

/** What stands for a field that the service left out. */
const isDefault = (value: unknown): boolean =>
  value === null || (Predicate.isObjectOrArray(value) && Object.keys(value).length === 0);

/** As `isDeepStrictEqual` of Node, for JSON of any depth. */
const isSame = (left: unknown, right: unknown): boolean => {
  const open: Array<readonly [unknown, unknown]> = [[left, right]];
  for (let pair = open.pop(); pair !== undefined; pair = open.pop()) {
    const [a, b] = pair;
    if (!Predicate.isObjectOrArray(a) || !Predicate.isObjectOrArray(b)) {
      if (!Object.is(a, b)) return false;
      continue;
    }
    if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false;
    const [fields, others] = [Object.entries(a), Object.entries(b)];
    if (fields.length !== others.length) return false;
    for (const [i, [name, field]] of fields.entries()) {
      const other = others[i];
      if (other === undefined || other[0] !== name) return false;
      open.push([field, other[1]]);
    }
  }
  return true;
};

/**
 * Does a value say what the JSON says, and nothing else? Read side by side by the naming rule alone, so without the schemas
 * that made the value.
 */
const agrees = (value: unknown, json: unknown, camelCase: boolean): boolean => {
  if (DateTime.isDateTime(value)) return DateTime.toEpochMillis(value) === json;
  if (Redacted.isRedacted(value)) return Redacted.value(value) === json;
  if (Array.isArray(value)) {
    return (
      Array.isArray(json) &&
      value.length === json.length &&
      value.every((item, i) => agrees(item, json[i], camelCase))
    );
  }
  if (!Predicate.isObject(value)) return Object.is(value, json);
  return (
    Object.getPrototypeOf(value) === Object.prototype &&
    Predicate.isObject(json) &&
    Object.entries(value).every(([name, field]) => {
      const said = saidOf(json, name, camelCase);
      if (said === undefined) return isDefault(field);
      // A path is made a URL.
      if (name === "url" && String(said).startsWith("/")) {
        return String(field).replace(/^https?:\/\/[\w.:]+/, "") === said;
      }
      return isFree(name) && !hasSchema(said)
        ? isSame(field, said)
        : agrees(field, said, camelCase);
    })
  );
};

/** Values of a metric, unlike metadata, are described by the contract. */
const hasSchema = (said: unknown): boolean =>
  Predicate.isObject(said) && Object.hasOwn(said, "scanned_event_count");

/** What is inside the envelope, or all lines but the last. */
const read = (text: string, { valid }: Subject): unknown =>
  valid.lines
    ? text
        .replace(/^\ufeff/, "")
        .split(/[\r\n]+/)
        .filter((line) => line.trim() !== "")
        .slice(0, -1)
        .map((line): unknown => JSON.parse(line))
    : JSON.parse(text).data;

const checkValue = (value: unknown, subject: Subject, text: string | undefined): Complaint => {
  if (!subject.is(value)) return "a value that is not of its type";
  if (text === undefined || agrees(value, read(text, subject), subject.camelCase)) return undefined;
  return "a value that says something else than the answer";
};

// -----------------------------------------------------------------------------
// Errors
// -----------------------------------------------------------------------------

const codec = Schema.fromJsonString(Schema.toCodecJson(MetricsApiError));
const encode = Schema.encodeSync(codec);
const decode = Schema.decodeSync(codec);

let errors = 0;

const checkError = (error: MetricsApiError, secret: string): Complaint => {
  const json = encode(error);
  // It takes long, so only of some.
  if (errors++ % 8 === 0 && encode(decode(json)) !== json) {
    return `an error that is not itself after JSON: ${json}`;
  }
  for (const text of [json, JSON.stringify(error), String(error)]) {
    if (text.includes(secret)) return "an error that shows the key";
  }
  if (error._tag === "MetricsApiAuthError") return "an auth error, out of an answer";
  if (Buffer.byteLength(error.body ?? "") > 16 * KiB)
    return "an error with more than 16 KiB of body";
  if ("retryAfter" in error && !(Duration.toMillis(error.retryAfter) >= 0)) {
    return `a wait of ${String(error.retryAfter)}`;
  }
  if (error.message.length > 16 * KiB) return `a message of ${error.message.length} characters`;
  return undefined;
};

const checkReason = (error: MetricsApiError, { status, valid, breaks, text }: Said): Complaint => {
  const { _tag } = error.reason;
  const told = `${error._tag}, ${_tag}`;
  if (_tag === "Timeout") return "no end before the timeout";
  if (status >= 200 && status < 300) {
    if (valid) return `a failure (${told}) of an answer that is valid: ${error.message}`;
    // A body that breaks off is not an answer.
    return error._tag === "MetricsApiResponseError" || _tag === "Transport"
      ? undefined
      : `${told} for a ${status}`;
  }
  // As it is, or because so much was enough.
  if (breaks && _tag === "Transport") return undefined;
  const reason = status >= 400 && isEdgePage(text) ? "ServerStatus" : reasonOf(status);
  return error._tag === "MetricsApiRequestError" && _tag === reason
    ? undefined
    : `${told} for a ${status}`;
};

// -----------------------------------------------------------------------------
// All
// -----------------------------------------------------------------------------

const prototypes = [Object, Array, String, Number, Function, Promise, Error, Map].map((made) => {
  const prototype: object = made.prototype;
  return [prototype, Reflect.ownKeys(prototype).length, Object.getPrototypeOf(prototype)] as const;
});

const isClean = () =>
  prototypes.every(
    ([prototype, keys, above]) =>
      Reflect.ownKeys(prototype).length === keys && Object.getPrototypeOf(prototype) === above,
  );

/** What is known of the answer. Without it, only what holds of any ending is looked at. */
export interface Said {
  /** Of the answer that decides. */
  readonly status: number;
  /** A value has to come of it. */
  readonly valid: boolean;
  /** It comes to no end. */
  readonly breaks: boolean;
  readonly text: string;
}

/** `text` is the body that the value, if there is one, was read from; when it is known, the two are compared. */
export const verdict = (
  exit: Exit.Exit<unknown, unknown>,
  subject: Subject,
  secret: string,
  text: string | undefined,
  said?: Said,
): Complaint => {
  if (!isClean()) return "a prototype was changed";
  if (Exit.isSuccess(exit)) {
    if (said !== undefined && !(said.status >= 200 && said.status < 300)) {
      return `a value, out of a ${said.status}`;
    }
    return checkValue(exit.value, subject, text);
  }
  if (exit.cause.reasons.some(({ _tag }) => _tag !== "Fail")) {
    return `a defect: ${Cause.pretty(exit.cause)}`;
  }
  const error = Cause.squash(exit.cause);
  if (!isMetricsApiError(error)) return `another error: ${String(error)}`;
  return checkError(error, secret) ?? (said === undefined ? undefined : checkReason(error, said));
};
