/** CRC-32 as in zlib (ISO 3309, reflected 0xEDB88320), four bytes at a time. */
const tables = /* @__PURE__ */ (() => {
  const made = new Int32Array(4 * 256);
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

/** The checksum of some of the bytes, from 0 to 2^32 - 1. */
export const crc32 = (bytes: Uint8Array, start = 0, end = bytes.byteLength): number => {
  let crc = -1;
  let i = start;
  for (; i + 4 <= end; i += 4) {
    crc ^=
      at(bytes, i) | (at(bytes, i + 1) << 8) | (at(bytes, i + 2) << 16) | (at(bytes, i + 3) << 24);
    crc =
      at(tables, 768 + (crc & 0xff)) ^
      at(tables, 512 + ((crc >>> 8) & 0xff)) ^
      at(tables, 256 + ((crc >>> 16) & 0xff)) ^
      at(tables, crc >>> 24);
  }
  for (; i < end; i++) crc = (crc >>> 8) ^ at(tables, (crc ^ at(bytes, i)) & 0xff);
  return ~crc >>> 0;
};
