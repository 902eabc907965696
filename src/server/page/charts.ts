/** The charts, one for each metric. Those that are not on the screen are neither loaded nor drawn. */
import { type Chart, makeChart, type Model } from "./chart.ts";
import { h, setChildren } from "./dom.ts";
import type { Extent } from "./scale.ts";
import type { View } from "./view.ts";

/** How many pixels wide a chart is that is not there yet. */
const usual = 400;

export const makeCharts = (zoomTo: (zoom: View["zoom"]) => void, seenMore: () => void) => {
  const element = h("div", { class: "charts" });
  const charts = new Map<string, Chart>();
  const seen = new Set<string>();
  const nameOf = new Map<Element, string>();
  const observer = new IntersectionObserver(
    (entries) => {
      for (const { isIntersecting, target } of entries) {
        const name = nameOf.get(target)!;
        if (isIntersecting) seen.add(name);
        else seen.delete(name);
      }
      if (entries.some(({ isIntersecting }) => isIntersecting)) seenMore();
    },
    { rootMargin: "300px" },
  );
  return {
    element,
    /** Names of the metrics whose charts are on the screen, or nearly. */
    seen: (): ReadonlyArray<string> => [...charts.keys()].filter((name) => seen.has(name)),
    /** One for each pixel of a chart: more would only take time. */
    points: () =>
      Math.min(Math.max(element.firstElementChild?.clientWidth ?? usual, usual / 2), 1000),
    /** From where to where the charts go that are on the screen. */
    extent: (): Extent | undefined => {
      const all = Array.from(charts.values(), (chart) =>
        seen.has(chart.name) ? chart.extent() : undefined,
      ).filter((extent) => extent !== undefined);
      if (all.length === 0) return undefined;
      return [Math.min(...all.map(([from]) => from)), Math.max(...all.map(([, to]) => to))];
    },
    update: (names: ReadonlyArray<string>, modelOf: (name: string) => Model) => {
      const wanted = new Set(names);
      for (const [name, chart] of charts) {
        if (wanted.has(name)) continue;
        observer.unobserve(chart.element);
        nameOf.delete(chart.element);
        seen.delete(name);
        charts.delete(name);
        chart.destroy();
      }
      for (const name of names) {
        if (charts.has(name)) continue;
        const chart = makeChart(name, zoomTo);
        charts.set(name, chart);
        nameOf.set(chart.element, name);
        observer.observe(chart.element);
      }
      setChildren(
        element,
        names.map((name) => charts.get(name)!.element),
      );
      for (const name of names) if (seen.has(name)) charts.get(name)!.update(modelOf(name));
    },
    redraw: () => {
      for (const chart of charts.values()) chart.redraw();
    },
    destroy: () => {
      observer.disconnect();
      for (const chart of charts.values()) chart.destroy();
    },
  };
};
