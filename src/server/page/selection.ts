/** What is looked at: which runs, which metrics, told apart by what. */
import type { Data } from "./follow.ts";
import { compareTexts, matchesWords, type Run, sorted } from "./runs.ts";
import type { Wanted } from "./series.ts";
import type { View } from "./view.ts";

export interface Shown {
  readonly run: Run;
  /** Its place in the palette. */
  readonly place: number;
}

export interface Selection {
  readonly view: View;
  readonly data: Data;
  readonly shown: ReadonlyArray<Shown>;
  /** Of all that the runs have, and those that are looked for. */
  readonly metrics: ReadonlyArray<string>;
  readonly names: ReadonlyArray<string>;
  /** Keys of the metadata of the runs, and of their series. */
  readonly runKeys: ReadonlyArray<string>;
  readonly seriesKeys: ReadonlyArray<string>;
}

const distinct = (texts: ReadonlyArray<string>): ReadonlyArray<string> =>
  [...new Set(texts)].toSorted(compareTexts);

export const shownRuns = (view: View, { runs }: Data): ReadonlyArray<Shown> => {
  const byId = new Map(Array.from(runs.values(), (run) => [run.short, run]));
  return (view.runs ?? []).flatMap((short, place) => {
    const run = byId.get(short);
    return run === undefined ? [] : [{ run, place }];
  });
};

export const select = (view: View, data: Data): Selection => {
  const shown = shownRuns(view, data);
  const series = shown.flatMap(({ run }) => data.catalogs.get(run.experimentId) ?? []);
  const metrics = distinct(series.map(({ seriesName }) => seriesName));
  return {
    view,
    data,
    shown,
    metrics,
    names: metrics.filter((name) => matchesWords(name, view.metrics)),
    runKeys: distinct(shown.flatMap(({ run }) => Object.keys(run.meta))),
    seriesKeys: distinct(series.flatMap(({ metadata }) => metadata.map(({ key }) => key))),
  };
};

/** What there is to load for charts of some metrics. */
export const wantedFor = (
  { data, shown, view: { x, xMetric } }: Selection,
  names: ReadonlyArray<string>,
): ReadonlyArray<Wanted> => {
  const all = new Set(x === "metric" ? [...names, xMetric] : names);
  return shown.flatMap(({ run: { experimentId: run } }) =>
    (data.catalogs.get(run) ?? [])
      .filter(({ seriesName }) => all.has(seriesName))
      .map(({ seriesName }) => ({ run, name: seriesName })),
  );
};

/** As many runs as are shown until somebody chooses. */
const shownAtFirst = 5;

/** The newest runs, added to those that were chosen before, up to a number; nothing when there is none to add. */
export const chooseNewest = (
  { hidden, runs: chosen }: View,
  { runs }: Data,
): ReadonlyArray<string> | undefined => {
  const before = chosen ?? [];
  const others = [...runs.values()].filter(
    ({ short }) => !before.includes(short) && !hidden.includes(short),
  );
  const room = Math.max(shownAtFirst - before.length, 0);
  const newest = sorted(others, "newest").slice(0, room);
  return newest.length === 0 ? undefined : [...before, ...newest.map(({ short }) => short)];
};
