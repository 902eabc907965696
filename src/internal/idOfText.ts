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
