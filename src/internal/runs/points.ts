/**
 * Metrics in the batches they are sent in. Most points are plain, and are checked by hand, many times as fast as the
 * schema does it; what is not plainly right is left to the schema, which decides, and says what is wrong.
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

/** Points, in order, as one request holds them. */
export interface Batch {
  readonly body: Uint8Array;
  /** Of their messages. */
  readonly ids: ReadonlyArray<string>;
  /** Where each of them stood in the input. */
  readonly indexes: ReadonlyArray<number>;
}

// -----------------------------------------------------------------------------
// Checks
// -----------------------------------------------------------------------------

const isText = (value: unknown, { min, max }: { readonly min: number; readonly max: number }) =>
  typeof value === "string" && value.length >= min && value.length <= max;
const isName = (value: unknown): value is string => isText(value, nameLength);
const isMessageId = (value: unknown): value is string => isText(value, idLength);

const isWhole = (value: unknown): value is number =>
  Number.isSafeInteger(value) && Number(value) >= 0;

const isPlainObject = (value: unknown): value is Record<string, unknown> => {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
};

const isPlainTime = (value: unknown): value is DateTime.Utc =>
  DateTime.isDateTime(value) && DateTime.isUtc(value) && isWhole(value.epochMilliseconds);

const fields: { readonly [Name in keyof MetricPoint]-?: true } = {
  name: true,
  value: true,
  step: true,
  metadata: true,
  timestamp: true,
  messageId: true,
};

const hasOnlyFields = (point: object): boolean => {
  for (const name in point) if (!Object.hasOwn(fields, name)) return false;
  return true;
};

// -----------------------------------------------------------------------------
// Metadata
// -----------------------------------------------------------------------------

type Meta = MetricData["meta"];

/** Metadata that was read. */
interface Read {
  readonly names: ReadonlyArray<string>;
  readonly values: ReadonlyArray<unknown>;
  /** A copy that nobody changes. */
  readonly meta: Meta;
}

const nothing: Read = { names: [], values: [], meta: {} };

/** `undefined` for what is not plainly a flat map of strings. */
const readMetadata = (metadata: Record<string, unknown>): Read | undefined => {
  const names = Object.keys(metadata);
  const meta: Record<string, string> = {};
  const values: Array<string> = [];
  for (const name of names) {
    const value = metadata[name];
    // A field of this name would be no field of the copy.
    if (typeof value !== "string" || name === "__proto__") return undefined;
    meta[name] = value;
    values.push(value);
  }
  return { names, values, meta };
};

/** Whether metadata is the same to the last field, which takes less time to find out than to read it anew. */
const isOf = ({ names, values }: Read, metadata: Record<string, unknown>): boolean => {
  let i = 0;
  for (const name in metadata) {
    if (name !== names[i] || metadata[name] !== values[i]) return false;
    i++;
  }
  return i === names.length;
};

// -----------------------------------------------------------------------------
// One by one
// -----------------------------------------------------------------------------

let encode: Encode | undefined;

/** Reads points, whatever becomes of the objects afterwards. */
export class Reader {
  readonly #experimentId: string;
  readonly #now: () => number;
  /** The metadata of the last point, which is that of the next one more often than not. */
  #last = nothing;

  constructor(experimentId: string, now: () => number) {
    this.#experimentId = experimentId;
    this.#now = now;
  }

  read(point: unknown): Message | Issue {
    return this.#plain(point) ?? this.#bySchema(point);
  }

  #message(
    messageId: string | undefined,
    timestampMs: number | undefined,
    step: number,
    metricName: string,
    metricValue: number,
    meta: Meta,
  ): Message {
    return {
      messageId: messageId ?? newMessageId(),
      event: recordMetrics.event,
      data: {
        experimentId: this.#experimentId,
        timestampMs: timestampMs ?? this.#now(),
        step,
        metricName,
        metricValue,
        meta,
      },
    };
  }

  #plain(point: unknown): Message | undefined {
    if (!isPlainObject(point) || !hasOnlyFields(point)) return undefined;
    const { messageId, metadata, name, step, timestamp, value } = point;
    if (!isName(name) || !isWhole(step)) return undefined;
    if (typeof value !== "number" || !Number.isFinite(value)) return undefined;
    if (messageId !== undefined && !isMessageId(messageId)) return undefined;
    if (timestamp !== undefined && !isPlainTime(timestamp)) return undefined;
    let read = nothing;
    if (metadata !== undefined) {
      if (!isPlainObject(metadata)) return undefined;
      if (!isOf(this.#last, metadata)) {
        const another = readMetadata(metadata);
        if (another === undefined) return undefined;
        this.#last = another;
      }
      read = this.#last;
    }
    return this.#message(messageId, timestamp?.epochMilliseconds, step, name, value, read.meta);
  }

  #bySchema(point: unknown): Message | Issue {
    encode ??= makeEncode(MetricPoint);
    const encoded = encode(point);
    if (Result.isFailure(encoded)) return encoded.failure;
    // That is what it encodes to.
    const { messageId, meta, metricName, metricValue, step, timestampMs } =
      encoded.success as typeof MetricPoint.Encoded;
    return this.#message(messageId, timestampMs, step, metricName, metricValue, meta ?? {});
  }
}

// -----------------------------------------------------------------------------
// Together
// -----------------------------------------------------------------------------

/** About how large a body may become, in UTF-16 units. */
const maxLength = 1024 * 1024;

/** Of an event, but for its name and its metadata. */
const lengthOfTheRest = 300;

const utf8 = new TextEncoder();

/** Gathers points until no more fit. */
export class Gathering {
  #messages: Array<Message> = [];
  #indexes: Array<number> = [];
  #length = 0;
  /** Many points in a row have the same metadata. */
  #lastMeta: Meta = {};
  #lastMetaLength = 2;

  get isFull(): boolean {
    return this.#messages.length >= maxEvents;
  }

  /** Takes one more, and answers the batch that it did not fit into any more. */
  add(message: Message, index: number): Batch | undefined {
    const { meta, metricName } = message.data;
    if (meta !== this.#lastMeta) {
      this.#lastMeta = meta;
      this.#lastMetaLength = JSON.stringify(meta).length;
    }
    const length = lengthOfTheRest + metricName.length + this.#lastMetaLength;
    const full = this.#length + length > maxLength ? this.take() : undefined;
    this.#messages.push(message);
    this.#indexes.push(index);
    this.#length += length;
    return full;
  }

  /** What there is, to begin anew. It is written at once: what waits for its turn is bytes. */
  take(): Batch | undefined {
    if (this.#messages.length === 0) return undefined;
    const batch = {
      body: utf8.encode(JSON.stringify(this.#messages)),
      ids: this.#messages.map(({ messageId }) => messageId),
      indexes: this.#indexes,
    };
    this.#messages = [];
    this.#indexes = [];
    this.#length = 0;
    return batch;
  }
}

/** Those at these places of a batch. So few are ever sent again that they may be read back. */
export const partOf = ({ body, ids, indexes }: Batch, places: ReadonlyArray<number>): Batch => {
  const messages: ReadonlyArray<Message> = JSON.parse(new TextDecoder().decode(body));
  return {
    body: utf8.encode(JSON.stringify(places.map((i) => messages[i]))),
    ids: places.flatMap((i) => ids[i] ?? []),
    indexes: places.flatMap((i) => indexes[i] ?? []),
  };
};
