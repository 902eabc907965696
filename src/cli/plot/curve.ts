/** What is drawn, and where on the axes. */

export interface Curve {
  readonly label: string;
  /** In ascending order. */
  readonly xs: ReadonlyArray<number>;
  readonly ys: ReadonlyArray<number>;
}

export interface Range {
  readonly min: number;
  readonly max: number;
}

/** Where numbers are so close together that a part of that is none any more. */
const nothing = 1e-300;

/** From the lowest to the highest, and never of no length. */
const rangeOf = (columns: ReadonlyArray<ReadonlyArray<number>>): Range => {
  let [min, max] = [Infinity, -Infinity];
  for (const column of columns) {
    for (const value of column) {
      if (value < min) min = value;
      if (value > max) max = value;
    }
  }
  if (max / 2 - min / 2 > nothing) return { min, max };
  // Beside a large number 1 is too little.
  const space = Math.max(Math.abs(min) / 10, 1);
  return { min: min - space, max: max + space };
};

export const rangesOf = (
  curves: ReadonlyArray<Curve>,
): { readonly x: Range; readonly y: Range } => ({
  x: rangeOf(curves.map(({ xs }) => xs)),
  y: rangeOf(curves.map(({ ys }) => ys)),
});

/** Where in a range a value lies, from 0 to 1. Halves, as the length of a range may be more than there are numbers. */
export const share = ({ min, max }: Range, value: number): number =>
  (value / 2 - min / 2) / (max / 2 - min / 2);

/** Round numbers within a range, about so many. */
export const ticksOf = ({ min, max }: Range, about: number): ReadonlyArray<number> => {
  const rough = max / about - min / about;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10) * power;
  if (!Number.isFinite(step) || step === 0) return [min, max];
  const ticks: Array<number> = [];
  for (let i = Math.ceil(min / step); i * step <= max && ticks.length <= about * 2; i++) {
    // Without what is left of a sum of tenths.
    ticks.push(Number((i * step).toPrecision(12)));
  }
  return ticks;
};

/**
 * Fewer points, which look the same where there are `columns` columns of dots: the first, the lowest, the highest and
 * the last of each.
 */
export const thinned = ({ label, xs, ys }: Curve, x: Range, columns: number): Curve => {
  if (xs.length <= columns * 4) return { label, xs, ys };
  const kept = new Set<number>();
  const columnOf = (i: number) => Math.floor(share(x, xs[i] ?? 0) * columns);
  for (let start = 0; start < xs.length;) {
    const column = columnOf(start);
    let [low, high, end] = [start, start, start];
    for (; end < xs.length && columnOf(end) === column; end++) {
      if (ys[end]! < ys[low]!) low = end;
      if (ys[end]! > ys[high]!) high = end;
    }
    for (const i of [start, ...[low, high].toSorted((a, b) => a - b), end - 1]) kept.add(i);
    start = end;
  }
  const order = [...kept];
  return { label, xs: order.map((i) => xs[i]!), ys: order.map((i) => ys[i]!) };
};
