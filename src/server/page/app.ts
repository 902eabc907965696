/** The page of who is signed in: what is seen follows from the view and the data. */
import { makeAnnotationList } from "./annotations.ts";
import { makeApi } from "./api.ts";
import { makeCharts } from "./charts.ts";
import { colorOfRun, legendOf } from "./colorBy.ts";
import { makeConfigTable } from "./configTable.ts";
import { makeControls } from "./controls.ts";
import { save, toCsv } from "./csv.ts";
import { nativeAxis } from "./curve.ts";
import { h, setChildren } from "./dom.ts";
import { follow } from "./follow.ts";
import { makeFrame } from "./frame.ts";
import { linesFor, modelFor, rowsFor } from "./models.ts";
import { makeRunList } from "./runList.ts";
import { startOf } from "./runs.ts";
import { type Extent, panned, zoomed } from "./scale.ts";
import { chooseNewest, select, shownRuns, wantedFor } from "./selection.ts";
import type { Range } from "./series.ts";
import { makeState } from "./state.ts";
import { summaryTable } from "./summaryTable.ts";
import { onThemeChange } from "./theme.ts";
import type { View } from "./view.ts";

export interface Leaving {
  readonly signOut: () => void;
  /** The key is not good any more. */
  readonly refused: () => void;
}

/** Answers how to end it. */
export const startApp = (body: HTMLElement, key: string, leaving: Leaving): (() => void) => {
  const controller = new AbortController();
  const { signal } = controller;

  const state = makeState((view, before) => {
    if (view.runs !== before.runs) isChosen = !isChoosing;
    following.wake();
    draw();
  });
  const selection = () => select(state.view(), following.data());

  // ---------------------------------------------------------------------------
  // The runs that are shown until somebody chooses
  // ---------------------------------------------------------------------------

  /** By somebody, or by a link. */
  let isChosen = state.view().runs !== null;
  let isChoosing = false;

  const choose = () => {
    const data = following.data();
    const runs = isChosen || data.isLoading ? undefined : chooseNewest(state.view(), data);
    if (runs === undefined) return;
    isChoosing = true;
    state.set({ runs });
    isChoosing = false;
  };

  // ---------------------------------------------------------------------------
  // Zoom
  // ---------------------------------------------------------------------------

  const zoomTo = (zoom: View["zoom"]) => {
    const isRange = zoom === null || (zoom.every(Number.isFinite) && zoom[0] < zoom[1]);
    if (isRange) state.set({ zoom });
  };
  const change = (make: (extent: Extent, log: boolean) => Extent) => {
    const { logX, zoom } = state.view();
    const extent = zoom ?? charts.extent();
    if (extent !== undefined) zoomTo(make(extent, logX));
  };

  /** In units of the server. */
  const range = (): Range => {
    const { x, zoom } = state.view();
    const { runs, series } = following.data();
    return (id) => {
      const run = runs.get(id);
      if (zoom === null || x === "metric" || run === undefined) return null;
      if (x !== "relative") return zoom;
      const start = startOf(run, series.first(id));
      return [start + zoom[0] * 1000, start + zoom[1] * 1000];
    };
  };

  // ---------------------------------------------------------------------------
  // Parts
  // ---------------------------------------------------------------------------

  const saveCsv = async () => {
    const { names } = selection();
    try {
      await following.load(wantedFor(selection(), names));
    } catch (error) {
      if (!signal.aborted) frame.trouble(error instanceof Error ? error.message : String(error));
      return;
    }
    const lines = linesFor(selection());
    save(
      "metrics.csv",
      toCsv(
        names.map((name) => ({ name, lines: lines(name) })),
        state.view(),
      ),
    );
  };

  const controls = makeControls(state, {
    zoomBy: (factor) => change((extent, log) => zoomed(extent, factor, 0.5, log)),
    panBy: (share) => change((extent, log) => panned(extent, share, log)),
    saveCsv: () => void saveCsv(),
  });
  const runList = makeRunList(state);
  const charts = makeCharts(zoomTo, () => {
    following.wake();
    draw();
  });
  const table = h("div", { class: "scroll table" });
  const configTable = makeConfigTable(state);
  const annotationList = makeAnnotationList();
  const frame = makeFrame(
    body,
    {
      tabs: controls.tabs,
      tools: controls.tools,
      options: controls.options,
      runs: runList.element,
      annotations: annotationList.element,
    },
    leaving.signOut,
  );

  // ---------------------------------------------------------------------------
  // Drawing
  // ---------------------------------------------------------------------------

  let isDue = false;
  /** All of it at once, and once a frame. */
  const draw = () => {
    if (isDue) return;
    isDue = true;
    requestAnimationFrame(() => {
      isDue = false;
      if (signal.aborted) return;
      choose();
      const selected = selection();
      const { data, names, shown, view } = selected;
      controls.update(view, selected);
      runList.update(view, { ...data, colorOf: colorOfRun(selected) });
      frame.update(selected, legendOf(selected));
      const tabs = { charts: charts.element, table, config: configTable.element };
      setChildren(frame.place, [tabs[view.tab]]);
      if (view.tab === "charts") charts.update(names, modelFor(selected));
      if (view.tab === "config") configTable.update(view, shown);
      if (view.tab === "table") {
        const caption = "The metrics of the runs that are shown";
        table.replaceChildren(summaryTable(caption, rowsFor(selected), view));
      }
      annotationList.update(shown, data.annotations);
    });
  };

  const following = follow(
    makeApi(key, signal),
    {
      shown: () => shownRuns(state.view(), following.data()).map(({ run }) => run.experimentId),
      wanted: () => {
        const selected = selection();
        const { tab } = selected.view;
        if (tab === "config") return [];
        return wantedFor(selected, tab === "table" ? selected.names : charts.seen());
      },
      axis: () => nativeAxis(state.view().x),
      points: charts.points,
      range,
    },
    { changed: draw, troubled: frame.trouble, refused: leaving.refused },
    signal,
  );
  onThemeChange(charts.redraw, signal);
  draw();

  return () => {
    controller.abort();
    state.stop();
    charts.destroy();
    body.replaceChildren();
    delete body.dataset["tab"];
  };
};
