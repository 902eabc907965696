/**
 * The scalars of an event, in both of the ways in which they are written: as a simple value, or as a tensor of one
 * number. The messages and the numbers of their fields are those of TensorFlow's event.proto, summary.proto and
 * tensor.proto.
 */

export interface Scalar {
  readonly tag: string;
  readonly step: bigint;
  /** Unix milliseconds. */
  readonly timestampMs: number;
  readonly value: number;
}

const utf8 = new TextDecoder();

/** A field of a message: an integer, or the bytes of what it is. */
type Field = readonly [number: number, value: bigint | Uint8Array];

class Malformed extends Error {}

const fieldsOf = (bytes: Uint8Array): ReadonlyArray<Field> => {
  const fields: Array<Field> = [];
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = bytes[at++];
      if (byte === undefined) break;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asUintN(64, value);
    }
    throw new Malformed();
  };
  const take = (length: number): Uint8Array => {
    const taken = bytes.subarray(at, at + length);
    if (taken.length < length) throw new Malformed();
    at += length;
    return taken;
  };
  while (at < bytes.length) {
    const key = Number(varint());
    const number = key >>> 3;
    switch (key & 7) {
      case 0:
        fields.push([number, varint()]);
        break;
      case 1:
        fields.push([number, take(8)]);
        break;
      case 2:
        fields.push([number, take(Number(varint()))]);
        break;
      case 5:
        fields.push([number, take(4)]);
        break;
      default:
        throw new Malformed();
    }
  }
  return fields;
};

/** The last one counts. */
const find = (fields: ReadonlyArray<Field>, number: number) =>
  fields.findLast(([one]) => one === number)?.[1];

const bytesOf = (fields: ReadonlyArray<Field>, number: number): Uint8Array | undefined => {
  const value = find(fields, number);
  return typeof value === "bigint" ? undefined : value;
};

const viewOf = (bytes: Uint8Array) =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** A lone integer, which may be written as a list of one. */
const integerOf = (value: bigint | Uint8Array): bigint | undefined => {
  if (typeof value === "bigint") return value;
  // As the field of a message, whose key is a byte.
  const [field, ...more] = fieldsOf(Uint8Array.of(0x08, ...value));
  return more.length === 0 && typeof field?.[1] === "bigint" ? field[1] : undefined;
};

/** How numbers of a type are written: in `tensor_content`, and in a field of their own. */
const types: Readonly<
  Record<
    string,
    {
      readonly size: number;
      readonly read: (view: DataView) => number;
      readonly field: number;
      readonly isInt?: true;
    }
  >
> = {
  1: { size: 4, read: (view) => view.getFloat32(0, true), field: 5 },
  2: { size: 8, read: (view) => view.getFloat64(0, true), field: 6 },
  3: { size: 4, read: (view) => view.getInt32(0, true), field: 7, isInt: true },
  9: { size: 8, read: (view) => Number(view.getBigInt64(0, true)), field: 10, isInt: true },
};

/** The number of a tensor that holds one. */
const numberOf = (tensor: ReadonlyArray<Field>): number | undefined => {
  const type = types[String(find(tensor, 1))];
  if (type === undefined) return undefined;
  const content = bytesOf(tensor, 4);
  if (content !== undefined && content.length > 0) {
    return content.length === type.size ? type.read(viewOf(content)) : undefined;
  }
  const value = find(tensor, type.field);
  if (value === undefined) return undefined;
  if (type.isInt === true) {
    const integer = integerOf(value);
    return integer === undefined ? undefined : Number(BigInt.asIntN(64, integer));
  }
  return typeof value !== "bigint" && value.length === type.size
    ? type.read(viewOf(value))
    : undefined;
};

/** Whose tensors are scalars; one that is nobody's may be one. */
const isOfScalars = (metadata: Uint8Array | undefined): boolean => {
  const plugin = metadata === undefined ? undefined : bytesOf(fieldsOf(metadata), 1);
  const name = plugin === undefined ? undefined : bytesOf(fieldsOf(plugin), 1);
  return name === undefined || ["", "scalars"].includes(utf8.decode(name));
};

/** The scalars of an event; none for what is no event of scalars. */
export const scalarsOf = (record: Uint8Array): ReadonlyArray<Scalar> => {
  try {
    const event = fieldsOf(record);
    const summary = bytesOf(event, 5);
    const wallTime = bytesOf(event, 1);
    if (summary === undefined) return [];
    const step = find(event, 2) ?? 0n;
    if (typeof step !== "bigint") return [];
    const seconds = wallTime?.length === 8 ? viewOf(wallTime).getFloat64(0, true) : 0;
    const at = { step: BigInt.asIntN(64, step), timestampMs: Math.floor(seconds * 1000) };
    return fieldsOf(summary).flatMap(([number, bytes]) => {
      if (number !== 1 || typeof bytes === "bigint") return [];
      const value = fieldsOf(bytes);
      const tag = utf8.decode(bytesOf(value, 1) ?? new Uint8Array());
      const simple = bytesOf(value, 2);
      const tensor = bytesOf(value, 8);
      if (simple?.length === 4) {
        return [{ ...at, tag, value: viewOf(simple).getFloat32(0, true) }];
      }
      if (tensor === undefined || !isOfScalars(bytesOf(value, 9))) return [];
      const found = numberOf(fieldsOf(tensor));
      return found === undefined ? [] : [{ ...at, tag, value: found }];
    });
  } catch (error) {
    if (error instanceof Malformed) return [];
    throw error;
  }
};
