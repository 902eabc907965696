/** Where something is missing. */
import { type NativeAxis, firsts, lasts } from "./buckets.ts";
import type { ViewBuckets as Buckets } from "../../internal/wire/view.ts";

/** With fewer distances than that nobody can say which of them is a usual one. */
const fewest = 5;

/**
 * 1 for each bucket before which something is missing: a line is not drawn across.
 *
 * The distances from one event to the next tell what is usual. Where at least three quarters of them are alike, as of
 * steps that are recorded one by one or each hundredth, a gap is what is wider than one and a half of those. Otherwise,
 * as of times, it is what is wider than five times what nine of ten distances stay below.
 */
export const gapsBefore = (buckets: Buckets, axis: NativeAxis): Uint8Array => {
  const [first, last, count] = [firsts(buckets, axis), lasts(buckets, axis), buckets.count];
  const gaps = new Uint8Array(first.length);
  const distances = new Float64Array(2 * first.length);
  let found = 0;
  const add = (distance: number) => {
    // Two events at one place are no distance.
    if (distance > 0) distances[found++] = distance;
  };
  for (let i = 0; i < first.length; i++) {
    if (i > 0) add(first[i]! - last[i - 1]!);
    if (count[i]! > 1) add((last[i]! - first[i]!) / (count[i]! - 1));
  }
  const usual = distances.subarray(0, found).toSorted();
  if (usual.length < fewest) return gaps;
  const below = (share: number) => usual[Math.floor((usual.length - 1) * share)]!;
  const isRegular = below(0.75) <= below(0.25) * 1.01;
  const limit = isRegular ? below(0.5) * 1.5 : below(0.9) * 5;
  for (let i = 1; i < first.length; i++) gaps[i] = Number(first[i]! - last[i - 1]! > limit);
  return gaps;
};
