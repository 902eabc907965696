/**
 * One event as the contract has it. Most events are plain, and are checked by hand, many times as fast as the schema does it; whatever is not
 * plainly right is left to the schema, which decides, and says what is wrong.
 */
import * as DateTime from "effect/DateTime";
import * as Result from "effect/Result";
import { MetricInput } from "../contract/metric.ts";
import { type Encode, makeEncode } from "../road/encode.ts";
import type { Issue } from "../road/issue.ts";
import { isOf, isoOf, isPlainObject, maxEpochMillis, noSeries, seriesOf } from "./plain.ts";

/** A plain event, ready for JSON, of which many at once are written faster than one by one. */
export interface PlainEvent {
  readonly client_event_id: string;
  readonly name: string;
  readonly value: number;
  readonly step: number | undefined;
  readonly timestamp: string | undefined;
  /** The same object as that of the event before, if it is the same. */
  readonly metadata: { readonly [name: string]: unknown } | undefined;
}

let encode: Encode | undefined;

/** The JSON of an event, or what is wrong with it. */
export const encodeBySchema = (event: unknown): string | Issue => {
  encode ??= makeEncode(MetricInput);
  const encoded = encode(event);
  return Result.isSuccess(encoded) ? JSON.stringify(encoded.success) : encoded.failure;
};

const isPlainTime = (value: unknown): value is DateTime.Utc =>
  DateTime.isDateTime(value) &&
  DateTime.isUtc(value) &&
  value.epochMilliseconds >= 0 &&
  value.epochMilliseconds <= maxEpochMillis;

const isStep = (value: unknown): value is number =>
  Number.isSafeInteger(value) && Number(value) >= 0;

/** Many events in a row have the same metadata. */
let lastSeries = noSeries;

/** `Reflect.ownKeys` finds as many, three times as slowly. */
const countKeys = (value: object): number =>
  Object.getOwnPropertyNames(value).length + Object.getOwnPropertySymbols(value).length;

/** A plain event; `undefined` for any other. */
export const plainEvent = (event: unknown): PlainEvent | undefined => {
  if (!isPlainObject(event)) return undefined;
  const { clientEventId, name, value, step, timestamp, metadata } = event;
  if (typeof clientEventId !== "string" || clientEventId === "") return undefined;
  if (typeof name !== "string" || name === "") return undefined;
  if (typeof value !== "number" || !Number.isFinite(value)) return undefined;
  if (step !== undefined && !isStep(step)) return undefined;
  if (timestamp !== undefined && !isPlainTime(timestamp)) return undefined;
  if (metadata !== undefined && !isOf(lastSeries, metadata)) {
    const series = seriesOf(metadata);
    if (series === undefined) return undefined;
    lastSeries = series;
  }
  let known = 3;
  if (step !== undefined || "step" in event) known++;
  if (timestamp !== undefined || "timestamp" in event) known++;
  if (metadata !== undefined || "metadata" in event) known++;
  return countKeys(event) === known
    ? {
        client_event_id: clientEventId,
        name,
        value,
        step,
        timestamp: timestamp && isoOf(timestamp.epochMilliseconds),
        metadata: metadata === undefined ? undefined : lastSeries.fields,
      }
    : undefined;
};

/** The JSON of an event, or what is wrong with it. */
export const encodeEvent = (event: unknown): string | Issue => {
  const plain = plainEvent(event);
  return plain === undefined ? encodeBySchema(event) : JSON.stringify(plain);
};
