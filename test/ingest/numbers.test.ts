/** A number is written as JSON has it, to the last digit, whoever writes it. */
import { assert, it } from "@effect/vitest";
import { putFraction } from "../../src/internal/base/decimal.ts";
import { numberBytes, putNumber } from "../../src/internal/base/utf8.ts";

const bits = new BigInt64Array(1);
const float = new Float64Array(bits.buffer);

/** The numbers around one, each next to the other. */
function* around(value: number, count: number) {
  float[0] = value;
  const first = bits[0]! - BigInt(count);
  for (let i = 0; i <= 2 * count; i++) {
    bits[0] = first + BigInt(i);
    yield float[0]!;
  }
}

const array = new Uint8Array(64);
const decoder = new TextDecoder();

/** Answers whether it was written without JavaScript's help. */
const assertSame = (value: number): boolean => {
  if (!Number.isFinite(value)) return false;
  const end = putNumber(array, 0, value);
  const text = decoder.decode(array.subarray(0, end));
  if (text !== JSON.stringify(value)) assert.strictEqual(text, JSON.stringify(value));
  assert.isAtMost(end, numberBytes);
  return value >= 1e-6 && value < 2 ** 53 && putFraction(array, 0, value) !== -1;
};

it("around every power of ten", () => {
  for (let e = -323; e < 309; e++)
    for (const value of around(Number(`1e${e}`), 50)) assertSame(value);
});

it("around every power of two", () => {
  for (let e = -1070; e < 1024; e++) for (const value of around(2 ** e, 20)) assertSame(value);
});

it("of few digits, and of many", () => {
  let state = 1;
  const random = () => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32;
  let byHand = 0;
  const count = 20_000;
  for (let i = 0; i < count; i++) {
    const digits = Math.floor(random() * 17);
    assertSame(Math.round(random() * 10 ** digits) / 10 ** Math.floor(random() * 20));
    assertSame(Math.floor(random() * 2 ** 52) + 0.5);
    assertSame((random() + random() / 2 ** 32) * 10 ** (random() * 640 - 320));
    if (assertSame(1 / (i + 3)) && assertSame(random() + random() / 2 ** 32)) byHand++;
  }
  // Else it would not be worth it.
  assert.isAbove(byHand, count * 0.99);
});

it("whatever its sign, integer or not", () => {
  for (const value of [
    0,
    1,
    9,
    10,
    2 ** 31 - 1,
    2 ** 31,
    1e9,
    2 ** 53 - 1,
    2 ** 53,
    1e21,
    0.5,
    1.5,
  ]) {
    for (const one of [value, -value, value + 1, value / 3]) assertSame(one);
  }
  for (const value of [
    Number.MAX_VALUE,
    Number.MIN_VALUE,
    -Number.MAX_VALUE,
    -1.2345678901234567e-100,
  ]) {
    assertSame(value);
  }
});
