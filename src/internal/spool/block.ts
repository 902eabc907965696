/**
 * The unit of what is written to a spool file: some events of one kind behind a header with their checksum. A block that was not written
 * whole, or was damaged since, is told by it.
 *
 * The events are encoded when they are recorded, and joined so that they are at once the inside of a JSON array and lines that can be told apart.
 */
import { crc32 } from "./crc32.ts";

/** What the events of a batch are: measurements, notes, or where the run stands. */
export type Kind = "metric" | "annotation" | "status";

const kinds: ReadonlyArray<Kind> = ["metric", "annotation", "status"];

/** Compact JSON has no line break of its own: inside a string it is escaped. */
export const separator = ",\n";

/** Magic, kind, count, length, checksum: five little-endian 32-bit integers. The checksum is of all that follows the magic, but itself. */
const headerBytes = 20;
const magic = 0x31_56_59_53; // "SYV1"

const utf8 = new TextEncoder();
const decoder = new TextDecoder();

const encodeBlock = ({ body: text, count, kind }: Pick<Block, "kind" | "count" | "body">) => {
  const body = utf8.encode(text);
  const block = new Uint8Array(headerBytes + body.byteLength);
  const view = new DataView(block.buffer);
  view.setUint32(0, magic, true);
  view.setUint32(4, kinds.indexOf(kind), true);
  view.setUint32(8, count, true);
  view.setUint32(12, body.byteLength, true);
  block.set(body, headerBytes);
  view.setUint32(16, checksum(block), true);
  return block;
};

/** Blocks one after the other, each of so many events. */
export const encodeBlocks = (
  blocks: ReadonlyArray<Pick<Block, "kind" | "count" | "body">>,
): Uint8Array => {
  const parts = blocks.map(encodeBlock);
  const [only] = parts;
  if (parts.length === 1 && only !== undefined) return only;
  const joined = new Uint8Array(parts.reduce((sum, { byteLength }) => sum + byteLength, 0));
  let offset = 0;
  for (const part of parts) {
    joined.set(part, offset);
    offset += part.byteLength;
  }
  return joined;
};

const checksum = (block: Uint8Array): number =>
  (crc32(block, 4, 16) ^ crc32(block, headerBytes)) >>> 0;

export interface Block {
  readonly kind: Kind;
  /** How many events. */
  readonly count: number;
  /** The events, joined by {@link separator}. */
  readonly body: string;
  /** Of the body, in UTF-8. */
  readonly bytes: number;
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
    body: decoder.decode(bytes.subarray(start + headerBytes, end)),
    bytes: length,
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
