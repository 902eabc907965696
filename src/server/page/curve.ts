/** A series over the x that was chosen: what is drawn, and what is said of it. */
import { firsts, lasts, type NativeAxis } from "./buckets.ts";
import { gapsBefore } from "./gaps.ts";
import type { Series } from "./series.ts";
import type { Axis } from "./view.ts";

export interface Curve {
  readonly x: Float64Array;
  /** The value, or the mean of those of a bucket. */
  readonly y: Float64Array;
  readonly low: Float64Array;
  readonly high: Float64Array;
  /** The value of the last event. */
  readonly last: Float64Array;
  /** How many events are behind each point. */
  readonly count: Float64Array;
  /** 1 where something is missing before a point. */
  readonly gaps: Uint8Array;
}

/** How the server counts on an axis of the page. */
export const nativeAxis = (axis: Axis): NativeAxis =>
  axis === "relative" || axis === "wall" ? "time" : "step";

const plain = (series: Series, native: NativeAxis, toX: (x: number) => number): Curve => {
  const { buckets } = series;
  const [first, last] = [firsts(buckets, native), lasts(buckets, native)];
  const end = first.length - 1;
  return {
    // In the middle of its bucket; the line begins and ends where the series does.
    x: new Float64Array(
      first.map((from, i) => toX(i === 0 ? from : i === end ? last[i]! : (from + last[i]!) / 2)),
    ),
    y: new Float64Array(buckets.mean),
    low: new Float64Array(buckets.min),
    high: new Float64Array(buckets.max),
    last: new Float64Array(buckets.last),
    count: new Float64Array(buckets.count),
    gaps: gapsBefore(buckets, native),
  };
};

interface Cell {
  sum: number;
  count: number;
  low: number;
  high: number;
  last: number;
}

/** The buckets of a series, merged into wider ones. */
const cells = ({ buckets }: Series, width: number): Map<number, Cell> => {
  const all = new Map<number, Cell>();
  for (const [i, step] of firsts(buckets, "step").entries()) {
    const key = width > 1 ? Math.floor(step / width) : step;
    const cell = all.get(key) ?? { sum: 0, count: 0, low: Infinity, high: -Infinity, last: NaN };
    cell.sum += buckets.mean[i]! * buckets.count[i]!;
    cell.count += buckets.count[i]!;
    cell.low = Math.min(cell.low, buckets.min[i]!);
    cell.high = Math.max(cell.high, buckets.max[i]!);
    cell.last = buckets.last[i]!;
    all.set(key, cell);
  }
  return all;
};

/** One metric over another of the same run: at each step that both have, or in each bucket. */
const over = (xs: Series, ys: Series): Curve => {
  const width = Math.max(xs.width, ys.width);
  const at = cells(xs, width);
  const points = Array.from(cells(ys, width))
    .flatMap(([key, cell]) => {
      const x = at.get(key);
      return x === undefined ? [] : [{ x: x.sum / x.count, cell }];
    })
    .toSorted((a, b) => a.x - b.x);
  return {
    x: Float64Array.from(points, ({ x }) => x),
    y: Float64Array.from(points, ({ cell }) => cell.sum / cell.count),
    low: Float64Array.from(points, ({ cell }) => cell.low),
    high: Float64Array.from(points, ({ cell }) => cell.high),
    last: Float64Array.from(points, ({ cell }) => cell.last),
    count: Float64Array.from(points, ({ cell }) => cell.count),
    gaps: new Uint8Array(points.length),
  };
};

export interface Over {
  readonly axis: Axis;
  /** When the run began, in Unix milliseconds. */
  readonly start: number;
  /** The series of the metric that is x, of the same run. */
  readonly xs: ReadonlyArray<Series>;
}

export const toCurve = (series: Series, { axis, start, xs }: Over): Curve | undefined => {
  if (axis === "step") return plain(series, "step", (x) => x);
  if (axis === "wall") return plain(series, "time", (x) => x);
  if (axis === "relative") return plain(series, "time", (x) => (x - start) / 1000);
  // That of the same metadata, as there may be several; else the only one.
  const same = xs.find(({ metadataKey }) => metadataKey === series.metadataKey);
  const other = same ?? (xs.length === 1 ? xs[0] : undefined);
  return other === undefined ? undefined : over(other, series);
};
