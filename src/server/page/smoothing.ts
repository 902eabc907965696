/** Exponential smoothing. */

/** How many points a line counts as, however many it has: what is smoothed looks the same at every resolution. */
const pointsOfALine = 100;

/**
 * The moving average of values at ascending x, in which a value counts `weight` times less for each hundredth of the
 * line that it lies behind: 0.9 is an average over about a tenth of the line. `length` is how long the whole line is. It
 * is divided by what the weights are in sum, so that its start leans to no side. What is not finite counts for nothing.
 */
export const smooth = (
  x: ArrayLike<number>,
  y: ArrayLike<number>,
  weight: number,
  length: number,
): Float64Array => {
  const smoothed = new Float64Array(y.length);
  let sum = 0;
  let total = 0;
  let before = NaN;
  for (let i = 0; i < y.length; i++) {
    const value = y[i]!;
    if (!Number.isFinite(value)) {
      smoothed[i] = value;
      continue;
    }
    const distance = length > 0 ? ((x[i]! - before) / length) * pointsOfALine : 1;
    const kept = Number.isNaN(before) ? 0 : weight ** Math.max(distance, 0);
    sum = sum * kept + value;
    total = total * kept + 1;
    before = x[i]!;
    smoothed[i] = sum / total;
  }
  return smoothed;
};
