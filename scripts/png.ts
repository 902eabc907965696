/** Makes a screenshot small: the same picture in at most 256 colours (PNG, 3rd edition). */
import { deflateSync, inflateSync, crc32 } from "node:zlib";

const signature = Buffer.from("\x89PNG\r\n\x1a\n", "latin1");
const most = 256;

/** The pixels of what a browser writes: eight bits a channel, not interlaced. */
const decode = (png: Buffer) => {
  const data: Array<Buffer> = [];
  let [width, height, channels] = [0, 0, 0];
  for (let at = signature.length; at < png.length;) {
    const length = png.readUInt32BE(at);
    const type = png.toString("latin1", at + 4, at + 8);
    const body = png.subarray(at + 8, at + 8 + length);
    if (type === "IHDR") {
      [width, height] = [body.readUInt32BE(0), body.readUInt32BE(4)];
      channels = body[9] === 2 ? 3 : body[9] === 6 ? 4 : 0;
      if (body[8] !== 8 || channels === 0 || body[12] !== 0) throw new Error("not a screenshot");
    }
    if (type === "IDAT") data.push(body);
    at += length + 12;
  }
  const lines = inflateSync(Buffer.concat(data));
  const stride = width * channels;
  const bytes = Buffer.alloc(stride * height);
  for (let y = 0; y < height; y++) {
    const filter = lines[y * (stride + 1)]!;
    for (let x = 0; x < stride; x++) {
      const left = x < channels ? 0 : bytes[y * stride + x - channels]!;
      const up = y === 0 ? 0 : bytes[(y - 1) * stride + x]!;
      const corner = x < channels || y === 0 ? 0 : bytes[(y - 1) * stride + x - channels]!;
      const guess = left + up - corner;
      const [a, b, c] = [left, up, corner].map((one) => Math.abs(guess - one));
      const paeth = a! <= b! && a! <= c! ? left : b! <= c! ? up : corner;
      const add = [0, left, up, (left + up) >> 1, paeth][filter]!;
      bytes[y * stride + x] = lines[y * (stride + 1) + 1 + x]! + add;
    }
  }
  const pixels = new Uint32Array(width * height);
  for (let i = 0; i < pixels.length; i++) pixels[i] = bytes.readUIntBE(i * channels, 3);
  return { width, height, pixels };
};

const channelsOf = (color: number) => [color >> 16, (color >> 8) & 255, color & 255] as const;

/** The most frequent colours; besides those that there is most of, one of those that look alike. */
const paletteOf = (pixels: Uint32Array): ReadonlyArray<number> => {
  const counts = new Map<number, number>();
  for (const color of pixels) counts.set(color, (counts.get(color) ?? 0) + 1);
  const colors = [...counts].toSorted(([a, n], [b, m]) => m - n || a - b);
  const alike = new Map<number, { readonly color: number; sum: number }>();
  for (const [place, [color, count]] of colors.entries()) {
    const key = place < most / 4 ? color : -1 - (color & 0xf0f0f0);
    const found = alike.get(key);
    if (found === undefined) alike.set(key, { color, sum: count });
    else found.sum += count;
  }
  return [...alike.values()]
    .toSorted((a, b) => b.sum - a.sum || a.color - b.color)
    .slice(0, most)
    .map(({ color }) => color);
};

const chunk = (type: string, body: Uint8Array) => {
  const content = Buffer.concat([Buffer.from(type, "latin1"), body]);
  const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(body.length);
  check.writeUInt32BE(crc32(content));
  return Buffer.concat([length, content, check]);
};

export const shrink = (png: Buffer): Buffer => {
  const { height, pixels, width } = decode(png);
  const palette = paletteOf(pixels);
  const places = new Map(palette.map((color, i) => [color, i]));
  const placeOf = (color: number) => {
    let place = places.get(color);
    if (place !== undefined) return place;
    const [red, green, blue] = channelsOf(color);
    const distances = palette.map((one) => {
      const [r, g, b] = channelsOf(one);
      return (r - red) ** 2 + (g - green) ** 2 + (b - blue) ** 2;
    });
    places.set(color, (place = distances.indexOf(Math.min(...distances))));
    return place;
  };
  const lines = Buffer.alloc((width + 1) * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      lines[y * (width + 1) + 1 + x] = placeOf(pixels[y * width + x]!);
    }
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  // Eight bits, a place in the palette.
  header.set([8, 3], 8);
  return Buffer.concat([
    signature,
    chunk("IHDR", header),
    chunk("PLTE", Buffer.from(palette.flatMap(channelsOf))),
    chunk("IDAT", deflateSync(lines, { level: 9 })),
    chunk("IEND", Buffer.alloc(0)),
  ]);
};
