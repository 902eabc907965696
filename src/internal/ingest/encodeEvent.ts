/**
 * One event as JSON. Most events are plain, and are written by hand, three times as fast as the schema does it; whatever is not plainly
 * right is left to the schema, which decides, and says what is wrong.
 */
import * as DateTime from "effect/DateTime";
import * as Predicate from "effect/Predicate";
import * as Result from "effect/Result";
import { MetricInput } from "../contract/metrics.ts";
import { type Encode, makeEncode } from "../road/encode.ts";
import type { Issue } from "../road/issue.ts";

let encode: Encode | undefined;

const bySchema = (event: unknown): Result.Result<string, Issue> => {
  encode ??= makeEncode(MetricInput);
  return Result.map(encode(event), (encoded) => JSON.stringify(encoded));
};

const isPlainObject = (value: unknown): value is Record<string, unknown> => {
  if (!Predicate.isObject(value)) return false;
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

let lastMillis = NaN;
let lastTime = "";

/** Many events in a row are of the same millisecond. */
const isoOf = (epochMillis: number): string => {
  if (epochMillis !== lastMillis) {
    lastMillis = epochMillis;
    lastTime = new Date(epochMillis).toISOString();
  }
  return lastTime;
};

/** The JSON of a plain event; `undefined` for any other. */
const plainly = (event: unknown): string | undefined => {
  if (!isPlainObject(event)) return undefined;
  const { clientEventId, name, value, step, timestamp, metadata } = event;
  if (typeof clientEventId !== "string" || clientEventId === "") return undefined;
  if (typeof name !== "string" || name === "") return undefined;
  if (!Number.isFinite(value)) return undefined;
  let known = 3;
  let json = `{"client_event_id":${JSON.stringify(clientEventId)},"name":${JSON.stringify(name)},"value":${value}`;
  if ("step" in event) {
    known++;
    if (step !== undefined) {
      if (!Number.isSafeInteger(step) || Number(step) < 0) return undefined;
      json += `,"step":${step}`;
    }
  }
  if ("timestamp" in event) {
    known++;
    if (timestamp !== undefined) {
      if (!isPlainTime(timestamp)) return undefined;
      json += `,"timestamp":"${isoOf(timestamp.epochMilliseconds)}"`;
    }
  }
  if ("metadata" in event) {
    known++;
    if (metadata !== undefined) {
      if (!isPlainMetadata(metadata)) return undefined;
      json += `,"metadata":${JSON.stringify(metadata)}`;
    }
  }
  return Reflect.ownKeys(event).length === known ? `${json}}` : undefined;
};

/** The JSON of an event as the contract has it, or what is wrong with it. */
export const encodeEvent = (event: unknown): Result.Result<string, Issue> => {
  const json = plainly(event);
  return json === undefined ? bySchema(event) : Result.succeed(json);
};
