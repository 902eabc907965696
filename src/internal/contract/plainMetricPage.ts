/**
 * A page of metrics, read by hand. Most pages are plain, and are read many times as fast as the schema does it; whatever is not plainly right
 * is left to the schema, which decides, and says what is wrong.
 */
import * as DateTime from "effect/DateTime";
import * as Predicate from "effect/Predicate";
import type { Metric } from "./metric.ts";
import { isRfc3339, type Metadata } from "./schema.ts";

/** All that JSON.parse gives is JSON, but for numbers too large for one. Deeper than anybody nests, the schema looks. */
const isPlainJson = (value: unknown, depth: number): boolean => {
  switch (typeof value) {
    case "number":
      return Number.isFinite(value);
    case "object":
      if (value === null) return true;
      if (depth === 0) return false;
      for (const key of Object.keys(value)) {
        if (!isPlainJson((value as Record<string, unknown>)[key], depth - 1)) return false;
      }
      return true;
    default:
      return true;
  }
};

const isPlainMetadata = (value: unknown): value is Metadata =>
  Predicate.isObject(value) && isPlainJson(value, 100);

/** The two digits there, or NaN. */
const two = (text: string, at: number): number => {
  const tens = text.charCodeAt(at) - 48;
  const ones = text.charCodeAt(at + 1) - 48;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : Number.NaN;
};

let lastDay = "";
let lastMidnight = 0;
let last = DateTime.makeUnsafe(0);

/** `2026-01-02T03:04:05Z` or with three digits of a fraction; `undefined` for any other spelling. */
const plainTime = (text: unknown): DateTime.Utc | undefined => {
  if (typeof text !== "string" || !text.endsWith("Z")) return undefined;
  let fraction = 0;
  if (text.length === 24) {
    const digit = text.charCodeAt(20) - 48;
    fraction = digit * 100 + two(text, 21);
    if (text[19] !== "." || digit < 0 || digit > 9) return undefined;
  } else if (text.length !== 20) return undefined;
  // Many in a row are of the same day.
  if (!text.startsWith(lastDay) || lastDay === "") {
    if (!isRfc3339(text)) return undefined;
    lastDay = text.slice(0, 11);
    lastMidnight = Date.parse(`${lastDay}00:00:00Z`);
  }
  const hour = two(text, 11);
  const minute = two(text, 14);
  const second = two(text, 17);
  const millis = lastMidnight + ((hour * 60 + minute) * 60 + second) * 1000 + fraction;
  // Where there is no digit, the sum is not a number.
  if (
    !(hour < 24 && minute < 60 && second < 60 && millis === millis) ||
    text[13] !== ":" ||
    text[16] !== ":"
  ) {
    return undefined;
  }
  // And of the same millisecond.
  return last.epochMilliseconds === millis ? last : (last = DateTime.makeUnsafe(millis));
};

const plainMetric = (json: unknown): Metric | undefined => {
  if (!Predicate.isObject(json)) return undefined;
  const { client_event_id: clientEventId, name, value, step, metadata } = json;
  const timestamp = json["timestamp"] === null ? null : plainTime(json["timestamp"]);
  return typeof clientEventId === "string" &&
    typeof name === "string" &&
    typeof value === "number" &&
    Number.isFinite(value) &&
    (step === null || (typeof step === "number" && Number.isSafeInteger(step))) &&
    timestamp !== undefined &&
    isPlainMetadata(metadata)
    ? { clientEventId, name, value, step, timestamp, metadata }
    : undefined;
};

/** The page in an answer that is plainly one; `undefined` for any other. */
export const plainMetricPage = (
  json: unknown,
): { readonly metrics: ReadonlyArray<Metric>; readonly nextCursor: string | null } | undefined => {
  if (!Predicate.isObject(json) || !Array.isArray(json["metrics"])) return undefined;
  const nextCursor = json["next_cursor"];
  if (
    nextCursor !== null &&
    !(typeof nextCursor === "string" && /^[\x21-\x7e]+$/.test(nextCursor))
  ) {
    return undefined;
  }
  const metrics: Array<Metric> = [];
  for (const item of json["metrics"]) {
    const metric = plainMetric(item);
    if (metric === undefined) return undefined;
    metrics.push(metric);
  }
  return { metrics, nextCursor };
};
