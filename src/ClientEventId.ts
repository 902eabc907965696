/**
 * Ids of events that come out the same whenever the same event is recorded, so that sending it again stores nothing twice.
 *
 * @since 0.1.0
 */
import * as Predicate from "effect/Predicate";
import type * as Schema from "effect/Schema";
import { hash128 } from "./internal/hash128.ts";

/**
 * What makes two events the same.
 *
 * @category models
 * @since 0.1.0
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
const canonical = (value: unknown): string => {
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

const utf8 = new TextEncoder();
const firstBuffer = new ArrayBuffer(1024);
let bytes = new Uint8Array(firstBuffer);
let view = new DataView(firstBuffer);

const hex = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));
const hex16 = (half: number): string => `${hex[(half >>> 8) & 255]}${hex[half & 255]}`;

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
 * @category constructors
 * @since 0.1.0
 */
export const make = ({ run, name, step, metadata }: Input): string => {
  let text = `${JSON.stringify(run)},${JSON.stringify(name)},${step}`;
  if (metadata !== undefined) {
    const series = canonical(metadata);
    if (series !== "{}") text += `,${series}`;
  }
  if (bytes.length < text.length * 3 + 16) {
    bytes = new Uint8Array(text.length * 3 + 16);
    view = new DataView(bytes.buffer);
  }
  const { written } = utf8.encodeInto(text, bytes);
  bytes.fill(0, written, written + 16);
  const [a, b, c, d] = hash128(view, written);
  const version = (b & 0x0fff) | 0x8000;
  const variant = ((c >>> 16) & 0x3fff) | 0x8000;
  return (
    `${hex16(a >>> 16)}${hex16(a)}-${hex16(b >>> 16)}-${hex16(version)}-` +
    `${hex16(variant)}-${hex16(c)}${hex16(d >>> 16)}${hex16(d)}`
  );
};
