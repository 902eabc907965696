import { cutBytes, keptBodyBytes } from "./body.ts";

export type Scrub = (text: string) => string;

/** The backslashes of JSON in JSON, six deep. Without a bound, a text of backslashes would take time by the square of its length. */
const maxBackslashes = 64;

/** However a text spells one UTF-16 unit: as it is, behind backslashes, or percent-encoded. */
const spelling = (unit: string, index: number): string => {
  const code = unit.charCodeAt(0).toString(16).padStart(4, "0");
  const hex = code.slice(2).replace(/[a-f]/g, (digit) => `[${digit}${digit.toUpperCase()}]`);
  // Of those before the key, only the one that belongs to it.
  const most = index === 0 ? 1 : maxBackslashes;
  const escaped = `\\\\{0,${most}}(?:u00${hex}|\\u${code})`;
  return `(?:${unit === "\\" ? `\\\\{1,${maxBackslashes}}` : escaped}|%${hex})`;
};

/** Cuts every spelling of the keys out of a text that came from outside, control characters too: it may end up in a terminal. */
export const makeScrub = (keys: ReadonlyArray<string>): Scrub => {
  const spellings = keys
    // As it arrives: a header has no white space around it.
    .map((key) => key.trim())
    .filter((key) => key !== "")
    .map((key) => new RegExp(key.split("").map(spelling).join(""), "g"));
  return (text) =>
    spellings
      .reduce((text, key) => text.replace(key, "<redacted>"), text)
      // oxlint-disable-next-line no-control-regex -- these are what is looked for
      .replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, " ");
};

/** The longest that a key may be, in any spelling: half of one that long is not recognised where a text was cut. */
const margin = 4096;

/** How much of a text is looked at, to keep as much of it as an error does; 4 are for the character that the cut goes through. */
export const seenBytes = keptBodyBytes + margin + 4;

/** The start of a text that goes on, without the keys in it and without what may be half of one at its end. */
export const startOf = (scrub: Scrub, text: string): string => {
  const bytes = new TextEncoder().encode(scrub(text.slice(0, seenBytes)));
  return cutBytes(bytes, Math.max(0, bytes.byteLength - margin));
};
