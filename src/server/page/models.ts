/** From what is looked at to what a chart, a table or a file shows. */
import { marksOf } from "./annotations.ts";
import type { Model } from "./chart.ts";
import { valuesOf } from "./colorBy.ts";
import { nativeAxis } from "./curve.ts";
import { type Line, linesOf, type Sources, summaryOf, withoutData } from "./lines.ts";
import { startOf } from "./runs.ts";
import { type Selection, wantedFor } from "./selection.ts";
import type { Row } from "./summaryTable.ts";

const sourcesOf = ({ data: { catalogs, series }, shown, view }: Selection): Sources => ({
  view,
  shown,
  // What the catalog does not have there is nothing of, and nothing to load.
  series: (run, name) =>
    series.axis === nativeAxis(view.x)
      ? (series.get(run, name) ??
        (catalogs.get(run)?.every(({ seriesName }) => seriesName !== name) ? [] : undefined))
      : undefined,
  start: (run) => startOf(run, series.first(run.experimentId)),
});

/** The lines of each metric. */
export const linesFor = (selection: Selection): ((name: string) => ReadonlyArray<Line>) => {
  const sources = sourcesOf(selection);
  const colors = valuesOf(selection);
  return (name) => linesOf(sources, name, colors);
};

/** As many runs as a chart names that have nothing to show in it. */
const mostNamed = 5;

/** The chart of each metric. */
export const modelFor = (selection: Selection): ((name: string) => Model) => {
  const { data, view } = selection;
  const sources = sourcesOf(selection);
  const lines = linesFor(selection);
  const noteOf = (name: string, isEmpty: boolean): string => {
    const without = withoutData(sources, name).map(({ slug }) => slug);
    if (without.length > 0) {
      const more = without.length > mostNamed ? ` and ${without.length - mostNamed} more` : "";
      const how = view.x === "step" ? " with a step" : "";
      return `Not recorded${how}: ${without.slice(0, mostNamed).join(", ")}${more}`;
    }
    return isEmpty && view.x === "metric"
      ? `Nothing to show over ${view.xMetric}: no run has a series of it with the same metadata, or only one.`
      : "";
  };
  return (name) => {
    const found = lines(name);
    return {
      view,
      lines: found,
      marks: marksOf(sources, data.annotations, name),
      note: noteOf(name, found.length === 0),
      isLoading: wantedFor(selection, [name]).some(
        ({ run }) => sources.series(run, name) === undefined,
      ),
    };
  };
};

/** All metrics in numbers. */
export const rowsFor = (selection: Selection): ReadonlyArray<Row> => {
  const lines = linesFor(selection);
  return selection.names.flatMap((metric) =>
    lines(metric).flatMap((line) => {
      const summary = summaryOf(line, selection.view.zoom);
      return summary === undefined ? [] : [{ metric, line, summary }];
    }),
  );
};
