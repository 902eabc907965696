import type { Json } from "effect/Schema";
import { hash128 } from "../internal/base/hash128.ts";

const isArray: (json: Json) => json is ReadonlyArray<Json> = Array.isArray;

/** JSON text that is the same for values that are equal as JSON: the keys of objects are in order. */
export const canonical = (json: Json): string => {
  if (json === null || typeof json !== "object") return JSON.stringify(json);
  if (isArray(json)) return `[${json.map(canonical).join(",")}]`;
  const entries = Object.entries(json).map(
    ([key, value]) => `${JSON.stringify(key)}:${canonical(value)}`,
  );
  return `{${entries.toSorted().join(",")}}`;
};

const encoder = new TextEncoder();

/** 32 hex digits for a text. It is not for secrets. */
export const digest = (text: string): string => {
  const bytes = encoder.encode(text);
  // The hash reads whole blocks of 16.
  const padded = new Uint8Array(Math.ceil(bytes.length / 16) * 16);
  padded.set(bytes);
  return hash128(new DataView(padded.buffer), bytes.length)
    .map((word) => (word >>> 0).toString(16).padStart(8, "0"))
    .join("");
};

const [quote, backslash] = [34, 92];

/** Whether arrays and objects of a JSON text lie more than so deep inside each other. What is no JSON may be either. */
export const isDeeper = (text: string, levels: number): boolean => {
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === quote) {
      for (i++; i < text.length && text.charCodeAt(i) !== quote; i++) {
        if (text.charCodeAt(i) === backslash) i++;
      }
      // "{" and "[", then "}" and "]", are 32 apart.
    } else if ((code | 32) === 123) {
      if (++depth > levels) return true;
    } else if ((code | 32) === 125) depth--;
  }
  return false;
};
