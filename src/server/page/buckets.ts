/** Columns of buckets: cutting, joining, merging. */
import type { ViewBuckets as Buckets } from "../../internal/wire/view.ts";

export type NativeAxis = "step" | "time";

export const empty: Buckets = {
  count: [],
  min: [],
  max: [],
  mean: [],
  last: [],
  firstStep: [],
  lastStep: [],
  firstTime: [],
  lastTime: [],
};

/** Where each begins, and where it ends. On the axis of steps every bucket has steps. */
export const firsts = (buckets: Buckets, axis: NativeAxis): ReadonlyArray<number> =>
  axis === "step" ? (buckets.firstStep as ReadonlyArray<number>) : buckets.firstTime;
export const lasts = (buckets: Buckets, axis: NativeAxis): ReadonlyArray<number> =>
  axis === "step" ? (buckets.lastStep as ReadonlyArray<number>) : buckets.lastTime;

/** The first place of ascending numbers that is not below `x`. */
export const lowerBound = (ascending: ArrayLike<number>, x: number): number => {
  let [from, to] = [0, ascending.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if (ascending[middle]! < x) from = middle + 1;
    else to = middle;
  }
  return from;
};

const map = (
  change: <A>(column: (buckets: Buckets) => ReadonlyArray<A>) => ReadonlyArray<A>,
): Buckets => ({
  count: change((b) => b.count),
  min: change((b) => b.min),
  max: change((b) => b.max),
  mean: change((b) => b.mean),
  last: change((b) => b.last),
  firstStep: change((b) => b.firstStep),
  lastStep: change((b) => b.lastStep),
  firstTime: change((b) => b.firstTime),
  lastTime: change((b) => b.lastTime),
});

const slice = (buckets: Buckets, from: number, to?: number): Buckets =>
  map((column) => column(buckets).slice(from, to));

/** Those that begin in a range, both ends included. */
export const within = (
  buckets: Buckets,
  axis: NativeAxis,
  from: number,
  to = Infinity,
): Buckets => {
  const x = firsts(buckets, axis);
  const end = lowerBound(x, to);
  return slice(buckets, lowerBound(x, from), x[end] === to ? lowerBound(x, to + 1) : end);
};

/** With those that begin in a range replaced by others. */
export const splice = (
  whole: Buckets,
  part: Buckets,
  axis: NativeAxis,
  from: number,
  to = Infinity,
): Buckets => {
  const x = firsts(whole, axis);
  const [left, right] = [lowerBound(x, from), to === Infinity ? x.length : lowerBound(x, to + 1)];
  return map((column) => [
    ...column(whole).slice(0, left),
    ...column(part),
    ...column(whole).slice(right),
  ]);
};

/** How many events are in them. */
export const total = ({ count }: Buckets): number => count.reduce((sum, one) => sum + one, 0);
