/**
 * The shortest decimal that is read as a given number and no other, as JavaScript writes it, without a string of its own
 * on the way: that takes twice as long, and is a third of what an event costs. Where the sums here cannot tell for sure,
 * nothing is written, and it is left to JavaScript.
 */

/** The digits that tell any two numbers apart. */
const maxDigits = 17;

const range = (length: number, of: (index: number) => number): Float64Array =>
  Float64Array.from({ length }, (_, i) => of(i));

/** The upper half of the bits of a number; the product of two such halves is exact (T. J. Dekker, 1971). */
const upper = (value: number): number => {
  const scaled = value * 134_217_729; // 2^27 + 1
  return scaled - (scaled - value);
};

/** All that are exact. */
const powers = /* @__PURE__ */ range(23, (i) => Number(`1e${i}`));
const upperPowers = /* @__PURE__ */ range(23, (i) => upper(Number(`1e${i}`)));
/** From 1e-7 on. */
const bounds = /* @__PURE__ */ range(24, (i) => Number(`1e${i - 7}`));
/** By binary exponent, from 2^-20 on: half the distance to the next number. */
const halves = /* @__PURE__ */ range(73, (i) => 2 ** (i - 20 - 53));

const float = /* @__PURE__ */ new Float64Array(1);
const words = /* @__PURE__ */ new Uint32Array(float.buffer);
/** Which of the two has sign and exponent. */
const high = /* @__PURE__ */ ((): 0 | 1 => {
  float[0] = 1;
  return words[1] === 0 ? 0 : 1;
})();

/** What is surely more than the error of a sum here, and surely less than matters. */
const doubt = 1e-9;

const zero = 0x30;
const point = 0x2e;

/** So many digits, with zeros before them. */
const putDigits = (array: Uint8Array, at: number, value: number, count: number): void => {
  let rest = value | 0;
  for (let i = at + count - 1; i >= at; i--) {
    const tenth = (rest / 10) | 0;
    array[i] = zero + rest - tenth * 10;
    rest = tenth;
  }
};

/** Writes a number that is at least 1e-6, below 2^53 and no integer. Answers where it ends, or -1 if it is not written. */
export const putFraction = (array: Uint8Array, at: number, value: number): number => {
  float[0] = value;
  const word = words[high] as number;
  // The numbers below a power of two are nearer than those above.
  if ((word & 0xf_ffff) === 0 && words[1 - high] === 0) return -1;
  const binary = (word >>> 20) - 1023;
  // Of the first digit. It may be one more.
  let exponent = Math.floor(binary * 0.301_03);
  if (value >= (bounds[exponent + 8] as number)) exponent++;

  // value * 10^scale = product + error, exactly, which has seventeen digits before the point.
  const scale = maxDigits - 1 - exponent;
  const power = powers[scale] as number;
  const product = value * power;
  const [a, b] = [upper(value), upperPowers[scale] as number];
  const [c, d] = [value - a, power - b];
  const error = a * b - product + a * d + c * b + c * d;
  // Whatever is nearer than this is read as the same number.
  const radius = power * (halves[binary + 20] as number);

  // The same as first * 10^8 + last + part.
  let first = Math.floor(product / 1e8);
  const whole = Math.round(error);
  const last = product - first * 1e8 + whole;
  const part = error - whole;

  // As few digits as will do: a multiple of 100, of 10, or of 1, the nearest one.
  let nearest = Math.round((last + part) / 100) * 100;
  const far = Math.abs(nearest - last - part);
  if (Math.abs(far - radius) < doubt) return -1;
  if (far > radius) {
    const below = Math.floor((last + part) / 10) * 10;
    const over = last - below + part;
    if (Math.abs(over - 5) < doubt) return -1;
    nearest = over < 5 ? below : below + 10;
    const far = Math.abs(nearest - last - part);
    if (Math.abs(far - radius) < doubt) return -1;
    if (far > radius) {
      if (Math.abs(part) > 0.5 - doubt) return -1;
      nearest = last;
    }
  }
  if (nearest < 0) {
    nearest += 1e8;
    first--;
  } else if (nearest >= 1e8) {
    nearest -= 1e8;
    first++;
  }
  if (first < 1e8 || first >= 1e9) return -1;

  let start = at;
  if (exponent < 0) {
    array[start++] = zero;
    array[start++] = point;
    for (let i = exponent + 1; i < 0; i++) array[start++] = zero;
  } else start++;
  putDigits(array, start, first, 9);
  putDigits(array, start + 9, nearest, 8);
  if (exponent >= 0) {
    for (let i = at; i <= at + exponent; i++) array[i] = array[i + 1] as number;
    array[at + exponent + 1] = point;
  }
  let end = start + maxDigits;
  while (array[end - 1] === zero) end--;
  return end;
};
