/**
 * Metrics in the batches they are sent in. Most points are plain, and are checked by hand, many times as fast as the schema does it; what is not
 * plainly right is left to the schema, which decides, and says what is wrong.
 */
import * as DateTime from "effect/DateTime";
import * as Result from "effect/Result";
import type { Issue } from "../base/issue.ts";
import { newMessageId } from "../events/messageId.ts";
import { type Encode, makeEncode } from "../request/encode.ts";
import { maxEvents } from "../wire/v2/envelope.ts";
import {
  idLength,
  type MetricData,
  MetricPoint,
  nameLength,
  recordMetrics,
} from "../wire/v2/runs.ts";

/** A point that was checked, in its envelope. */
export interface Message {
  readonly messageId: string;
  readonly event: string;
  readonly data: MetricData;
}

/** Points, in order. */
export interface Batch {
  readonly messages: ReadonlyArray<Message>;
  /** Where each of them stood in the input. */
  readonly indexes: ReadonlyArray<number>;
}

// -----------------------------------------------------------------------------
// One by one
// -----------------------------------------------------------------------------

const isText = (value: unknown, { min, max }: { readonly min: number; readonly max: number }) =>
  typeof value === "string" && value.length >= min && value.length <= max;
const isName = (value: unknown): value is string => isText(value, nameLength);
const isMessageId = (value: unknown): value is string | undefined =>
  value === undefined || isText(value, idLength);

const isWhole = (value: unknown): value is number =>
  Number.isSafeInteger(value) && Number(value) >= 0;

const isPlainObject = (value: unknown): value is Record<string, unknown> => {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
};

const none: MetricData["meta"] = {};

/** A copy that nobody changes; `undefined` for what is not plainly a flat map of strings. */
const flat = (metadata: unknown): MetricData["meta"] | undefined => {
  if (metadata === undefined) return none;
  if (!isPlainObject(metadata)) return undefined;
  const copy: Record<string, string> = {};
  for (const key of Object.keys(metadata)) {
    const value = metadata[key];
    // A field of this name would be no field of the copy.
    if (typeof value !== "string" || key === "__proto__") return undefined;
    copy[key] = value;
  }
  return copy;
};

const timeOf = (timestamp: unknown, now: number): number | undefined => {
  if (timestamp === undefined) return now;
  return DateTime.isDateTime(timestamp) &&
    DateTime.isUtc(timestamp) &&
    isWhole(timestamp.epochMilliseconds)
    ? timestamp.epochMilliseconds
    : undefined;
};

const fields: { readonly [Name in keyof MetricPoint]-?: true } = {
  name: true,
  value: true,
  step: true,
  metadata: true,
  timestamp: true,
  messageId: true,
};

let encode: Encode | undefined;

/** Reads points, whatever becomes of the objects afterwards. */
export class Reader {
  readonly #experimentId: string;
  readonly #now: () => number;

  constructor(experimentId: string, now: () => number) {
    this.#experimentId = experimentId;
    this.#now = now;
  }

  read(point: unknown): Message | Issue {
    return this.#plain(point) ?? this.#bySchema(point);
  }

  #message(messageId: string | undefined, data: Omit<MetricData, "experimentId">): Message {
    return {
      messageId: messageId ?? newMessageId(),
      event: recordMetrics.event,
      data: { experimentId: this.#experimentId, ...data },
    };
  }

  #plain(point: unknown): Message | undefined {
    if (!isPlainObject(point)) return undefined;
    for (const name in point) if (!Object.hasOwn(fields, name)) return undefined;
    const { name, value, step, messageId } = point;
    if (!isName(name) || !isWhole(step) || !isMessageId(messageId)) return undefined;
    if (typeof value !== "number" || !Number.isFinite(value)) return undefined;
    const meta = flat(point["metadata"]);
    const timestampMs = timeOf(point["timestamp"], this.#now());
    if (meta === undefined || timestampMs === undefined) return undefined;
    return this.#message(messageId, {
      timestampMs,
      step,
      metricName: name,
      metricValue: value,
      meta,
    });
  }

  #bySchema(point: unknown): Message | Issue {
    encode ??= makeEncode(MetricPoint);
    const encoded = encode(point);
    if (Result.isFailure(encoded)) return encoded.failure;
    // That is what it encodes to.
    const { messageId, ...data } = encoded.success as typeof MetricPoint.Encoded;
    return this.#message(messageId, {
      ...data,
      timestampMs: data.timestampMs ?? this.#now(),
      meta: data.meta ?? none,
    });
  }
}

// -----------------------------------------------------------------------------
// Together
// -----------------------------------------------------------------------------

/** About how large a body may become, in characters of JSON. */
const maxLength = 1024 * 1024;

/** Of an event, but for its name and its metadata. */
const lengthOfTheRest = 300;

const lengthOf = ({ data: { meta, metricName } }: Message): number => {
  let length = lengthOfTheRest + metricName.length;
  for (const key in meta) length += key.length + (meta[key]?.length ?? 0) + 6;
  return length;
};

/** Gathers messages until no more fit. */
export class Gathering {
  #messages: Array<Message> = [];
  #indexes: Array<number> = [];
  #length = 0;

  /** Takes one more, and answers the batch that it did not fit into any more. */
  add(message: Message, index: number): Batch | undefined {
    const length = lengthOf(message);
    const isFull = this.#messages.length >= maxEvents || this.#length + length > maxLength;
    const full = isFull ? this.take() : undefined;
    this.#messages.push(message);
    this.#indexes.push(index);
    this.#length += length;
    return full;
  }

  /** What there is, to begin anew. */
  take(): Batch | undefined {
    if (this.#messages.length === 0) return undefined;
    const batch = { messages: this.#messages, indexes: this.#indexes };
    this.#messages = [];
    this.#indexes = [];
    this.#length = 0;
    return batch;
  }
}
