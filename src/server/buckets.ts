/** Series in buckets: what a chart shows of many events. */
import { maxBuckets } from "../internal/wire/view.ts";
import type { BucketQuery, Buckets, Sample } from "./store.ts";

/** What stands for no step, as steps are never negative. */
export const noStep = -1;

// -----------------------------------------------------------------------------
// How buckets lie
// -----------------------------------------------------------------------------

/** What has to be known of a series before its buckets are made. */
export interface Extent extends Pick<Sample, "count" | "from" | "to"> {
  /** How many events lie in the range that is asked for. */
  readonly countWithin: number;
}

/** With the width 0 each bucket is an event. */
export interface Layout {
  readonly width: number;
  /** Inclusive. */
  readonly from: number;
  readonly to: number;
  /** The number of the first bucket: the one that begins at 0 has the number 0. */
  readonly first: number;
  readonly length: number;
}

/** The least power of two of which so many buckets cover the range. */
export const widthFor = (from: number, to: number, points: number): number => {
  let width = 1;
  while (Math.floor(to / width) - Math.floor(from / width) >= points) width *= 2;
  return width;
};

/** `undefined` when there were too many buckets. */
export const layoutOf = (query: BucketQuery, extent: Extent): Layout | undefined => {
  const { countWithin } = extent;
  const [from, to] = [
    Math.max(query.from ?? -Infinity, extent.from),
    Math.min(query.to ?? Infinity, extent.to),
  ];
  const isByEvent = query.width === 0 || (query.width === undefined && countWithin <= query.points);
  const width = isByEvent ? 0 : (query.width ?? widthFor(from, to, query.points));
  if (countWithin === 0) return { width, from, to, first: 0, length: 0 };
  const first = isByEvent ? 0 : Math.floor(from / width);
  const length = isByEvent ? countWithin : Math.floor(to / width) - first + 1;
  return length <= maxBuckets ? { width, from, to, first, length } : undefined;
};

// -----------------------------------------------------------------------------
// Columns
// -----------------------------------------------------------------------------

/** Buckets in the making: one whose count is 0 has no event yet. */
export type Columns = Omit<Buckets, "mean"> & { readonly sum: Float64Array };

export const makeColumns = (length: number): Columns => {
  const column = (start: number) => new Float64Array(length).fill(start);
  return {
    count: column(0),
    min: column(Infinity),
    max: column(-Infinity),
    sum: column(0),
    last: column(0),
    firstStep: column(noStep),
    lastStep: column(noStep),
    firstTime: column(Infinity),
    lastTime: column(-Infinity),
  };
};

/** Events of equal steps come in the order of time and arrival. */
export const addEvent = (
  { count, min, max, sum, last, firstStep, lastStep, firstTime, lastTime }: Columns,
  at: number,
  step: number,
  time: number,
  value: number,
): void => {
  count[at]!++;
  sum[at]! += value;
  if (value < min[at]!) min[at] = value;
  if (value > max[at]!) max[at] = value;
  if (step >= lastStep[at]!) {
    last[at] = value;
    lastStep[at] = step;
  }
  if (step !== noStep && (firstStep[at] === noStep || step < firstStep[at]!)) firstStep[at] = step;
  if (time < firstTime[at]!) firstTime[at] = time;
  if (time > lastTime[at]!) lastTime[at] = time;
};

/** What was made of events that come after all that are in there. */
export const addBucket = (to: Columns, at: number, from: Columns, i: number): void => {
  to.count[at]! += from.count[i]!;
  to.sum[at]! += from.sum[i]!;
  to.min[at] = Math.min(to.min[at]!, from.min[i]!);
  to.max[at] = Math.max(to.max[at]!, from.max[i]!);
  if (from.lastStep[i]! >= to.lastStep[at]!) {
    to.last[at] = from.last[i]!;
    to.lastStep[at] = from.lastStep[i]!;
  }
  const [before, first] = [to.firstStep[at]!, from.firstStep[i]!];
  if (first !== noStep && (before === noStep || first < before)) to.firstStep[at] = first;
  to.firstTime[at] = Math.min(to.firstTime[at]!, from.firstTime[i]!);
  to.lastTime[at] = Math.max(to.lastTime[at]!, from.lastTime[i]!);
};

/** A sum is rounded, and may be beyond all numbers; a mean lies where the values do. */
const meanOf = (sum: number, count: number, min: number, max: number): number =>
  Number.isNaN(sum) ? min / 2 + max / 2 : Math.min(Math.max(sum / count, min), max);

/** Those at these places, in their order. */
const bucketsAt = (columns: Columns, places: Uint32Array): Buckets => {
  const pick = (column: Float64Array) => {
    const picked = new Float64Array(places.length);
    for (let i = 0; i < places.length; i++) picked[i] = column[places[i]!]!;
    return picked;
  };
  const { sum, ...rest } = columns;
  const { count, min, max, last, firstStep, lastStep, firstTime, lastTime } = rest;
  const picked = { count: pick(count), min: pick(min), max: pick(max), mean: pick(sum) };
  for (let i = 0; i < places.length; i++) {
    picked.mean[i] = meanOf(picked.mean[i]!, picked.count[i]!, picked.min[i]!, picked.max[i]!);
  }
  return {
    ...picked,
    last: pick(last),
    firstStep: pick(firstStep),
    lastStep: pick(lastStep),
    firstTime: pick(firstTime),
    lastTime: pick(lastTime),
  };
};

/** Of buckets that lie in order, those that have an event. */
export const placesOf = ({ count }: Columns): Uint32Array => {
  const places = new Uint32Array(count.length);
  let length = 0;
  for (let i = 0; i < count.length; i++) if (count[i] !== 0) places[length++] = i;
  return places.subarray(0, length);
};

/** Those that have an event, in order. */
export const finish = (columns: Columns, axis: BucketQuery["axis"], width: number): Buckets => {
  const places = placesOf(columns);
  // Events came in the order of steps.
  if (width === 0 && axis === "time") {
    places.sort((a, b) => columns.firstTime[a]! - columns.firstTime[b]! || a - b);
  }
  return bucketsAt(columns, places);
};

// -----------------------------------------------------------------------------
// From events
// -----------------------------------------------------------------------------

/** Events in columns, in the order of step, time and arrival; where they have none, the step is {@link noStep}. */
export interface Events {
  readonly steps: ArrayLike<number>;
  readonly times: ArrayLike<number>;
  readonly values: ArrayLike<number>;
}

/** Of all events of a series. */
export const sampleOf = (
  { steps, times, values }: Events,
  query: BucketQuery,
): Sample | undefined => {
  const { axis, from: least = -Infinity, to: greatest = Infinity } = query;
  const xs = axis === "step" ? steps : times;
  const isOn = (i: number) => axis === "time" || steps[i] !== noStep;
  const isWithin = (i: number) => isOn(i) && xs[i]! >= least && xs[i]! <= greatest;
  let [count, countWithin, from, to] = [0, 0, Infinity, -Infinity];
  for (let i = 0; i < xs.length; i++) {
    if (!isOn(i)) continue;
    count++;
    from = Math.min(from, xs[i]!);
    to = Math.max(to, xs[i]!);
    if (isWithin(i)) countWithin++;
  }
  const layout = layoutOf(query, { count, from, to, countWithin });
  if (layout === undefined) return undefined;
  const { width, first, length } = layout;
  const columns = makeColumns(length);
  let next = 0;
  for (let i = 0; i < xs.length; i++) {
    if (!isWithin(i)) continue;
    const at = width === 0 ? next++ : Math.floor(xs[i]! / width) - first;
    addEvent(columns, at, steps[i]!, times[i]!, values[i]!);
  }
  return { count, from, to, width, buckets: finish(columns, axis, width) };
};
