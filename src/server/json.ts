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
/** For the texts of most requests. */
const scratch = new Uint8Array(1024 * 1024);

/** 32 hex digits for a text. It is not for secrets. */
export const digest = (text: string): string => {
  // In UTF-8, and the hash reads whole blocks of 16.
  const most = text.length * 3 + 16;
  const bytes = most <= scratch.length ? scratch : new Uint8Array(most);
  const { written } = encoder.encodeInto(text, bytes);
  bytes.fill(0, written, written + 16);
  return hash128(new DataView(bytes.buffer), written)
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
