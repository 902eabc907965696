/**
 * One event as JSON. Most events are plain, and are written by hand, many times as fast as the schema does it; whatever is not plainly
 * right is left to the schema, which decides, and says what is wrong.
 */
import * as DateTime from "effect/DateTime";
import * as Result from "effect/Result";
import { MetricInput } from "../contract/metrics.ts";
import { type Encode, makeEncode } from "../road/encode.ts";
import type { Issue } from "../road/issue.ts";

let encode: Encode | undefined;

const bySchema = (event: unknown): string | Issue => {
  encode ??= makeEncode(MetricInput);
  const encoded = encode(event);
  return Result.isSuccess(encoded) ? JSON.stringify(encoded.success) : encoded.failure;
};

const isPlainObject = (value: unknown): value is Record<string, unknown> => {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
};

const isPlainMetadata = (metadata: unknown): boolean => {
  if (!isPlainObject(metadata)) return false;
  for (const name of Object.keys(metadata)) {
    const value = metadata[name];
    if (
      typeof value !== "string" &&
      typeof value !== "boolean" &&
      value !== null &&
      !Number.isFinite(value)
    ) {
      return false;
    }
  }
  return true;
};

const maxEpochMillis = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

const isPlainTime = (value: unknown): value is DateTime.Utc =>
  DateTime.isDateTime(value) &&
  DateTime.isUtc(value) &&
  value.epochMilliseconds >= 0 &&
  value.epochMilliseconds <= maxEpochMillis;

let lastMillis = Number.NaN;
let lastTime = "";

/** Many events in a row are of the same millisecond. */
const isoOf = (epochMillis: number): string => {
  if (epochMillis !== lastMillis) {
    lastMillis = epochMillis;
    lastTime = new Date(epochMillis).toISOString();
  }
  return lastTime;
};

/** Short strings of ordinary characters, which most are, are quoted faster by hand. */
const quoted = (text: string): string => {
  if (text.length > 64) return JSON.stringify(text);
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    // What JSON escapes: control characters, the quote, the backslash, and of the surrogates those that are alone.
    if (unit < 0x20 || unit === 0x22 || unit === 0x5c || unit >= 0xd800) {
      return JSON.stringify(text);
    }
  }
  return `"${text}"`;
};

let lastName = "";
let lastNamed = "";

/** Many events in a row are of the same name. */
const named = (name: string): string => {
  if (name !== lastName) {
    lastName = name;
    lastNamed = `,"name":${quoted(name)},"value":`;
  }
  return lastNamed;
};

/** `Reflect.ownKeys` finds as many, three times as slowly. */
const countKeys = (value: object): number =>
  Object.getOwnPropertyNames(value).length + Object.getOwnPropertySymbols(value).length;

/** The JSON of a plain event; `undefined` for any other. */
const plainly = (event: unknown): string | undefined => {
  if (!isPlainObject(event)) return undefined;
  const { clientEventId, name, value, step, timestamp, metadata } = event;
  if (typeof clientEventId !== "string" || clientEventId === "") return undefined;
  if (typeof name !== "string" || name === "") return undefined;
  if (typeof value !== "number" || !Number.isFinite(value)) return undefined;
  let known = 3;
  let json = `{"client_event_id":${quoted(clientEventId)}${named(name)}${value}`;
  if (step !== undefined) {
    known++;
    if (!Number.isSafeInteger(step) || Number(step) < 0) return undefined;
    json += `,"step":${step}`;
  } else if ("step" in event) known++;
  if (timestamp !== undefined) {
    known++;
    if (!isPlainTime(timestamp)) return undefined;
    json += `,"timestamp":"${isoOf(timestamp.epochMilliseconds)}"`;
  } else if ("timestamp" in event) known++;
  if (metadata !== undefined) {
    known++;
    if (!isPlainMetadata(metadata)) return undefined;
    json += `,"metadata":${JSON.stringify(metadata)}`;
  } else if ("metadata" in event) known++;
  return countKeys(event) === known ? `${json}}` : undefined;
};

/** The JSON of an event as the contract has it, or what is wrong with it. */
export const encodeEvent = (event: unknown): string | Issue => plainly(event) ?? bySchema(event);
