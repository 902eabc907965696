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

const hex = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));
const hex16 = (half: number): string => `${hex[(half >>> 8) & 255]}${hex[half & 255]}`;

/** A UUID (version 8, RFC 9562) that is the hash of the text in UTF-8. */
export const idOfText = (text: string): string => {
  const length = write(text);
  // Up to the end of the last block of the hash.
  for (let i = length; i % 16 !== 0; i++) bytes[i] = 0;
  const [a, b, c, d] = hash128(view, length);
  const version = (b & 0x0fff) | 0x8000;
  const variant = ((c >>> 16) & 0x3fff) | 0x8000;
  return (
    `${hex16(a >>> 16)}${hex16(a)}-${hex16(b >>> 16)}-${hex16(version)}-` +
    `${hex16(variant)}-${hex16(c)}${hex16(d >>> 16)}${hex16(d)}`
  );
};
