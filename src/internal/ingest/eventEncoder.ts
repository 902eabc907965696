/** The one encoder of events, in UTF-8. */
import type { Issue } from "../base/issue.ts";
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
import {
  bytesOf,
  numberBytes,
  putBytes,
  putCount,
  putNumber,
  putString,
  type Utf8,
} from "./utf8.ts";

/** The name of a field as JSON, with what stands before it. */
const before = (name: keyof typeof MetricInput.Encoded, mark = ","): string =>
  `${mark}${JSON.stringify(name)}:`;

const beforeId = bytesOf(before("client_event_id", "{"));
const beforeStep = bytesOf(before("step"));
const beforeTime = bytesOf(before("timestamp_ms"));
const nothing = bytesOf("null");
const end = 0x7d; // "}"

/** What an event takes beside its id, its name and its metadata, at most. */
const bytesOfTheRest =
  beforeId.length + beforeStep.length + beforeTime.length + 3 * numberBytes + 1;

/** How many names are remembered; there are few, or something is wrong anyway. */
const maxNames = 1000;

/** Metadata as the field of an event. */
export const fieldOf = ({ fields }: Series): Uint8Array =>
  bytesOf(before("metadata") + JSON.stringify(fields));

export class EventEncoder {
  /** Of an event, from the end of its id up to its value. */
  readonly #names = new Map<string, Uint8Array>();
  /** Many events in a row have the same metadata. */
  #series = noSeries;
  #metadata = fieldOf(noSeries);

  /** An event that was checked, with its metadata as {@link fieldOf} has it. */
  put(
    out: Utf8,
    id: string,
    name: string,
    value: number,
    step: number | null | undefined,
    metadata: Uint8Array | undefined,
    time: number | undefined,
  ): void {
    const named = this.#names.get(name) ?? this.#name(name);
    out.reserve(
      bytesOfTheRest +
        id.length * 6 +
        named.length +
        (metadata === undefined ? 0 : metadata.length),
    );
    const { array } = out;
    let at = putBytes(array, out.length, beforeId);
    at = putString(array, at, id);
    at = putBytes(array, at, named);
    at = putNumber(array, at, value);
    at = putBytes(array, at, beforeStep);
    at =
      step === undefined || step === null
        ? putBytes(array, at, nothing)
        : putCount(array, at, step);
    if (metadata !== undefined) at = putBytes(array, at, metadata);
    if (time !== undefined) at = putCount(array, putBytes(array, at, beforeTime), time);
    array[at] = end;
    out.length = at + 1;
  }

  /** Any event, or what is wrong with it. All of it is read before any is written. */
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
      this.#metadata = fieldOf(series);
      this.#series = series;
    }
    let known = 3;
    if (step !== undefined || "step" in event) known++;
    if (timestamp !== undefined || "timestamp" in event) known++;
    if (metadata !== undefined || "metadata" in event) known++;
    if (countKeys(event) !== known) return false;
    this.put(
      out,
      clientEventId,
      name,
      value,
      step,
      metadata === undefined ? undefined : this.#metadata,
      timestamp?.epochMilliseconds,
    );
    return true;
  }

  #name(name: string): Uint8Array {
    const json = bytesOf(before("name") + JSON.stringify(name) + before("value"));
    if (this.#names.size < maxNames) this.#names.set(name, json);
    return json;
  }
}
