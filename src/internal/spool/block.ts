/**
 * The unit of what is written to a spool file: some entries of one kind behind a header with their checksum. A block
 * that was not written whole, or was damaged since, is known by it.
 */
import { Utf8 } from "../base/utf8.ts";
import type { Kind } from "./service.ts";

const kinds: ReadonlyArray<Kind> = ["metric", "annotation", "started", "ended"];

/** Entries of these kinds are no events: they say where the run stands, always have room, and go alone. */
export const isStatus = (kind: Kind): boolean => kind === "started" || kind === "ended";

/**
 * Between entries, which have no line break of their own, as compact JSON has none. Entries that are JSON become the
 * inside of an array.
 */
export const separator = new Uint8Array([0x2c, 0x0a]);
export const lineBreak = 0x0a;

export const joinEntries = (entries: ReadonlyArray<Uint8Array>): Uint8Array => {
  const [only] = entries;
  if (entries.length === 1 && only !== undefined) return only;
  const joined = new Utf8();
  for (const [i, entry] of entries.entries()) {
    if (i > 0) joined.append(separator);
    joined.append(entry);
  }
  return joined.written;
};

export const splitEntries = (body: Uint8Array): ReadonlyArray<Uint8Array> => {
  const entries: Array<Uint8Array> = [];
  let start = 0;
  for (let end = body.indexOf(lineBreak); end !== -1; end = body.indexOf(lineBreak, start)) {
    entries.push(body.subarray(start, end + 1 - separator.length));
    start = end + 1;
  }
  return [...entries, body.subarray(start)];
};

/**
 * Magic, kind, count, length, checksum: five little-endian 32-bit integers. The checksum is of all that follows the
 * magic, but itself.
 */
const headerBytes = 20;
const magic = 0x31_56_59_53; // "SYV1"

/** Blocks one after the other, and their bytes. */
export interface Encoded {
  readonly bytes: Uint8Array;
  readonly blocks: ReadonlyArray<Block>;
}

/** Encodes blocks, each of so many entries. */
export const encodeBlocks = (
  blocks: ReadonlyArray<Pick<Block, "kind" | "count" | "body">>,
): Encoded => {
  const length = blocks.reduce((sum, { body }) => sum + headerBytes + body.length, 0);
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  let end = 0;
  const encoded = blocks.map(({ body, count, kind }) => {
    const start = end;
    end += headerBytes + body.length;
    view.setUint32(start, magic, true);
    view.setUint32(start + 4, kinds.indexOf(kind), true);
    view.setUint32(start + 8, count, true);
    view.setUint32(start + 12, body.length, true);
    bytes.set(body, start + headerBytes);
    view.setUint32(start + 16, checksum(bytes.subarray(start, end)), true);
    return { kind, count, body: bytes.subarray(start + headerBytes, end), end };
  });
  return { bytes, blocks: encoded };
};

const checksum = (block: Uint8Array): number =>
  (crc32(block, 4, 16) ^ crc32(block, headerBytes)) >>> 0;

// -----------------------------------------------------------------------------
// Reading
// -----------------------------------------------------------------------------

export interface Block {
  readonly kind: Kind;
  /** How many entries. */
  readonly count: number;
  /** The entries, joined by {@link separator}. */
  readonly body: Uint8Array;
  /** Where the block ends in what was read. */
  readonly end: number;
}

/** The block that begins at `start`, if a whole and undamaged one does. */
const decodeBlock = (bytes: Uint8Array, start: number): Block | undefined => {
  if (start + headerBytes > bytes.byteLength) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const kind = kinds[view.getUint32(start + 4, true)];
  const length = view.getUint32(start + 12, true);
  const end = start + headerBytes + length;
  if (view.getUint32(start, true) !== magic || kind === undefined || end > bytes.byteLength) {
    return undefined;
  }
  if (checksum(bytes.subarray(start, end)) !== view.getUint32(start + 16, true)) return undefined;
  return {
    kind,
    count: view.getUint32(start + 8, true),
    body: bytes.subarray(start + headerBytes, end),
    end,
  };
};

export interface Blocks {
  readonly blocks: ReadonlyArray<Block>;
  /** Bytes between whole blocks that are none. */
  readonly damaged: number;
  /** Bytes behind the last whole block: a write that was torn. */
  readonly torn: number;
}

/** Every whole block, in order. What is none is skipped up to the next one. */
export const decodeBlocks = (bytes: Uint8Array): Blocks => {
  const blocks: Array<Block> = [];
  let damaged = 0;
  let end = 0;
  for (let start = 0; start < bytes.byteLength;) {
    const block = decodeBlock(bytes, start);
    if (block === undefined) {
      // The first letter of the magic, further on.
      start = bytes.indexOf(magic & 0xff, start + 1);
      if (start === -1) break;
      continue;
    }
    blocks.push(block);
    damaged += start - end;
    start = end = block.end;
  }
  return { blocks, damaged, torn: bytes.byteLength - end };
};

// -----------------------------------------------------------------------------
// Checksums
// -----------------------------------------------------------------------------

/** How many bytes the checksum takes at a time. */
const stride = 16;

/** CRC-32 as in zlib (ISO 3309, reflected 0xEDB88320): for each byte of a stride, by how many others follow in it. */
const tables = /* @__PURE__ */ (() => {
  const made = new Int32Array(stride * 256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
    made[byte] = crc;
  }
  for (let i = 256; i < made.length; i++) {
    const before = at(made, i - 256);
    made[i] = (before >>> 8) ^ at(made, before & 0xff);
  }
  return made;
})();

/** Within bounds, where the compiler sees only an array. */
function at(numbers: Int32Array | Uint8Array, index: number): number {
  return numbers[index] as number;
}

/** What four bytes do that so many others of a stride follow. */
const ofWord = (word: number, others: number): number =>
  at(tables, ((others + 3) << 8) + (word & 0xff)) ^
  at(tables, ((others + 2) << 8) + ((word >>> 8) & 0xff)) ^
  at(tables, ((others + 1) << 8) + ((word >>> 16) & 0xff)) ^
  at(tables, (others << 8) + (word >>> 24));

/** The checksum of some of the bytes, from 0 to 2^32 - 1. */
const crc32 = (bytes: Uint8Array, start: number, end = bytes.byteLength): number => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let crc = -1;
  let i = start;
  for (; i + stride <= end; i += stride) {
    crc =
      ofWord(crc ^ view.getInt32(i, true), 12) ^
      ofWord(view.getInt32(i + 4, true), 8) ^
      ofWord(view.getInt32(i + 8, true), 4) ^
      ofWord(view.getInt32(i + 12, true), 0);
  }
  for (; i < end; i++) crc = (crc >>> 8) ^ at(tables, (crc ^ at(bytes, i)) & 0xff);
  return ~crc >>> 0;
};
