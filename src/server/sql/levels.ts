/**
 * What is kept of a run of events so that they need not be read again: their buckets, narrow ones and wide ones, by
 * step and by time. As widths are powers of two, and buckets begin at multiples of them, wider buckets are made of them
 * exactly.
 */
import {
  addBucket,
  addEvent,
  type Columns,
  type Events,
  makeColumns,
  noStep,
  placesOf,
  widthFor,
} from "../buckets.ts";
import type { BucketQuery } from "../store.ts";

/** Most runs are of so many events. */
export const eventsOfSegment = 4096;
const narrowBuckets = eventsOfSegment / 16;
/** How much wider the wide ones are. */
export const widening = 16;

/** Buckets that have an event, by their numbers: the one that begins at 0 has the number 0. */
export interface Level {
  readonly numbers: Float64Array;
  readonly columns: Columns;
}

// -----------------------------------------------------------------------------
// As bytes
// -----------------------------------------------------------------------------

const names = Object.keys(makeColumns(0)) as ReadonlyArray<keyof Columns>;

/** Column by column, as 64-bit floats in the order of bytes of this machine. */
const pack = (columns: Columns, first: number): Uint8Array => {
  const places = placesOf(columns);
  const count = places.length;
  const numbers = new Float64Array(count * (names.length + 1));
  for (let i = 0; i < count; i++) numbers[i] = first + places[i]!;
  for (const [n, name] of names.entries()) {
    const column = columns[name];
    for (let i = 0; i < count; i++) numbers[(n + 1) * count + i] = column[places[i]!]!;
  }
  return new Uint8Array(numbers.buffer);
};

export const unpack = (bytes: Uint8Array): Level => {
  // A copy, as these bytes may begin anywhere.
  const numbers = new Float64Array(bytes.slice().buffer);
  const count = numbers.length / (names.length + 1);
  const column = (n: number) => numbers.subarray(n * count, (n + 1) * count);
  const columns = Object.fromEntries(names.map((name, n) => [name, column(n + 1)]));
  // `names` are all there are.
  return { numbers: column(0), columns: columns as unknown as Columns };
};

// -----------------------------------------------------------------------------
// Made and used
// -----------------------------------------------------------------------------

export interface Levels {
  /** How many events lie on the axis. */
  readonly count: number;
  /** Where the first and the last of them lie; 0 when there is none. */
  readonly from: number;
  readonly to: number;
  /** Of the narrow buckets. */
  readonly width: number;
  readonly narrow: Uint8Array;
  readonly wide: Uint8Array;
}

export const levelsOf = (axis: BucketQuery["axis"], { steps, times, values }: Events): Levels => {
  const xs = axis === "step" ? steps : times;
  const isOn = (i: number) => axis === "time" || steps[i] !== noStep;
  let [count, from, to] = [0, Infinity, -Infinity];
  for (let i = 0; i < xs.length; i++) {
    if (!isOn(i)) continue;
    count++;
    from = Math.min(from, xs[i]!);
    to = Math.max(to, xs[i]!);
  }
  if (count === 0) [from, to] = [0, 0];
  const width = widthFor(from, to, narrowBuckets);
  const first = Math.floor(from / width);
  const narrow = makeColumns(Math.floor(to / width) - first + 1);
  for (let i = 0; i < xs.length; i++) {
    if (isOn(i))
      addEvent(narrow, Math.floor(xs[i]! / width) - first, steps[i]!, times[i]!, values[i]!);
  }
  const firstWide = Math.floor(first / widening);
  const wide = makeColumns(Math.floor(to / width / widening) - firstWide + 1);
  for (let i = 0; i < narrow.count.length; i++) {
    if (narrow.count[i] === 0) continue;
    addBucket(wide, Math.floor((first + i) / widening) - firstWide, narrow, i);
  }
  return { count, from, to, width, narrow: pack(narrow, first), wide: pack(wide, firstWide) };
};

/** Adds buckets that are as wide or narrower; the first of `to` has this number. */
export const addLevel = (to: Columns, first: number, times: number, level: Level): void => {
  const { numbers, columns } = level;
  for (let i = 0; i < numbers.length; i++) {
    addBucket(to, Math.floor(numbers[i]! / times) - first, columns, i);
  }
};
