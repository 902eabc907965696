/** From where to where an axis goes, and where its ticks are. */
import { lowerBound } from "./buckets.ts";
import type { Line } from "./lines.ts";

export type Extent = readonly [from: number, to: number];

/** What is a little more than the values, so that no line lies on the edge. */
const padded = (from: number, to: number, log: boolean): Extent => {
  if (log) {
    const [low, high] = [Math.log10(from), Math.log10(to)];
    const room = (high - low || 1) * 0.06;
    return [10 ** (low - room), 10 ** (high + room)];
  }
  const room = (to - from || Math.abs(to) || 1) * 0.06;
  return [from - room, to + room];
};

/** Of all lines; on a log axis of what is above zero. */
export const extentOfX = (lines: ReadonlyArray<Line>, log: boolean): Extent | undefined => {
  let [from, to] = [Infinity, -Infinity];
  for (const { x } of lines) {
    const first = log ? x.find((one) => one > 0) : x[0];
    if (first === undefined || x.at(-1)! < first) continue;
    from = Math.min(from, first);
    to = Math.max(to, x.at(-1)!);
  }
  if (from > to) return undefined;
  return from === to ? padded(from, to, log) : [from, to];
};

/** Of what lies in a range of x, bands included. */
export const extentOfY = (
  lines: ReadonlyArray<Line>,
  [min, max]: Extent,
  log: boolean,
): Extent | undefined => {
  let [from, to] = [Infinity, -Infinity];
  for (const { high, low, x, y } of lines) {
    // The neighbours on either side too: the line goes on to them.
    const end = Math.min(lowerBound(x, max) + 1, x.length);
    for (let i = Math.max(lowerBound(x, min) - 1, 0); i < end; i++) {
      const inside = x[i]! >= min && x[i]! <= max;
      const [bottom, top] = inside ? [low[i]!, high[i]!] : [y[i]!, y[i]!];
      // The mean, where the lowest is nowhere on a log axis.
      const least = log && bottom <= 0 ? y[i]! : bottom;
      if (log && top <= 0) continue;
      if (!log || least > 0) from = Math.min(from, least);
      to = Math.max(to, top);
      if (log && least <= 0) from = Math.min(from, top);
    }
  }
  return from > to ? undefined : padded(from, to, log);
};

/** Round numbers, about as many as there is room for. */
const linearTicks = ([from, to]: Extent, most: number): Array<number> => {
  const rough = (to - from) / Math.max(most, 1);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5, 10].find((one) => one * power >= rough) ?? 10);
  const ticks: Array<number> = [];
  for (let i = Math.ceil(from / step); i * step <= to; i++) ticks.push(i * step);
  return ticks;
};

/** Powers of ten, and 2 and 5 between them where there is room; where it is not even one power, round numbers. */
export const logTicks = (extent: Extent, most: number): Array<number> => {
  const [from, to] = extent;
  const decades = Math.log10(to / from);
  if (decades < 1) return linearTicks(extent, most);
  const between = decades * 3 <= most ? [1, 2, 5] : [1];
  const every = Math.max(Math.ceil(decades / Math.max(most, 1)), 1);
  const ticks: Array<number> = [];
  for (let power = Math.floor(Math.log10(from)); power <= Math.ceil(Math.log10(to)); power++) {
    if (power % every !== 0) continue;
    for (const one of between) {
      const value = Number((one * 10 ** power).toPrecision(12));
      if (value >= from && value <= to) ticks.push(value);
    }
  }
  return ticks;
};

// -----------------------------------------------------------------------------
// Zooming
// -----------------------------------------------------------------------------

const forth = (x: number, log: boolean) => (log ? Math.log10(x) : x);
const back = (x: number, log: boolean) => (log ? 10 ** x : x);

/** Around a place between 0 and 1; a factor below 1 shows less. */
export const zoomed = (
  [from, to]: Extent,
  factor: number,
  around: number,
  log: boolean,
): Extent => {
  const [a, b] = [forth(from, log), forth(to, log)];
  const center = a + (b - a) * around;
  return [back(center - (center - a) * factor, log), back(center + (b - center) * factor, log)];
};

/** By a share of what is seen. */
export const panned = ([from, to]: Extent, share: number, log: boolean): Extent => {
  const [a, b] = [forth(from, log), forth(to, log)];
  const move = (b - a) * share;
  return [back(a + move, log), back(b + move, log)];
};
