/** How it is looked at: the controls above the charts. */
import { h, setOptions } from "./dom.ts";
import type { State } from "./state.ts";
import { type Axis, axes, type Tab, tabs, type View } from "./view.ts";

export interface Choices {
  readonly metrics: ReadonlyArray<string>;
  readonly runKeys: ReadonlyArray<string>;
  readonly seriesKeys: ReadonlyArray<string>;
}

export interface Actions {
  readonly zoomBy: (factor: number) => void;
  readonly panBy: (share: number) => void;
  readonly saveCsv: () => void;
}

const axisNames: { readonly [K in Axis]: string } = {
  step: "Step",
  relative: "Relative time",
  wall: "Wall time",
  metric: "Metric",
};
const tabNames: { readonly [K in Tab]: string } = {
  charts: "Charts",
  table: "Table",
  config: "Config",
};

const labelled = (text: string, control: HTMLElement, ...more: ReadonlyArray<HTMLElement>) =>
  h("label", { class: "field" }, h("span", {}, text), control, ...more);

/** A value of a control, whenever it is another one. */
const onInput = (element: HTMLInputElement | HTMLSelectElement, set: (value: string) => void) =>
  element.addEventListener("input", () => set(element.value));

export const makeControls = (state: State, actions: Actions) => {
  const { set } = state;

  const tabInputs = tabs.map((tab) => {
    const input = h("input", { type: "radio", name: "tab", value: tab });
    input.addEventListener("change", () => set({ tab }));
    return { tab, input, label: h("label", {}, input, h("span", {}, tabNames[tab])) };
  });
  const tabList = h(
    "fieldset",
    { class: "tabs" },
    h("legend", { class: "unseen" }, "What to show"),
    ...tabInputs.map(({ label }) => label),
  );

  const filter = h("input", { type: "search", placeholder: "All metrics" });
  onInput(filter, (metrics) => set({ metrics }));

  const x = h("select");
  onInput(x, (value) => {
    const isMetric = value.startsWith("metric:");
    set({
      x: isMetric ? "metric" : (axes.find((axis) => axis === value) ?? "step"),
      xMetric: isMetric ? value.slice("metric:".length) : "",
      zoom: null,
    });
  });

  const toggle = (text: string, key: "logX" | "logY" | "marks", title: string) => {
    const input = h("input", { type: "checkbox" });
    input.addEventListener("change", () => set({ [key]: input.checked }));
    return {
      key,
      input,
      label: h("label", { class: "toggle", title }, input, h("span", {}, text)),
    };
  };
  const toggles = [
    toggle("log x", "logX", "Logarithmic x axis"),
    toggle("log y", "logY", "Logarithmic y axis"),
    toggle("marks", "marks", "Annotations as marks"),
  ];

  const smoothing = h("input", { type: "range", min: 0, max: 0.99, step: 0.01 });
  const smoothed = h("output", {});
  onInput(smoothing, (value) => set({ smoothing: Number(value) }));

  const group = h("select");
  onInput(group, (value) => set({ group: value }));
  const color = h("select");
  onInput(color, (value) => set({ color: value }));

  const button = (text: string, name: string, act: () => void) => {
    const element = h("button", { type: "button", "aria-label": name, title: name }, text);
    element.addEventListener("click", act);
    return element;
  };
  const reset = button("Reset", "Reset zoom", () => set({ zoom: null }));
  const zoom = h(
    "div",
    { class: "buttons", role: "group", "aria-label": "Zoom" },
    button("←", "Pan left", () => actions.panBy(-0.25)),
    button("−", "Zoom out", () => actions.zoomBy(2)),
    button("+", "Zoom in", () => actions.zoomBy(0.5)),
    button("→", "Pan right", () => actions.panBy(0.25)),
    reset,
  );
  const csv = button("CSV", "Save what is seen as CSV", actions.saveCsv);

  const options = h(
    "div",
    { class: "options", id: "options" },
    labelled("Metrics", filter),
    labelled("X axis", x),
    h("div", { class: "toggles" }, ...toggles.map(({ label }) => label)),
    labelled("Smoothing", smoothing, smoothed),
    labelled("Group", group),
    labelled("Colour", color),
  );
  const tools = h("div", { class: "tools" }, zoom, csv);

  const keyGroups = (none: string, { runKeys, seriesKeys }: Choices) => [
    { options: [["", none] as const] },
    { label: "Of the run", options: runKeys.map((key) => [`run:${key}`, key] as const) },
    { label: "Of the series", options: seriesKeys.map((key) => [`series:${key}`, key] as const) },
  ];

  /** What a link asks for stays, also while nothing has it. */
  const including = (all: ReadonlyArray<string>, chosen: string, prefix: string) => {
    const key = chosen.startsWith(prefix) ? chosen.slice(prefix.length) : "";
    return key === "" || all.includes(key) ? all : [...all, key];
  };

  return {
    tabs: tabList,
    options,
    tools,
    update: (view: View, found: Choices) => {
      for (const { input, tab } of tabInputs) input.checked = tab === view.tab;
      if (filter.value !== view.metrics) filter.value = view.metrics;
      const metrics = including(found.metrics, `metric:${view.xMetric}`, "metric:");
      setOptions(
        x,
        [
          {
            options: (["step", "relative", "wall"] as const).map((axis) => [axis, axisNames[axis]]),
          },
          { label: "Another metric", options: metrics.map((name) => [`metric:${name}`, name]) },
        ],
        view.x === "metric" ? `metric:${view.xMetric}` : view.x,
      );
      for (const { input, key } of toggles) input.checked = view[key];
      if (Number(smoothing.value) !== view.smoothing) smoothing.value = String(view.smoothing);
      smoothed.value = view.smoothing === 0 ? "off" : view.smoothing.toFixed(2);
      const choices: Choices = {
        metrics,
        runKeys: [view.group, view.color].reduce(
          (all, one) => including(all, one, "run:"),
          found.runKeys,
        ),
        seriesKeys: [view.group, view.color].reduce(
          (all, one) => including(all, one, "series:"),
          found.seriesKeys,
        ),
      };
      setOptions(group, keyGroups("Nothing", choices), view.group);
      setOptions(color, keyGroups(view.group === "" ? "Run" : "Group", choices), view.color);
      reset.disabled = view.zoom === null;
    },
  };
};
