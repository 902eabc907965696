/** Pieces of an event as JSON, where they are plain. */
export const isPlainObject = (value: unknown): value is Record<string, unknown> => {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
};

const isPlain = (value: unknown): boolean =>
  typeof value === "string" ||
  typeof value === "boolean" ||
  value === null ||
  Number.isFinite(value);

/** Metadata that is flat, with nothing in it that JSON would not take. */
export interface Series {
  readonly names: ReadonlyArray<string>;
  readonly values: ReadonlyArray<unknown>;
  /** A copy that nobody changes. */
  readonly fields: { readonly [name: string]: unknown };
}

export const noSeries: Series = { names: [], values: [], fields: {} };

/** The metadata as it is; `undefined` for any that is not plain. */
export const seriesOf = (metadata: unknown): Series | undefined => {
  if (!isPlainObject(metadata)) return undefined;
  const names = Object.keys(metadata);
  const values = names.map((name) => metadata[name]);
  return values.every(isPlain)
    ? { names, values, fields: Object.fromEntries(names.map((name, i) => [name, values[i]])) }
    : undefined;
};

/** Whether metadata is the same to the last field, which takes less time to find out than to write it anew. */
export const isOf = ({ names, values }: Series, metadata: unknown): boolean => {
  if (!isPlainObject(metadata)) return false;
  let i = 0;
  for (const name in metadata) {
    if (name !== names[i] || metadata[name] !== values[i]) return false;
    i++;
  }
  return i === names.length;
};

/** The last millisecond that has four digits for its year. */
export const maxEpochMillis = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

let lastMillis = NaN;
let lastTime = "";

/** Many events in a row are of the same millisecond. */
export const isoOf = (epochMillis: number): string => {
  if (epochMillis !== lastMillis) {
    lastMillis = epochMillis;
    lastTime = new Date(epochMillis).toISOString();
  }
  return lastTime;
};

/** Short strings of ordinary characters, which most are, are quoted faster by hand. */
export const quoted = (text: string): string => {
  if (text.length > 64) return JSON.stringify(text);
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    // What JSON escapes: control characters, the quote, the backslash, and of the surrogates those that are alone.
    if (unit < 0x20 || unit === 0x22 || unit === 0x5c || unit >= 0xd800) {
      return JSON.stringify(text);
    }
  }
  return `"${text}"`;
};
