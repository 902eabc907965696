import * as Predicate from "effect/Predicate";
import type * as Schema from "effect/Schema";
import { hash128 } from "./hash128.ts";

const utf8 = new TextEncoder();
const firstBuffer = new ArrayBuffer(1024);
let bytes = new Uint8Array(firstBuffer);
let view = new DataView(firstBuffer);

/** Writes the text to `bytes`, and answers how many it takes. */
const write = (text: string): number => {
  if (bytes.length < text.length * 3 + 16) {
    bytes = new Uint8Array(text.length * 3 + 16);
    view = new DataView(bytes.buffer);
  }
  // A call of the encoder takes longer than all of a short text, which is ASCII more often than not.
  if (text.length > 200) return utf8.encodeInto(text, bytes).written;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit > 0x7f) return utf8.encodeInto(text, bytes).written;
    bytes[i] = unit;
  }
  return text.length;
};

const digits = Array.from("0123456789abcdef", (digit) => digit.charCodeAt(0));
/** Of an id, the dashes in place. One string of units is made faster than one of pieces, and is flat. */
const units = Array.from({ length: 36 }, () => "-".charCodeAt(0));

const put = (word: number, at: number, count: number): void => {
  for (let rest = word, i = at + count - 1; i >= at; i--, rest >>>= 4)
    units[i] = digits[rest & 15]!;
};

/** A UUID (version 8, RFC 9562) that is the hash of the text in UTF-8. */
export const idOfText = (text: string): string => {
  const length = write(text);
  // Up to the end of the last block of the hash.
  for (let i = length; i % 16 !== 0; i++) bytes[i] = 0;
  const [a, b, c, d] = hash128(view, length);
  put(a, 0, 8);
  put(b >>> 16, 9, 4);
  put((b & 0x0fff) | 0x8000, 14, 4);
  put(((c >>> 16) & 0x3fff) | 0x8000, 19, 4);
  put(c, 24, 4);
  put(d, 28, 8);
  return String.fromCharCode(...units);
};

/**
 * What makes two events the same.
 *
 * @category models
 */
export interface Input {
  /** The experiment's slug, or whatever else names the run. */
  readonly run: string;
  /** The name of the metric. */
  readonly name: string;
  readonly step: number;
  /** What tells the series of one metric apart, such as `{ split: "val" }`. No metadata and `{}` are the same. */
  readonly metadata?: Schema.JsonObject | undefined;
}

/** JSON with the fields of every object in order of their names (RFC 8785 3.2.3). */
export const canonical = (value: unknown): string => {
  if (typeof value === "string") return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  if (!Predicate.isObject(value)) return JSON.stringify(value) ?? "null";
  let json = "";
  // By UTF-16 units, as RFC 8785 sorts.
  for (const name of Object.keys(value).toSorted()) {
    const field = value[name];
    if (field === undefined) continue;
    json += `${json === "" ? "" : ","}${JSON.stringify(name)}:${canonical(field)}`;
  }
  return `{${json}}`;
};

/**
 * The id of an event: a UUID (version 8, RFC 9562) that depends on the run, the name, the step and the metadata and on nothing else,
 * wherever and whenever it is made.
 *
 * **Details**
 *
 * The order of fields in `metadata` makes no difference, at any level; the order of an array does. The id is a hash of 122 bits:
 * among a billion events, the chance that any two share one is 10^-19. What is hashed is
 * `"run","name",step` in JSON, followed by `,` and the metadata, its fields sorted, unless it is empty. This will not change.
 *
 * **Gotchas**
 *
 * Two recordings of one step of one series are one event: the second is a duplicate, whatever its value. Nothing is checked here; a step or
 * metadata that is not what its type says is refused when the event is sent.
 *
 * @example
 * ```ts
 * import { ClientEventId } from "syvain-metrics-effect";
 *
 * const id = ClientEventId.make({ run: "run-1", name: "loss", step: 100, metadata: { split: "val" } });
 * ```
 *
 * @category constructors
 */
export const make = ({ run, name, step, metadata }: Input): string => {
  let text = `${JSON.stringify(run)},${JSON.stringify(name)},${step}`;
  if (metadata !== undefined) {
    const series = canonical(metadata);
    if (series !== "{}") text += `,${series}`;
  }
  return idOfText(text);
};
