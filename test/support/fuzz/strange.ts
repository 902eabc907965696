/** What to put where something else belongs. */
import type { Dice } from "./dice.ts";
import { type Json, quoted, raw } from "./json.ts";

// oxfmt-ignore
const small: ReadonlyArray<Json> = [
  "null", "true", "false", "[]", "{}", "[[]]", "[null]", '""', '" "', '"null"', '"0"', '"__proto__"', '"constructor"',
  "0", "-0", "0.0", "1", "-1", "0.5", "-1e-7", "1E2", "1e-400", "5e-324", "1.7976931348623157e308", "1e400", "-1e400",
  "9007199254740991", "9007199254740992", "9007199254740993", "-9007199254740993", "123456789012345678901234567890",
  // Surrogates, alone and in a pair that is none, a character that ends strings, and one that turns them round.
  '"\\ud800"', '"\\udc00x"', '"\\ude00\\ud83d"', '"\\ud83d\\ude00"', '"\\u0000"', '"\\u202e"', '"\\u001b[31m"',
  '"."', '".."', '"a/b?c#d"', '"%2e%2e"', '"\\\\"', '"\\r\\nx-evil: 1"',
  '{"__proto__":{"polluted":true}}', '{"__proto__":null}', '{"constructor":{"prototype":{"polluted":true}}}',
  '{"then":1,"toString":1,"valueOf":1,"toJSON":1,"hasOwnProperty":1}', '{"length":4294967295}', '{"_tag":"None"}',
].map(raw);

// oxfmt-ignore
const times: ReadonlyArray<Json> = [
  "2026-01-02T03:04:05Z", "1767323045000", "8640000000000000", "8640000000000001", "-8640000000000001", "1767323045000.5",
].flatMap((time) => [quoted(time), raw(time.includes("T") ? "true" : time)]);

/** What is no JSON at all. */
// oxfmt-ignore
const broken: ReadonlyArray<Json> = [
  "NaN", "Infinity", "-", "undefined", "01", "1.", ".5", "+1", "0x10", "1_000", "'a'", "`a`", "", ",", "}", "]", ":",
  '"', '"\\', '"\\x41"', '"\\u12"', "[1,]", '{"a":1,}', "{a:1}", "/**/1", "\u0000",
].map(raw);

const nest = (open: string, close: string, depth: number) =>
  raw(`${open.repeat(depth)}1${close.repeat(depth)}`);

/** JSON that is long, wide or deep. */
const large = (dice: Dice, secret: string): Json => {
  const size = dice.pick([1_000, 10_000, 40_000]);
  switch (dice.int(8)) {
    case 0:
      return quoted(dice.pick(["a", "é", "😀", "\u0000", '"', "<title", " ", "\\"]).repeat(size));
    case 1:
      return quoted(`${secret} `.repeat(size / 20));
    case 2:
      return raw("9".repeat(size));
    case 3:
      return raw(`0.${"3".repeat(size)}e-${"1".repeat(20)}`);
    case 4:
      return nest("[", "]", dice.pick([100, 10_000]));
    case 5:
      return nest('{"a":', "}", dice.pick([100, 10_000]));
    case 6:
      return raw(`[${"0,".repeat(size)}0]`);
    default:
      return raw(`{${Array.from({ length: 1_000 }, (_, i) => `"k${i}":${i}`).join(",")}}`);
  }
};

/** JSON that the contract has nothing to say of. */
export const stranger = (dice: Dice, secret: string): Json => {
  if (dice.chance(0.01)) return large(dice, secret);
  if (dice.chance(0.02)) return quoted(secret);
  return dice.chance(0.2) ? dice.pick(times) : dice.pick(small);
};

/** The same, or what is no JSON. */
export const anything = (dice: Dice, secret: string): Json =>
  dice.chance(0.08) ? dice.pick(broken) : stranger(dice, secret);

/** No field of the contract has one of these names. */
// oxfmt-ignore
export const strangeNames: ReadonlyArray<Json> = [
  '"__proto__"', '"constructor"', '"prototype"', '"toString"', '"valueOf"', '"toJSON"', '"then"', '"hasOwnProperty"',
  '"_tag"', '"_id"', '"pipe"', '"length"', '"0"', '""', '" id"', '"ID"', '"\\u0000"', '"\\ud800"', '"x_new"',
  '"createdAt"',
].map(raw);
