/** By what lines are told apart: the run, or the value of a key of its metadata or of the series'. */
import { compareTexts, type Run, textOf } from "./runs.ts";
import type { Selection } from "./selection.ts";
import type { View } from "./view.ts";

/** What stands for the value of what does not have the key. */
const none = "—";

/** `run:key` or `series:key`, or nothing where it is the run. */
export const colorKey = (view: View): string => view.color || view.group;

export const keyOf = (by: string): string => by.slice(by.indexOf(":") + 1);

export const valueOf = (
  by: string,
  run: Run,
  metadata: Readonly<Record<string, string>>,
): string => {
  const value = by.startsWith("run:") ? run.meta[keyOf(by)] : metadata[keyOf(by)];
  return value === undefined ? none : textOf(value);
};

/** All values of the runs that are shown, in the order of the palette: each has the same colour in every chart. */
export const valuesOf = ({ data, shown, view }: Selection): ReadonlyArray<string> => {
  const by = colorKey(view);
  if (by === "") return [];
  const values = shown.flatMap(({ run }) => {
    if (by.startsWith("run:")) return [valueOf(by, run, {})];
    return (data.catalogs.get(run.experimentId) ?? []).flatMap(
      ({ metadata }) => metadata.find(({ key }) => key === keyOf(by))?.values ?? [none],
    );
  });
  return [...new Set(values)].toSorted(
    (a, b) => Number(a === none) - Number(b === none) || compareTexts(a, b),
  );
};

/** The colour of a run in the list; nothing where its series have several. */
export const colorOfRun = (selection: Selection): ((run: Run) => number | undefined) => {
  const by = colorKey(selection.view);
  if (by.startsWith("series:")) return () => undefined;
  if (by === "") {
    const places = new Map(selection.shown.map(({ place, run }) => [run.experimentId, place]));
    return (run) => places.get(run.experimentId);
  }
  const values = valuesOf(selection);
  return (run) => values.indexOf(valueOf(by, run, {}));
};

export interface Entry {
  readonly color: number;
  readonly text: string;
}

export const legendOf = (selection: Selection): ReadonlyArray<Entry> => {
  const by = colorKey(selection.view);
  return by === ""
    ? selection.shown.map(({ place, run }) => ({ color: place, text: run.slug }))
    : valuesOf(selection).map((value, color) => ({ color, text: `${keyOf(by)}=${value}` }));
};
