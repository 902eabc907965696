/**
 * Metrics in the batches they are sent in: most points are plain, and are checked and written by hand.
 */
import * as Predicate from "effect/Predicate";
import * as Result from "effect/Result";
import type { Issue } from "../base/issue.ts";
import {
  countKeys,
  isOf,
  isPlainObject,
  isPlainTime,
  isStep,
  isText,
  noSeries,
  readSeries,
  type Series,
} from "../base/plainEvent.ts";
import { beforeField, putEventOf } from "../base/putEvent.ts";
import { bytesOf, type Utf8 } from "../base/utf8.ts";
import { makeMessageIds } from "../events/messageId.ts";
import { type Encode, makeEncode } from "../request/encode.ts";
import * as gathering from "../request/gathering.ts";
import { type Envelope, maxEvents } from "../wire/v2/envelope.ts";
import {
  idLength,
  type MetricData,
  MetricPoint,
  nameLength,
  recordMetrics,
} from "../wire/v2/runs.ts";

/** Points, in order, as one request holds them. */
export interface Batch extends gathering.Batch {
  /** Of their messages. */
  readonly ids: ReadonlyArray<string>;
}

// -----------------------------------------------------------------------------
// One by one
// -----------------------------------------------------------------------------

const inEnvelope = (name: keyof Envelope, mark?: string): string => beforeField(name, mark);
const inData = (name: keyof MetricData, mark?: string): string => beforeField(name, mark);

const putMetric = putEventOf({
  beforeId: bytesOf(inEnvelope("messageId", "{")),
  beforeStep: bytesOf(inData("step")),
  beforeTime: bytesOf(inData("timestampMs")),
  end: bytesOf("}}"),
});

const metaField = ({ fields }: Series): Uint8Array =>
  bytesOf(inData("meta") + JSON.stringify(fields));

/** How many names are remembered; there are few, or something is wrong anyway. */
const maxNames = 1000;

let encode: Encode | undefined;

/** Writes points in their envelopes, whatever becomes of the objects afterwards. */
class PointEncoder {
  /** Of the last point. */
  id = "";
  readonly #newId = makeMessageIds();
  readonly #now: () => number;
  /** What stands before the name of a metric. */
  readonly #beforeName: string;
  readonly #names = new Map<string, Uint8Array>();
  readonly #nothing = metaField(noSeries);
  /** Many points in a row have the same metadata. */
  #series = noSeries;
  #meta = this.#nothing;

  constructor(experimentId: string, now: () => number) {
    this.#now = now;
    this.#beforeName =
      inEnvelope("event") +
      JSON.stringify(recordMetrics.event) +
      inEnvelope("data") +
      inData("experimentId", "{") +
      JSON.stringify(experimentId) +
      inData("metricName");
  }

  /** Appends any point, or says what is wrong with it. All of it is read before any is written. */
  encode(out: Utf8, point: unknown): Issue | undefined {
    return this.#putPlain(out, point) ? undefined : this.#putBySchema(out, point);
  }

  #put(
    out: Utf8,
    messageId: string | undefined,
    name: string,
    value: number,
    step: number,
    meta: Uint8Array,
    time: number | undefined,
  ): void {
    this.id = messageId ?? this.#newId();
    putMetric(
      out,
      this.id,
      this.#names.get(name) ?? this.#name(name),
      value,
      step,
      meta,
      time ?? this.#now(),
    );
  }

  /** Whether it is a plain point. */
  #putPlain(out: Utf8, point: unknown): boolean {
    if (!isPlainObject(point)) return false;
    const { messageId, name, value, step, timestamp, metadata } = point;
    if (!isText(name, nameLength) || !isStep(step)) return false;
    if (typeof value !== "number" || !Number.isFinite(value)) return false;
    if (messageId !== undefined && !isText(messageId, idLength)) return false;
    if (timestamp !== undefined && !isPlainTime(timestamp)) return false;
    if (metadata !== undefined && !isOf(this.#series, metadata)) {
      const series = readSeries(metadata, Predicate.isString);
      if (series === undefined) return false;
      this.#meta = metaField(series);
      this.#series = series;
    }
    let known = 3;
    if (messageId !== undefined || "messageId" in point) known++;
    if (timestamp !== undefined || "timestamp" in point) known++;
    if (metadata !== undefined || "metadata" in point) known++;
    if (countKeys(point) !== known) return false;
    const meta = metadata === undefined ? this.#nothing : this.#meta;
    this.#put(out, messageId, name, value, step, meta, timestamp?.epochMilliseconds);
    return true;
  }

  #putBySchema(out: Utf8, point: unknown): Issue | undefined {
    encode ??= makeEncode(MetricPoint);
    const encoded = encode(point);
    if (Result.isFailure(encoded)) return encoded.failure;
    // That is what it encodes to.
    const { messageId, meta, metricName, metricValue, step, timestampMs } =
      encoded.success as typeof MetricPoint.Encoded;
    const field =
      meta === undefined ? this.#nothing : bytesOf(inData("meta") + JSON.stringify(meta));
    this.#put(out, messageId, metricName, metricValue, step, field, timestampMs);
    return undefined;
  }

  #name(name: string): Uint8Array {
    const field = bytesOf(this.#beforeName + JSON.stringify(name) + inData("metricValue"));
    if (this.#names.size < maxNames) this.#names.set(name, field);
    return field;
  }
}

// -----------------------------------------------------------------------------
// Together
// -----------------------------------------------------------------------------

const frame: gathering.Frame = { before: bytesOf("["), after: bytesOf("]") };
const limits: gathering.Limits = { maxEvents, maxBytes: 1024 * 1024 };

/** Gathers points until no more fit, with the ids of their messages. */
export class Gathering {
  readonly #encoder: PointEncoder;
  readonly #gathering: gathering.Gathering;
  #ids: Array<string> = [];

  constructor(experimentId: string, now: () => number) {
    const encoder = new PointEncoder(experimentId, now);
    this.#encoder = encoder;
    this.#gathering = new gathering.Gathering(frame, limits, (out, point) =>
      encoder.encode(out, point),
    );
  }

  get isFull(): boolean {
    return this.#gathering.isFull;
  }

  /** Takes one more, and answers the batch that it did not fit into any more, or what is wrong with it. */
  add(point: unknown, index: number): Batch | Issue | undefined {
    const added = this.#gathering.add(point, index);
    if (added !== undefined && !("body" in added)) return added;
    const full = this.#withIds(added);
    this.#ids.push(this.#encoder.id);
    return full;
  }

  /** What there is, to begin anew. */
  take(): Batch | undefined {
    return this.#withIds(this.#gathering.take());
  }

  #withIds(batch: gathering.Batch | undefined): Batch | undefined {
    if (batch === undefined) return undefined;
    const ids = this.#ids;
    this.#ids = [];
    return { ...batch, ids };
  }
}

/** Those at these places of a batch. So few are ever sent again that they may be read back. */
export const partOf = ({ body, ids, indexes }: Batch, places: ReadonlyArray<number>): Batch => {
  const messages: ReadonlyArray<unknown> = JSON.parse(new TextDecoder().decode(body));
  return {
    body: bytesOf(JSON.stringify(places.map((i) => messages[i]))),
    ids: places.flatMap((i) => ids[i] ?? []),
    indexes: places.flatMap((i) => indexes[i] ?? []),
  };
};
