/** Several curves as one: their mean, and the band that holds all of them. */
import type { Curve } from "./curve.ts";

/** About how many places a line has whose points are at places of their own, as times are. */
const places = 300;

/** How wide a place is, when no two curves have a point at the same x. */
export const placeWidth = (curves: ReadonlyArray<Curve>): number => {
  let [from, to] = [Infinity, -Infinity];
  for (const { x } of curves) {
    if (x.length === 0) continue;
    from = Math.min(from, x[0]!);
    to = Math.max(to, x.at(-1)!);
  }
  return to > from ? 2 ** Math.ceil(Math.log2((to - from) / places)) : 0;
};

interface Place {
  readonly key: number;
  x: number;
  y: number;
  low: number;
  high: number;
  last: number;
  count: number;
  points: number;
  readonly gap: boolean;
}

const placesOf = (curve: Curve, width: number): ReadonlyArray<Place> => {
  const all: Array<Place> = [];
  for (let i = 0; i < curve.x.length; i++) {
    const x = curve.x[i]!;
    const key = width > 0 ? Math.floor(x / width) : x;
    const [y, low, high] = [curve.y[i]!, curve.low[i]!, curve.high[i]!];
    const [last, count] = [curve.last[i]!, curve.count[i]!];
    const place = all.at(-1);
    if (place?.key !== key) {
      all.push({ key, x, y, low, high, last, count, points: 1, gap: curve.gaps[i] === 1 });
      continue;
    }
    place.x = (place.x * place.points + x) / (place.points + 1);
    place.y = (place.y * place.count + y * count) / (place.count + count);
    place.low = Math.min(place.low, low);
    place.high = Math.max(place.high, high);
    place.last = last;
    place.count += count;
    place.points++;
  }
  return all;
};

/**
 * The mean of curves, each of which counts the same. Between two points of its own a curve has what lies on the line
 * between them, unless there is a gap; before its first and behind its last it has nothing.
 */
export const merge = (curves: ReadonlyArray<Curve>, width: number): Curve => {
  const all = curves.map((curve) => placesOf(curve, width));
  const keys = [...new Set(all.flatMap((places) => places.map(({ key }) => key)))].toSorted(
    (a, b) => a - b,
  );
  const next = all.map(() => 0);
  const merged: Array<Place> = [];
  for (const key of keys) {
    let here = 0;
    const sum = { x: 0, y: 0, last: 0, low: Infinity, high: -Infinity, count: 0, gaps: 0 };
    const between: Array<readonly [Place, Place]> = [];
    for (const [i, places] of all.entries()) {
      const place = places[next[i]!];
      if (place?.key === key) {
        next[i]!++;
        here++;
        sum.x += place.x;
        sum.y += place.y;
        sum.last += place.last;
        sum.low = Math.min(sum.low, place.low);
        sum.high = Math.max(sum.high, place.high);
        sum.count += place.count;
        if (place.gap) sum.gaps++;
      } else if (place !== undefined && next[i]! > 0 && !place.gap) {
        between.push([places[next[i]! - 1]!, place]);
      }
    }
    const x = sum.x / here;
    let { last, y } = sum;
    for (const [before, after] of between) {
      const share = Math.min(Math.max((x - before.x) / (after.x - before.x), 0), 1);
      const mix = (a: number, b: number) => a + (b - a) * share;
      y += mix(before.y, after.y);
      last += mix(before.last, after.last);
      sum.low = Math.min(sum.low, mix(before.low, after.low));
      sum.high = Math.max(sum.high, mix(before.high, after.high));
    }
    const n = here + between.length;
    const gap = sum.gaps === n;
    const { count, high, low } = sum;
    merged.push({ key, x, y: y / n, low, high, last: last / n, count, points: n, gap });
  }
  const column = (pick: (place: Place) => number) => Float64Array.from(merged, pick);
  return {
    x: column(({ x }) => x),
    y: column(({ y }) => y),
    low: column(({ low }) => low),
    high: column(({ high }) => high),
    last: column(({ last }) => last),
    count: column(({ count }) => count),
    gaps: Uint8Array.from(merged, ({ gap }) => Number(gap)),
  };
};
