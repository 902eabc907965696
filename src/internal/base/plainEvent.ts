/**
 * What is plain about an event, of either generation of the API. Most events are, and are checked by hand, many times
 * as fast as a schema does it; whatever is not plainly right is left to the schema, which decides, and says what is
 * wrong.
 */
import * as DateTime from "effect/DateTime";

// -----------------------------------------------------------------------------
// Fields
// -----------------------------------------------------------------------------

export const isPlainObject = (value: unknown): value is Record<string, unknown> => {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
};

/** How many fields it has. `Reflect.ownKeys` finds as many, three times as slowly. */
export const countKeys = (value: object): number =>
  Object.getOwnPropertyNames(value).length + Object.getOwnPropertySymbols(value).length;

/** In UTF-16 units. */
export const isText = (
  value: unknown,
  { min, max }: { readonly min: number; readonly max: number },
): value is string => typeof value === "string" && value.length >= min && value.length <= max;

export const isStep = (value: unknown): value is number =>
  Number.isSafeInteger(value) && Number(value) >= 0;
/** Milliseconds are as many as steps may be. */
export const isTime = isStep;

export const isPlainTime = (value: unknown): value is DateTime.Utc =>
  DateTime.isDateTime(value) && DateTime.isUtc(value) && isTime(value.epochMilliseconds);

// -----------------------------------------------------------------------------
// Metadata
// -----------------------------------------------------------------------------

export type Scalar = string | number | boolean | null;

/** Metadata that was read: what tells the series of one name apart. */
export interface Series {
  readonly names: ReadonlyArray<string>;
  readonly values: ReadonlyArray<unknown>;
  /** A copy that nobody changes, with nothing in it that JSON would not take, and nothing deep. */
  readonly fields: { readonly [name: string]: Scalar };
}

export const noSeries: Series = { names: [], values: [], fields: {} };

/** The metadata as it is; `undefined` for any that is not a flat map of such values. */
export const readSeries = (
  metadata: unknown,
  isValue: (value: unknown) => value is Scalar,
): Series | undefined => {
  if (!isPlainObject(metadata)) return undefined;
  const fields: Record<string, Scalar> = {};
  const names = Object.keys(metadata);
  const values: Array<Scalar> = [];
  for (const name of names) {
    const value = metadata[name];
    // A field of this name would be no field of the copy.
    if (!isValue(value) || name === "__proto__") return undefined;
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
