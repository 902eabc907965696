import * as Predicate from "effect/Predicate";
import type * as Schema from "effect/Schema";
import { hash128 } from "./hash128.ts";
import { numberBytes, putBytes, putCount } from "./utf8.ts";

const utf8 = new TextEncoder();
let bytes = new Uint8Array(1024);
let view = new DataView(bytes.buffer);

/** Makes `bytes` so long, and the rest of a block of the hash. */
const reserve = (length: number): void => {
  if (bytes.length >= length + 16) return;
  bytes = new Uint8Array(length * 2 + 16);
  view = new DataView(bytes.buffer);
};

const digits = Array.from("0123456789abcdef", (digit) => digit.charCodeAt(0));
/** Of an id, the dashes in place. */
const units = new Uint8Array(36).fill("-".charCodeAt(0));

const put = (word: number, at: number, count: number): void => {
  for (let rest = word, i = at + count - 1; i >= at; i--, rest >>>= 4)
    units[i] = digits[rest & 15]!;
};

/** A UUID (version 8, RFC 9562) that is the hash of so many `bytes`. */
const hashed = (length: number): Uint8Array => {
  // Up to the end of the last block of the hash.
  for (let i = length; i % 16 !== 0; i++) bytes[i] = 0;
  const [a, b, c, d] = hash128(view, length);
  put(a, 0, 8);
  put(b >>> 16, 9, 4);
  put((b & 0x0fff) | 0x8000, 14, 4);
  put(((c >>> 16) & 0x3fff) | 0x8000, 19, 4);
  put(c, 24, 4);
  put(d, 28, 8);
  return units;
};

/**
 * What {@link make} makes, in UTF-8 and until the next one is made, of what stands before the step in what is hashed, of
 * a step that is one, and of what stands behind it.
 */
export const idBytesOf = (before: Uint8Array, step: number, after: Uint8Array): Uint8Array => {
  reserve(before.length + numberBytes + after.length);
  return hashed(putBytes(bytes, putCount(bytes, putBytes(bytes, 0, before), step), after));
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

/** What is hashed, up to the step. */
export const beforeStep = (run: string, name: string): string =>
  `${JSON.stringify(run)},${JSON.stringify(name)},`;

/** And behind it. */
export const afterStep = (metadata: unknown): string => {
  const series = metadata === undefined ? "{}" : canonical(metadata);
  return series === "{}" ? "" : `,${series}`;
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
  const text = `${beforeStep(run, name)}${step}${afterStep(metadata)}`;
  reserve(text.length * 3);
  return String.fromCharCode(...hashed(utf8.encodeInto(text, bytes).written));
};
