/** Events of v1 as they are sent, in UTF-8. */
import type { Issue } from "../base/issue.ts";
import {
  countKeys,
  isOf,
  isPlainObject,
  isPlainTime,
  isStep,
  noSeries,
  type Series,
} from "../base/plainEvent.ts";
import { beforeField, putEventOf } from "../base/putEvent.ts";
import { bytesOf, type Utf8 } from "../base/utf8.ts";
import type { MetricInput } from "../wire/v1/metricInput.ts";
import { encodeBySchema, isEventId, isName, seriesOf } from "./event.ts";

const before = (name: keyof typeof MetricInput.Encoded, mark?: string): string =>
  beforeField(name, mark);

export const putEvent = putEventOf({
  beforeId: bytesOf(before("client_event_id", "{")),
  beforeStep: bytesOf(before("step")),
  beforeTime: bytesOf(before("timestamp_ms")),
  end: bytesOf("}"),
});

/** How many names are remembered; there are few, or something is wrong anyway. */
export const maxNames = 1000;

/** The name of an event as its field, with what stands behind it up to the value. */
export const nameField = (name: string): Uint8Array =>
  bytesOf(before("name") + JSON.stringify(name) + before("value"));

/** The metadata of an event as its field, and its time. */
export const metadataField = ({ fields }: Series): string =>
  before("metadata") + JSON.stringify(fields);
export const timeField = (time: number): string => `${before("timestamp_ms")}${time}`;

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
