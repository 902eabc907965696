/**
 * The frames of an event file (TFRecord): the length in 8 bytes, its checksum in 4, the record, its checksum in 4. The
 * checksum is CRC-32C, rotated and moved so that a file of such files is not taken for one.
 */

const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  return crc;
});

export const crc32c = (bytes: Uint8Array): number => {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = table[(crc ^ byte) & 0xff]! ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
};

const masked = (bytes: Uint8Array): number => {
  const crc = crc32c(bytes);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
};

/** The file is not what was written from here on. */
export class Damaged extends Error {
  readonly offset: number;
  constructor(offset: number) {
    super(`the record at byte ${offset} is damaged`);
    this.offset = offset;
  }
}

const headerSize = 12;

/**
 * The records of a file, in the memory of one. One that is still being written ends in the middle of a record, which is
 * left for the next time.
 */
export async function* readRecords(
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void> {
  let parts: Array<Uint8Array> = [];
  let available = 0;
  let wanted = headerSize;
  let offset = 0;
  for await (const chunk of chunks) {
    parts.push(chunk);
    available += chunk.length;
    if (available < wanted) continue;
    const bytes = parts.length === 1 ? chunk : Buffer.concat(parts);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let at = 0;
    wanted = headerSize;
    while (at + headerSize <= bytes.length) {
      if (view.getUint32(at + 8, true) !== masked(bytes.subarray(at, at + 8))) {
        throw new Damaged(offset + at);
      }
      const length = Number(view.getBigUint64(at, true));
      const end = at + headerSize + length;
      wanted = headerSize + length + 4;
      if (end + 4 > bytes.length) break;
      const record = bytes.subarray(at + headerSize, end);
      if (view.getUint32(end, true) !== masked(record)) throw new Damaged(offset + at);
      yield record;
      at = end + 4;
      wanted = headerSize;
    }
    offset += at;
    parts = at < bytes.length ? [bytes.subarray(at)] : [];
    available = bytes.length - at;
  }
}
