/** The page of who is signed in: what is seen follows from the view and the data. */
import { makeAnnotationList, marksOf } from "./annotations.ts";
import { makeApi } from "./api.ts";
import type { Model } from "./chart.ts";
import { makeCharts } from "./charts.ts";
import { makeConfigTable } from "./configTable.ts";
import { makeControls } from "./controls.ts";
import { save, toCsv } from "./csv.ts";
import { nativeAxis } from "./curve.ts";
import { h, setChildren, setText } from "./dom.ts";
import { follow } from "./follow.ts";
import {
  colorKey,
  linesOf,
  placesIn,
  type Shown,
  type Sources,
  startOf,
  summaryOf,
  withoutData,
} from "./lines.ts";
import { makeRunList } from "./runList.ts";
import { compareTexts, type Run, sorted } from "./runs.ts";
import { type Extent, panned, zoomed } from "./scale.ts";
import type { Wanted } from "./series.ts";
import { makeState } from "./state.ts";
import { summaryTable } from "./summaryTable.ts";
import { swatch } from "./swatch.ts";
import { onThemeChange } from "./theme.ts";
import type { View } from "./view.ts";

/** As many runs as are shown until somebody chooses. */
const shownAtFirst = 5;

export interface Leaving {
  readonly signOut: () => void;
  /** The key is not good any more. */
  readonly refused: () => void;
}

export const startApp = (body: HTMLElement, key: string, leaving: Leaving): (() => void) => {
  const controller = new AbortController();
  const { signal } = controller;
  const api = makeApi(key, signal);
  /** Nobody has chosen yet: what is new is shown too, up to a number. */
  let isChosenForThem = false;

  const state = makeState((view, before) => {
    if (view.runs !== before.runs) isChosenForThem = isChosenForThem && isChoosing;
    following.wake();
    draw();
  });
  let isChoosing = false;

  // ---------------------------------------------------------------------------
  // What is shown
  // ---------------------------------------------------------------------------

  const shown = (): ReadonlyArray<Shown> => {
    const runs = new Map(Array.from(following.data().runs.values(), (run) => [run.short, run]));
    return (state.view().runs ?? []).flatMap((short, place) => {
      const run = runs.get(short);
      return run === undefined ? [] : [{ run, place }];
    });
  };

  const choose = () => {
    const { hidden, runs } = state.view();
    const { isLoading, runs: all } = following.data();
    if (isLoading || (runs !== null && !isChosenForThem) || all.size === 0) return;
    const chosen = runs ?? [];
    const newest = sorted(
      [...all.values()].filter(({ short }) => !chosen.includes(short) && !hidden.includes(short)),
      "newest",
    ).slice(0, Math.max(shownAtFirst - chosen.length, 0));
    if (runs !== null && newest.length === 0) return;
    isChosenForThem = true;
    isChoosing = true;
    state.set({ runs: [...chosen, ...newest.map(({ short }) => short)] });
    isChoosing = false;
  };

  const metricNames = (all: ReadonlyArray<Shown>): ReadonlyArray<string> => {
    const { catalogs } = following.data();
    const names = all.flatMap(({ run }) =>
      (catalogs.get(run.experimentId) ?? []).map(({ seriesName }) => seriesName),
    );
    return [...new Set(names)].toSorted(compareTexts);
  };

  const filteredNames = (all: ReadonlyArray<Shown>): ReadonlyArray<string> => {
    const words = state
      .view()
      .metrics.toLowerCase()
      .split(/\s+/)
      .filter((word) => word !== "");
    return metricNames(all).filter((name) =>
      words.every((word) => name.toLowerCase().includes(word)),
    );
  };

  const wantedFor = (names: ReadonlyArray<string>): ReadonlyArray<Wanted> => {
    const { catalogs } = following.data();
    const { x, xMetric } = state.view();
    const all = new Set(x === "metric" ? [...names, xMetric] : names);
    return shown().flatMap(({ run }) =>
      (catalogs.get(run.experimentId) ?? [])
        .filter(({ seriesName }) => all.has(seriesName))
        .map(({ seriesName }) => ({ run: run.experimentId, name: seriesName })),
    );
  };

  const valuesIn = (run: string, key: string): ReadonlyArray<string> =>
    (following.data().catalogs.get(run) ?? []).flatMap(({ metadata }) =>
      metadata.filter((one) => one.key === key).flatMap(({ values }) => values),
    );

  const sources = (all: ReadonlyArray<Shown>): Sources => {
    const { catalogs, series } = following.data();
    return {
      view: state.view(),
      shown: all,
      // What the catalog does not have there is nothing of, and nothing to load.
      series: (run, name) =>
        series.axis === nativeAxis(state.view().x)
          ? (series.get(run, name) ??
            (catalogs.get(run)?.every(({ seriesName }) => seriesName !== name) ? [] : undefined))
          : undefined,
    };
  };

  // ---------------------------------------------------------------------------
  // Zoom
  // ---------------------------------------------------------------------------

  const zoomTo = (zoom: View["zoom"]) => {
    const isRange = zoom === null || (zoom.every(Number.isFinite) && zoom[0] < zoom[1]);
    if (isRange) state.set({ zoom });
  };
  const currentExtent = (): Extent | undefined => {
    const all = charts.extents().filter((extent) => extent !== undefined);
    if (all.length === 0) return undefined;
    return [Math.min(...all.map(([from]) => from)), Math.max(...all.map(([, to]) => to))];
  };
  const change = (make: (extent: Extent, log: boolean) => Extent) => {
    const extent = state.view().zoom ?? currentExtent();
    if (extent !== undefined) zoomTo(make(extent, state.view().logX));
  };

  // ---------------------------------------------------------------------------
  // Parts
  // ---------------------------------------------------------------------------

  const runList = makeRunList(state);
  const controls = makeControls(state, {
    zoomBy: (factor) => change((extent, log) => zoomed(extent, factor, 0.5, log)),
    panBy: (share) => change((extent, log) => panned(extent, share, log)),
    saveCsv: () => void saveCsv(),
  });
  const charts = makeCharts(zoomTo, () => {
    following.wake();
    draw();
  });
  const configTable = makeConfigTable(state);
  const annotationList = makeAnnotationList();
  const numbers = h("div", { class: "scroll table" });
  const legend = h("ul", { class: "legend", "aria-label": "Colours" });
  const trouble = h("p", { class: "trouble", role: "alert" });
  const nothing = h("p", { class: "nothing" });
  const place = h("div", { class: "place" });

  const signOut = h("button", { type: "button", class: "sign-out" }, "Sign out");
  signOut.addEventListener("click", leaving.signOut);
  const opener = (text: string, controlled: string) => {
    const button = h(
      "button",
      { type: "button", class: "opener", "aria-expanded": "false", "aria-controls": controlled },
      text,
    );
    button.addEventListener("click", () => {
      const isOpen = button.getAttribute("aria-expanded") === "true";
      button.setAttribute("aria-expanded", String(!isOpen));
    });
    return button;
  };
  const main = h("main", { id: "main" }, trouble, legend, nothing, place, annotationList.element);
  body.replaceChildren(
    h("a", { class: "skip", href: "#main" }, "To the charts"),
    h(
      "header",
      {},
      h("h1", {}, "Syvain Metrics"),
      controls.tabs,
      opener("Runs", "runs"),
      opener("Options", "options"),
      controls.tools,
      signOut,
      controls.options,
    ),
    h("nav", { id: "runs", "aria-label": "Runs" }, runList.element),
    main,
  );
  // The address is the view's: a link inside of the page only moves the focus.
  body.querySelector(".skip")!.addEventListener("click", (event) => {
    event.preventDefault();
    main.tabIndex = -1;
    main.focus();
  });

  // ---------------------------------------------------------------------------
  // Drawing
  // ---------------------------------------------------------------------------

  const colorsFor = (all: ReadonlyArray<Shown>) => placesIn(colorKey(state.view()), all, valuesIn);

  const linesFor = (all: ReadonlyArray<Shown>) => {
    const from = sources(all);
    const colors = colorsFor(all);
    return (name: string) => linesOf(from, name, colors);
  };

  const modelFor = (all: ReadonlyArray<Shown>) => {
    const from = sources(all);
    const lines = linesFor(all);
    const { annotations } = following.data();
    return (name: string): Model => {
      const without = withoutData(from, name);
      const names = without.slice(0, 5).map(({ slug }) => slug);
      const more = without.length > 5 ? ` and ${without.length - 5} more` : "";
      const axis = from.view.x === "step" ? " with a step" : "";
      const found = lines(name);
      return {
        view: from.view,
        lines: found,
        marks: marksOf(from, annotations, name),
        note:
          without.length > 0
            ? `Not recorded${axis}: ${names.join(", ")}${more}`
            : found.length === 0 && from.view.x === "metric"
              ? `Nothing to show over ${from.view.xMetric}: no run has a series of it with the same metadata, or only one.`
              : "",
        isLoading: wantedFor([name]).some(({ run }) => from.series(run, name) === undefined),
      };
    };
  };

  const drawLegend = (all: ReadonlyArray<Shown>) => {
    const by = colorKey(state.view());
    const key = by.slice(by.indexOf(":") + 1);
    const entries =
      by === ""
        ? all.map(({ place, run }) => ({ color: place, text: run.slug }))
        : colorsFor(all).map((value, color) => ({ color, text: `${key}=${value}` }));
    const next = JSON.stringify(entries);
    if (legend.dataset["drawn"] === next) return;
    legend.dataset["drawn"] = next;
    legend.replaceChildren(
      ...entries.map(({ color, text }) => h("li", {}, swatch(color), h("span", {}, text))),
    );
  };

  const drawTable = (all: ReadonlyArray<Shown>, names: ReadonlyArray<string>) => {
    const lines = linesFor(all);
    const view = state.view();
    const rows = names.flatMap((metric) =>
      lines(metric).flatMap((line) => {
        const summary = summaryOf(line, view.zoom);
        return summary === undefined ? [] : [{ metric, line, summary }];
      }),
    );
    numbers.replaceChildren(summaryTable("The metrics of the runs that are shown", rows, view));
  };

  const colorOfRun = (all: ReadonlyArray<Shown>) => {
    const by = colorKey(state.view());
    const places = new Map(all.map(({ place, run }) => [run.experimentId, place]));
    if (by === "") return (run: Run) => places.get(run.experimentId);
    if (by.startsWith("series:")) return () => undefined;
    const colors = colorsFor(all);
    return (run: Run) => {
      const [value = ""] = placesIn(by, [{ run, place: 0 }], valuesIn);
      return colors.indexOf(value);
    };
  };

  let isDue = false;
  /** All of it at once, and once a frame. */
  const draw = () => {
    if (isDue) return;
    isDue = true;
    requestAnimationFrame(() => {
      isDue = false;
      if (signal.aborted) return;
      choose();
      const view = state.view();
      const data = following.data();
      const all = shown();
      const names = filteredNames(all);
      runList.update(view, { ...data, colorOf: colorOfRun(all) });
      controls.update(view, {
        metrics: metricNames(all),
        runKeys: [...new Set(all.flatMap(({ run }) => Object.keys(run.meta)))].toSorted(
          compareTexts,
        ),
        seriesKeys: [
          ...new Set(
            all.flatMap(({ run }) =>
              (data.catalogs.get(run.experimentId) ?? []).flatMap(({ metadata }) =>
                metadata.map(({ key }) => key),
              ),
            ),
          ),
        ].toSorted(compareTexts),
      });
      body.dataset["tab"] = view.tab;
      setChildren(place, [
        view.tab === "charts"
          ? charts.element
          : view.tab === "table"
            ? numbers
            : configTable.element,
      ]);
      drawLegend(all);
      annotationList.update(all, data.annotations);
      if (view.tab === "charts") charts.update(names, modelFor(all));
      if (view.tab === "table") drawTable(all, names);
      if (view.tab === "config") configTable.update(view, all);
      const isCatalogDue = all.some(({ run }) => !data.catalogs.has(run.experimentId));
      setText(
        nothing,
        data.isLoading || isCatalogDue
          ? ""
          : data.runs.size === 0
            ? "No run has been recorded yet. This page shows one as soon as there is one."
            : all.length === 0
              ? "Choose runs on the left to see their metrics."
              : names.length > 0 || view.tab === "config"
                ? ""
                : view.metrics === ""
                  ? "These runs have no metrics yet."
                  : "No metric has such a name.",
      );
      nothing.hidden = nothing.textContent === "";
    });
  };

  const saveCsv = async () => {
    const names = filteredNames(shown());
    try {
      await following.load(wantedFor(names));
    } catch (error) {
      setText(trouble, error instanceof Error ? error.message : String(error));
      return;
    }
    const lines = linesFor(shown());
    save(
      "metrics.csv",
      toCsv(
        names.map((name) => ({ name, lines: lines(name) })),
        state.view(),
      ),
    );
  };

  // ---------------------------------------------------------------------------
  // Data
  // ---------------------------------------------------------------------------

  const following = follow(
    api,
    {
      shown: () => shown().map(({ run }) => run.experimentId),
      wanted: () => {
        const { tab } = state.view();
        if (tab === "config") return [];
        return wantedFor(tab === "table" ? filteredNames(shown()) : charts.seen());
      },
      axis: () => nativeAxis(state.view().x),
      points: charts.points,
      range: () => {
        const { x, zoom } = state.view();
        const { runs, series } = following.data();
        return (id) => {
          if (zoom === null || x === "metric") return null;
          if (x !== "relative") return zoom;
          const run = runs.get(id);
          if (run === undefined) return null;
          const all = metricNames(shown()).flatMap((name) => series.get(id, name) ?? []);
          const start = startOf(run, all);
          return [start + zoom[0] * 1000, start + zoom[1] * 1000];
        };
      },
    },
    {
      changed: draw,
      troubled: (sentence) => {
        setText(trouble, sentence);
        trouble.hidden = sentence === "";
      },
      refused: leaving.refused,
    },
    signal,
  );
  trouble.hidden = true;
  onThemeChange(charts.redraw, signal);
  draw();

  return () => {
    controller.abort();
    state.stop();
    charts.destroy();
    body.replaceChildren();
    delete body.dataset["tab"];
    document.title = "Syvain Metrics";
  };
};
