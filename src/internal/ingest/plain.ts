/** Pieces of an event as JSON, where they are plain. */
export const isPlainObject = (value: unknown): value is Record<string, unknown> => {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
};

/** Flat, and nothing in it that JSON would not take. */
export const isPlainMetadata = (metadata: unknown): metadata is Record<string, unknown> => {
  if (!isPlainObject(metadata)) return false;
  for (const name of Object.keys(metadata)) {
    const value = metadata[name];
    if (
      typeof value !== "string" &&
      typeof value !== "boolean" &&
      value !== null &&
      !Number.isFinite(value)
    ) {
      return false;
    }
  }
  return true;
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
