/** A batch of events in columns, as one message to a thread or one statement takes them. */
import { hash128 } from "../../internal/base/hash128.ts";
import { noStep } from "../buckets.ts";
import { canonical, digest } from "../json.ts";
import type { Batch } from "../store.ts";
import { toText } from "./text.ts";

/** In bytes, of an id. */
export const idSize = 16;

export interface PackedSeries {
  /** Of name and metadata together. */
  readonly key: Uint8Array;
  /** As a database takes it. */
  readonly name: string;
  /** Canonical JSON text. */
  readonly metadata: string;
}

export interface PackedEvents {
  /** {@link idSize} bytes for each. */
  readonly ids: Uint8Array;
  /** An index into `allSeries` for each. */
  readonly series: Uint32Array;
  readonly steps: Float64Array;
  readonly times: Float64Array;
  readonly values: Float64Array;
  /** Those that the events are of, in the order of their first ones. */
  readonly allSeries: ReadonlyArray<PackedSeries>;
}

const encoder = new TextEncoder();
/** For one id: of 200 UTF-16 units, each escaped at worst. The hash reads whole blocks of 16. */
const scratch = new Uint8Array(2048);
const scratchView = new DataView(scratch.buffer);

const hashInto = (view: DataView, at: number, text: string): void => {
  const written = encoder.encodeInto(text, scratch).written;
  scratch.fill(0, written, written + 16);
  for (const [i, word] of hash128(scratchView, written).entries()) view.setInt32(at + i * 4, word);
};

/** The value of a lower-case hexadecimal digit; -1 for any other character. */
const hexDigit = (code: number): number =>
  code >= 48 && code <= 57 ? code - 48 : code >= 97 && code <= 102 ? code - 87 : -1;

/** Of a UUID as it is usually written, its bytes, so that those made one after another lie side by side; else a hash. */
const packId = (bytes: Uint8Array, view: DataView, at: number, id: string): void => {
  if (id.length === 36) {
    let to = at;
    for (let i = 0; i < 36;) {
      if (i === 8 || i === 13 || i === 18 || i === 23) {
        if (id.charCodeAt(i) !== 45) break;
        i++;
      }
      const [high, low] = [hexDigit(id.charCodeAt(i)), hexDigit(id.charCodeAt(i + 1))];
      if (high < 0 || low < 0) break;
      bytes[to++] = (high << 4) | low;
      i += 2;
    }
    if (to === at + idSize) return;
  }
  hashInto(view, at, toText(id));
};

const fromHex = (hex: string): Uint8Array =>
  Uint8Array.from({ length: hex.length / 2 }, (_, i) =>
    Number.parseInt(hex.slice(i * 2, i * 2 + 2), 16),
  );

export const packEvents = ({
  events,
  serverTime,
}: Pick<Batch, "events" | "serverTime">): PackedEvents => {
  const count = events.length;
  const ids = new Uint8Array(count * idSize);
  const view = new DataView(ids.buffer);
  const series = new Uint32Array(count);
  const [steps, times, values] = [
    new Float64Array(count),
    new Float64Array(count),
    new Float64Array(count),
  ];
  const allSeries: Array<PackedSeries> = [];
  const indexOf = new Map<string, number>();
  // Events of one series mostly have metadata that are written alike.
  const known = new Map<string, number>();
  for (let i = 0; i < count; i++) {
    const { clientEventId, name, metadata, value, step, clientTime } = events[i]!;
    packId(ids, view, i * idSize, clientEventId);
    const written = `${JSON.stringify(metadata)}${name}`;
    let index = known.get(written);
    if (index === undefined) {
      const text = canonical(metadata);
      const full = JSON.stringify([name, text]);
      index = indexOf.get(full);
      if (index === undefined) {
        index =
          allSeries.push({ key: fromHex(digest(full)), name: toText(name), metadata: text }) - 1;
        indexOf.set(full, index);
      }
      known.set(written, index);
    }
    series[i] = index;
    steps[i] = step ?? noStep;
    times[i] = clientTime ?? serverTime;
    values[i] = value;
  }
  return { ids, series, steps, times, values, allSeries };
};
