/** A text as bytes, most times as it should be. */
import type { Dice } from "./dice.ts";

export type Bytes = Uint8Array<ArrayBuffer>;

export interface Encoded {
  readonly bytes: Bytes;
  /** What was done to it, in words. */
  readonly step?: string;
  /** Whether a client reads the same text all the same. */
  readonly harmless?: boolean;
}

const splice = (bytes: Bytes, at: number, gone: number, come: ReadonlyArray<number>): Bytes =>
  Buffer.concat([bytes.subarray(0, at), Uint8Array.from(come), bytes.subarray(at + gone)]);

// Never begun, never ended, longer than it need be, half of a surrogate pair, and beyond Unicode.
const invalidUtf8 = [[0x80], [0xc3], [0xc0, 0xaf], [0xed, 0xa0, 0x80], [0xf5, 0x80, 0x80, 0x80]];

export const encode = (text: string, dice: Dice): Encoded => {
  const bytes = Buffer.from(text);
  const at = dice.int(bytes.byteLength + 1);
  switch (dice.int(40)) {
    case 0:
      return { bytes: splice(bytes, 0, 0, [0xef, 0xbb, 0xbf]), step: "a BOM", harmless: true };
    case 1:
      return { bytes: Buffer.from(` \r\n\t${text}\n\n `), step: "white space", harmless: true };
    case 2:
      return { bytes: Buffer.from(`\ufeff${text}`, "utf16le"), step: "UTF-16, little-endian" };
    case 3: {
      const swapped = Buffer.from(text, "utf16le").swap16();
      return { bytes: swapped, step: "UTF-16, big-endian, without a BOM" };
    }
    case 4:
      return { bytes: Buffer.from(text, "latin1"), step: "Latin-1" };
    case 5:
      return { bytes: splice(bytes, at, 0, dice.pick(invalidUtf8)), step: `no UTF-8 at ${at}` };
    case 6:
      return { bytes: bytes.subarray(0, at), step: `cut off after ${at} bytes` };
    case 7:
      return { bytes: splice(bytes, at, 1, [dice.int(256)]), step: `another byte at ${at}` };
    case 8:
      return { bytes: splice(bytes, at, 1 + dice.int(8), []), step: `bytes gone at ${at}` };
    case 9:
      return { bytes: Buffer.from(text + text), step: "said twice" };
    case 10:
      return { bytes: Buffer.from(`)]}',\n${text}`), step: "a prefix against scripts" };
    case 11:
      return { bytes: Buffer.alloc(0), step: "nothing" };
    default:
      return { bytes };
  }
};
