/**
 * MurmurHash3 (x86, 128 bits, seed 0): fast, and even enough that a billion ids are all different but for a chance of 10^-19. It is not for
 * secrets. Effect's own synchronous digest, MD5, would cost four times as much for each recorded event.
 */
const rotate = (value: number, bits: number): number => (value << bits) | (value >>> (32 - bits));

const scramble = (value: number, by: number, bits: number, then: number): number =>
  Math.imul(rotate(Math.imul(value, by), bits), then);

const finish = (value: number): number => {
  let h = value ^ (value >>> 16);
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return h ^ (h >>> 16);
};

const [c1, c2, c3, c4] = [0x239b961b, 0xab0e9789, 0x38b34ae5, 0xa1e38b93] as const;

/** The four words of the hash of the first `length` bytes. What is behind them must be zeros up to a multiple of 16. */
export const hash128 = (
  view: DataView,
  length: number,
): readonly [number, number, number, number] => {
  let [h1, h2, h3, h4] = [0, 0, 0, 0];
  const whole = length - (length % 16);
  for (let at = 0; at < whole; at += 16) {
    h1 ^= scramble(view.getInt32(at, true), c1, 15, c2);
    h1 = (Math.imul(rotate(h1, 19) + h2, 5) + 0x561ccd1b) | 0;
    h2 ^= scramble(view.getInt32(at + 4, true), c2, 16, c3);
    h2 = (Math.imul(rotate(h2, 17) + h3, 5) + 0x0bcaa747) | 0;
    h3 ^= scramble(view.getInt32(at + 8, true), c3, 17, c4);
    h3 = (Math.imul(rotate(h3, 15) + h4, 5) + 0x96cd1c35) | 0;
    h4 ^= scramble(view.getInt32(at + 12, true), c4, 18, c1);
    h4 = (Math.imul(rotate(h4, 13) + h1, 5) + 0x32ac3b17) | 0;
  }
  if (whole < length) {
    // Zeros add nothing, so the last words can be taken whole.
    h4 ^= scramble(view.getInt32(whole + 12, true), c4, 18, c1);
    h3 ^= scramble(view.getInt32(whole + 8, true), c3, 17, c4);
    h2 ^= scramble(view.getInt32(whole + 4, true), c2, 16, c3);
    h1 ^= scramble(view.getInt32(whole, true), c1, 15, c2);
  }
  h1 ^= length;
  h2 ^= length;
  h3 ^= length;
  h4 ^= length;
  h1 = (h1 + h2 + h3 + h4) | 0;
  h2 = (h2 + h1) | 0;
  h3 = (h3 + h1) | 0;
  h4 = (h4 + h1) | 0;
  h1 = finish(h1);
  h2 = finish(h2);
  h3 = finish(h3);
  h4 = finish(h4);
  h1 = (h1 + h2 + h3 + h4) | 0;
  return [h1, (h2 + h1) | 0, (h3 + h1) | 0, (h4 + h1) | 0];
};
