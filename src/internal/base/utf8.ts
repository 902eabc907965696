/** JSON as the bytes that are sent: a text would be made of many small ones first, and encoded then. */

import { putFraction } from "./decimal.ts";

const utf8 = new TextEncoder();

/** The text in UTF-8. */
export const bytesOf = (text: string): Uint8Array => utf8.encode(text);

/** UTF-8 that grows at its end. */
export class Utf8 {
  /** What is written so far are the first {@link length} bytes of it. */
  array: Uint8Array;
  length = 0;

  constructor(room: Uint8Array = new Uint8Array(4096)) {
    this.array = room;
  }

  get written(): Uint8Array {
    return this.array.subarray(0, this.length);
  }

  /** Makes room for as many more bytes. What is written by hand needs it. */
  reserve(count: number): void {
    const { array, length } = this;
    if (length + count <= array.length) return;
    this.array = new Uint8Array(Math.max(array.length * 2, length + count));
    this.array.set(array.subarray(0, length));
  }

  /** A text of any characters, or some as they are. */
  append(text: string | Uint8Array): void {
    if (typeof text === "string") {
      this.reserve(text.length * 3);
      this.length += utf8.encodeInto(text, this.array.subarray(this.length)).written;
    } else {
      this.reserve(text.length);
      this.length = putBytes(this.array, this.length, text);
    }
  }
}

// -----------------------------------------------------------------------------
// By hand: where there is room, from a place on. The answer is where it ends
// -----------------------------------------------------------------------------

/** A call takes longer than a few bytes. */
const fewBytes = 24;

export const putBytes = (array: Uint8Array, at: number, bytes: Uint8Array): number => {
  const { length } = bytes;
  if (length > fewBytes) array.set(bytes, at);
  else for (let i = 0; i < length; i++) array[at + i] = bytes[i] as number;
  return at + length;
};

/** Digits of an integer below 2^31. */
const putInt32 = (array: Uint8Array, at: number, value: number): number => {
  let end = at + 1;
  for (let rest = value; rest >= 10; rest = (rest / 10) | 0) end++;
  let rest = value | 0;
  for (let i = end - 1; i >= at; i--) {
    const tenth = (rest / 10) | 0;
    array[i] = 48 + rest - tenth * 10;
    rest = tenth;
  }
  return end;
};

/** A non-negative safe integer. */
export const putCount = (array: Uint8Array, at: number, value: number): number => {
  if (value < 0x8000_0000) return putInt32(array, at, value);
  const billions = Math.floor(value / 1e9);
  const start = putInt32(array, at, billions);
  let rest = (value - billions * 1e9) | 0;
  for (let i = start + 8; i >= start; i--) {
    const tenth = (rest / 10) | 0;
    array[i] = 48 + rest - tenth * 10;
    rest = tenth;
  }
  return start + 9;
};

/** A finite number, as JSON has it. */
export const putNumber = (array: Uint8Array, at: number, value: number): number => {
  if (Number.isSafeInteger(value) && value >= 0) return putCount(array, at, value);
  if (value >= 1e-6 && value < 2 ** 53) {
    const end = putFraction(array, at, value);
    if (end !== -1) return end;
  }
  const text = `${value}`;
  const { length } = text;
  for (let i = 0; i < length; i++) array[at + i] = text.charCodeAt(i);
  return at + length;
};

/** What {@link putNumber} takes at most: `-1.2345678901234567e-100`. */
export const numberBytes = 24;

/** A string with its quotes. Its characters may need six bytes each. */
export const putString = (array: Uint8Array, at: number, text: string): number => {
  const { length } = text;
  const start = at + 1;
  array[at] = 0x22;
  for (let i = 0; i < length; i++) {
    const unit = text.charCodeAt(i);
    // What JSON escapes, and what is no ASCII.
    if (unit < 0x20 || unit === 0x22 || unit === 0x5c || unit > 0x7e) {
      return at + utf8.encodeInto(JSON.stringify(text), array.subarray(at)).written;
    }
    array[start + i] = unit;
  }
  array[start + length] = 0x22;
  return start + length + 1;
};
