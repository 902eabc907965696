/** The one encoder of events, in UTF-8. */
import type { Issue } from "../base/issue.ts";
import {
  bytesOf,
  numberBytes,
  putBytes,
  putCount,
  putNumber,
  putString,
  type Utf8,
} from "../base/utf8.ts";
import type { MetricInput } from "../wire/v1/metricInput.ts";
import {
  countKeys,
  encodeBySchema,
  isEventId,
  isName,
  isOf,
  isPlainObject,
  isPlainTime,
  isStep,
  noSeries,
  type Series,
  seriesOf,
} from "./event.ts";

/** The name of a field as JSON, with what stands before it. */
const before = (name: keyof typeof MetricInput.Encoded, mark = ","): string =>
  `${mark}${JSON.stringify(name)}:`;

const beforeId = bytesOf(before("client_event_id", "{"));
const beforeStep = bytesOf(before("step"));
const beforeTime = bytesOf(before("timestamp_ms"));
const nothing = bytesOf("null");
const quote = 0x22;
const end = 0x7d;

/** What an event takes beside its id, its name and its metadata, at most. */
const bytesOfTheRest =
  beforeId.length + beforeStep.length + beforeTime.length + 3 * numberBytes + 1;

/** How many names are remembered; there are few, or something is wrong anyway. */
export const maxNames = 1000;

/** The name of an event as its field, with what stands behind it up to the value. */
export const nameField = (name: string): Uint8Array =>
  bytesOf(before("name") + JSON.stringify(name) + before("value"));

/** The metadata of an event as its field, and its time. */
export const metadataField = ({ fields }: Series): string =>
  before("metadata") + JSON.stringify(fields);
export const timeField = (time: number): string => `${before("timestamp_ms")}${time}`;

/**
 * Appends an event that was checked: its name, and the fields of the rest, but for the time if that is given apart. An
 * id in UTF-8 has nothing that JSON would escape.
 */
export const putEvent = (
  out: Utf8,
  id: string | Uint8Array,
  name: Uint8Array,
  value: number,
  step: number | null | undefined,
  rest: Uint8Array | undefined,
  time: number | undefined,
): void => {
  out.reserve(
    bytesOfTheRest + id.length * 6 + name.length + (rest === undefined ? 0 : rest.length),
  );
  const { array } = out;
  let at = putBytes(array, out.length, beforeId);
  if (typeof id === "string") at = putString(array, at, id);
  else {
    array[at] = quote;
    at = putBytes(array, at + 1, id);
    array[at++] = quote;
  }
  at = putBytes(array, at, name);
  at = putNumber(array, at, value);
  at = putBytes(array, at, beforeStep);
  at =
    step === undefined || step === null ? putBytes(array, at, nothing) : putCount(array, at, step);
  if (rest !== undefined) at = putBytes(array, at, rest);
  if (time !== undefined) at = putCount(array, putBytes(array, at, beforeTime), time);
  array[at] = end;
  out.length = at + 1;
};

/** Encodes the events of a batch, whoever made them. */
export class EventEncoder {
  readonly #names = new Map<string, Uint8Array>();
  /** Many events in a row have the same metadata. */
  #series = noSeries;
  #metadata = bytesOf(metadataField(noSeries));

  /** Appends any event, or says what is wrong with it. All of it is read before any is written. */
  encode(out: Utf8, event: unknown): Issue | undefined {
    if (this.#putPlain(out, event)) return undefined;
    const json = encodeBySchema(event);
    if (typeof json !== "string") return json;
    out.append(json);
    return undefined;
  }

  /** Whether it is a plain event. */
  #putPlain(out: Utf8, event: unknown): boolean {
    if (!isPlainObject(event)) return false;
    const { clientEventId, name, value, step, timestamp, metadata } = event;
    if (!isEventId(clientEventId) || !isName(name)) return false;
    if (typeof value !== "number" || !Number.isFinite(value)) return false;
    if (step !== undefined && step !== null && !isStep(step)) return false;
    if (timestamp !== undefined && !isPlainTime(timestamp)) return false;
    if (metadata !== undefined && !isOf(this.#series, metadata)) {
      const series = seriesOf(metadata);
      if (series === undefined) return false;
      this.#metadata = bytesOf(metadataField(series));
      this.#series = series;
    }
    let known = 3;
    if (step !== undefined || "step" in event) known++;
    if (timestamp !== undefined || "timestamp" in event) known++;
    if (metadata !== undefined || "metadata" in event) known++;
    if (countKeys(event) !== known) return false;
    putEvent(
      out,
      clientEventId,
      this.#names.get(name) ?? this.#name(name),
      value,
      step,
      metadata === undefined ? undefined : this.#metadata,
      timestamp?.epochMilliseconds,
    );
    return true;
  }

  #name(name: string): Uint8Array {
    const field = nameField(name);
    if (this.#names.size < maxNames) this.#names.set(name, field);
    return field;
  }
}
