/**
 * One event as JSON. Most events are plain, and are written by hand, many times as fast as the schema does it; whatever is not plainly
 * right is left to the schema, which decides, and says what is wrong.
 */
import * as DateTime from "effect/DateTime";
import * as Result from "effect/Result";
import { MetricInput } from "../contract/metrics.ts";
import { type Encode, makeEncode } from "../road/encode.ts";
import type { Issue } from "../road/issue.ts";
import { isOf, isoOf, isPlainObject, maxEpochMillis, noSeries, quoted, seriesOf } from "./plain.ts";

let encode: Encode | undefined;

const bySchema = (event: unknown): string | Issue => {
  encode ??= makeEncode(MetricInput);
  const encoded = encode(event);
  return Result.isSuccess(encoded) ? JSON.stringify(encoded.success) : encoded.failure;
};

const isPlainTime = (value: unknown): value is DateTime.Utc =>
  DateTime.isDateTime(value) &&
  DateTime.isUtc(value) &&
  value.epochMilliseconds >= 0 &&
  value.epochMilliseconds <= maxEpochMillis;

/** Many events in a row have the same metadata. */
let lastSeries = noSeries;

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
    if (!isOf(lastSeries, metadata)) {
      const series = seriesOf(metadata);
      if (series === undefined) return undefined;
      lastSeries = series;
    }
    json += `,"metadata":${lastSeries.json}`;
  } else if ("metadata" in event) known++;
  return countKeys(event) === known ? `${json}}` : undefined;
};

/** The JSON of an event as the contract has it, or what is wrong with it. */
export const encodeEvent = (event: unknown): string | Issue => plainly(event) ?? bySchema(event);
