/** Where a cursor goes, and what it is at. */
import { lowerBound } from "./buckets.ts";
import type { Line } from "./lines.ts";
import type { Extent } from "./scale.ts";

/** The point of a line that is nearest to x. */
export const nearest = ({ x }: Pick<Line, "x">, at: number): number => {
  const i = lowerBound(x, at);
  if (i === 0) return 0;
  return i === x.length || at - x[i - 1]! <= x[i]! - at ? i - 1 : i;
};

/** The next x to either side at which some line has a point; from nowhere, the first or the last one that is seen. */
export const nextPlace = (
  lines: ReadonlyArray<Pick<Line, "x">>,
  at: number | undefined,
  direction: 1 | -1,
  [from, to]: Extent,
): number | undefined => {
  const places = lines.flatMap(({ x }) => {
    let i: number;
    if (direction === 1) {
      i = lowerBound(x, Math.max(at ?? from, from));
      while (i < x.length && x[i] === at) i++;
    } else if (at === undefined) {
      i = lowerBound(x, to);
      if (x[i] !== to) i--;
    } else {
      i = lowerBound(x, at) - 1;
    }
    const place = x[i];
    return place === undefined || place < from || place > to ? [] : [place];
  });
  if (places.length === 0) return undefined;
  return direction === 1 ? Math.min(...places) : Math.max(...places);
};
