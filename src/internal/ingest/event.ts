/**
 * What an event may be. Most are plain, and are checked by hand, many times as fast as the schema does it; whatever is not plainly right is
 * left to the schema, which decides, and says what is wrong.
 */
import * as DateTime from "effect/DateTime";
import * as Result from "effect/Result";
import type { Issue } from "../base/issue.ts";
import { type Encode, makeEncode } from "../request/encode.ts";
import { idLength, MetricInput, nameLength } from "../wire/v1/metricInput.ts";

// -----------------------------------------------------------------------------
// By the schema
// -----------------------------------------------------------------------------

let encode: Encode | undefined;

/** The JSON of an event, or what is wrong with it. */
export const encodeBySchema = (event: unknown): string | Issue => {
  encode ??= makeEncode(MetricInput);
  const encoded = encode(event);
  return Result.isSuccess(encoded) ? JSON.stringify(encoded.success) : encoded.failure;
};

// -----------------------------------------------------------------------------
// Metadata
// -----------------------------------------------------------------------------

type Scalar = string | number | boolean | null;

/** Metadata with nothing in it that JSON would not take, and nothing deep. */
type Flat = { readonly [name: string]: Scalar };

export const isPlainObject = (value: unknown): value is Record<string, unknown> => {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
};

const isScalar = (value: unknown): value is Scalar =>
  typeof value === "string" ||
  typeof value === "boolean" ||
  value === null ||
  Number.isFinite(value);

/** Metadata that was read: what tells the series of one name apart. */
export interface Series {
  readonly names: ReadonlyArray<string>;
  readonly values: ReadonlyArray<unknown>;
  /** A copy that nobody changes. */
  readonly fields: Flat;
}

export const noSeries: Series = { names: [], values: [], fields: {} };

/** The metadata as it is; `undefined` for any that is not flat. */
export const seriesOf = (metadata: unknown): Series | undefined => {
  if (!isPlainObject(metadata)) return undefined;
  const fields: Record<string, Scalar> = {};
  const names = Object.keys(metadata);
  const values: Array<Scalar> = [];
  for (const name of names) {
    const value = metadata[name];
    // A field of this name would be no field of the copy.
    if (!isScalar(value) || name === "__proto__") return undefined;
    fields[name] = value;
    values.push(value);
  }
  return { names, values, fields };
};

/** Whether metadata is the same to the last field, which takes less time to find out than to read it anew. */
export const isOf = ({ names, values }: Series, metadata: unknown): boolean => {
  if (!isPlainObject(metadata)) return false;
  let i = 0;
  for (const name in metadata) {
    if (name !== names[i] || metadata[name] !== values[i]) return false;
    i++;
  }
  return i === names.length;
};

// -----------------------------------------------------------------------------
// By hand
// -----------------------------------------------------------------------------

const isText = (value: unknown, { min, max }: { readonly min: number; readonly max: number }) =>
  typeof value === "string" && value.length >= min && value.length <= max;

export const isName = (name: unknown): name is string => isText(name, nameLength);
export const isEventId = (id: unknown): id is string => isText(id, idLength);
export const isStep = (value: unknown): value is number =>
  Number.isSafeInteger(value) && Number(value) >= 0;
/** Milliseconds are as many as steps may be. */
export const isTime = isStep;

export const isPlainTime = (value: unknown): value is DateTime.Utc =>
  DateTime.isDateTime(value) && DateTime.isUtc(value) && isTime(value.epochMilliseconds);

/** How many fields it has. `Reflect.ownKeys` finds as many, three times as slowly. */
export const countKeys = (value: object): number =>
  Object.getOwnPropertyNames(value).length + Object.getOwnPropertySymbols(value).length;
