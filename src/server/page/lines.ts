/** The lines of a chart: which there are, in which colour, and what is behind them. */
import { colorKey, keyOf, valueOf } from "./colorBy.ts";
import { type Curve, toCurve } from "./curve.ts";
import { merge, placeWidth } from "./grouping.ts";
import { compareTexts, type Run } from "./runs.ts";
import type { Shown } from "./selection.ts";
import type { Series } from "./series.ts";
import { smooth } from "./smoothing.ts";
import type { View } from "./view.ts";

export interface Line extends Curve {
  readonly label: string;
  /** What tells it from other series of its name, such as `split=train`. */
  readonly part: string;
  /** A place in the palette, and one among the dashes. */
  readonly color: number;
  readonly dash: number;
  readonly runs: ReadonlyArray<Run>;
  readonly smoothed: Float64Array | undefined;
}

/** What a chart is drawn from. */
export interface Sources {
  readonly view: View;
  readonly shown: ReadonlyArray<Shown>;
  readonly series: (run: string, name: string) => ReadonlyArray<Series> | undefined;
  /** When a run began, in Unix milliseconds. */
  readonly start: (run: Run) => number;
}

const partOf = (metadata: Readonly<Record<string, string>>): string =>
  Object.entries(metadata)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${value}`)
    .join(", ");

interface Found {
  readonly run: Run;
  readonly place: number;
  readonly series: Series;
  readonly curve: Curve;
}

const find = ({ series, shown, start, view }: Sources, name: string): ReadonlyArray<Found> =>
  shown.flatMap(({ place, run }) => {
    const all = series(run.experimentId, name) ?? [];
    const xs = view.x === "metric" ? (series(run.experimentId, view.xMetric) ?? []) : [];
    return all.flatMap((one) => {
      const curve = toCurve(one, { axis: view.x, start: start(run), xs });
      return curve === undefined || curve.x.length === 0
        ? []
        : [{ run, place, series: one, curve }];
    });
  });

const widthFor = (view: View, found: ReadonlyArray<Found>): number =>
  view.x === "step"
    ? Math.max(...found.map(({ series }) => series.width))
    : placeWidth(found.map(({ curve }) => curve));

/** The lines of the metric of a name, over the runs that are shown. */
export const linesOf = (
  sources: Sources,
  name: string,
  colors: ReadonlyArray<string>,
): ReadonlyArray<Line> => {
  const { view } = sources;
  const found = find(sources, name);
  const by = colorKey(view);
  const colorOf = ({ place, run, series }: Found) =>
    by === "" ? place : Math.max(colors.indexOf(valueOf(by, run, series.metadata)), 0);
  const rest = ({ series }: Found) =>
    view.group.startsWith("series:") ? "" : partOf(series.metadata);
  const parts = [...new Set(found.map(rest))].toSorted(compareTexts);
  const finish = (curve: Curve): Pick<Line, keyof Curve | "smoothed"> => ({
    ...curve,
    smoothed:
      view.smoothing > 0
        ? smooth(curve.x, curve.y, view.smoothing, curve.x.at(-1)! - curve.x[0]!)
        : undefined,
  });

  if (view.group === "") {
    return found.map((one) => {
      const part = rest(one);
      return {
        ...finish(one.curve),
        label: one.run.slug,
        part,
        color: colorOf(one),
        dash: parts.indexOf(part),
        runs: [one.run],
      };
    });
  }
  const groups = new Map<string, Array<Found>>();
  for (const one of found) {
    const key = JSON.stringify([valueOf(view.group, one.run, one.series.metadata), rest(one)]);
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  const width = found.length === 0 ? 0 : widthFor(view, found);
  return Array.from(groups)
    .map(([id, members]) => ({ id: JSON.parse(id) as [string, string], members }))
    .toSorted((a, b) => compareTexts(a.id[0], b.id[0]) || compareTexts(a.id[1], b.id[1]))
    .map(({ id: [value, part], members }) => ({
      ...finish(
        merge(
          members.map(({ curve }) => curve),
          width,
        ),
      ),
      label: `${keyOf(view.group)}=${value}`,
      part,
      color: colorOf(members[0]!),
      dash: parts.indexOf(part),
      runs: [...new Set(members.map(({ run }) => run))],
    }));
};

/** The names of runs that were chosen, and have nothing of this metric on this axis. */
export const withoutData = ({ series, shown }: Sources, name: string): ReadonlyArray<Run> =>
  shown
    .filter(({ run }) => {
      const all = series(run.experimentId, name);
      return all !== undefined && all.every(({ buckets }) => buckets.count.length === 0);
    })
    .map(({ run }) => run);

// -----------------------------------------------------------------------------
// In numbers
// -----------------------------------------------------------------------------

export interface Summary {
  readonly points: number;
  readonly last: number;
  readonly min: number;
  readonly max: number;
  readonly mean: number;
  readonly from: number;
  readonly to: number;
}

/** Of what lies in a range of x. */
export const summaryOf = (line: Line, zoom: View["zoom"]): Summary | undefined => {
  const [from, to] = zoom ?? [-Infinity, Infinity];
  let [points, sum, min, max, last, first, end] = [0, 0, Infinity, -Infinity, NaN, NaN, NaN];
  for (let i = 0; i < line.x.length; i++) {
    const x = line.x[i]!;
    if (x < from || x > to) continue;
    points += line.count[i]!;
    sum += line.y[i]! * line.count[i]!;
    min = Math.min(min, line.low[i]!);
    max = Math.max(max, line.high[i]!);
    last = line.last[i]!;
    if (Number.isNaN(first)) first = x;
    end = x;
  }
  return points === 0
    ? undefined
    : { points, last, min, max, mean: sum / points, from: first, to: end };
};
