/** One chart: axes, cursor and selection are uPlot's, lines are drawn onto its canvas. */
import uPlot from "uplot";
import { axesOf } from "./axes.ts";
import { nextPlace } from "./cursor.ts";
import { drawLines, drawMarks } from "./draw.ts";
import { h, setText } from "./dom.ts";
import { axisName, plural, xText } from "./format.ts";
import { type Line, summaryOf } from "./lines.ts";
import type { Mark } from "./marks.ts";
import { makeReadout } from "./readout.ts";
import { type Extent, extentOfX, extentOfY, panned, zoomed } from "./scale.ts";
import { summaryTable } from "./summaryTable.ts";
import { swatch } from "./swatch.ts";
import { currentTheme } from "./theme.ts";
import type { View } from "./view.ts";

export interface Model {
  readonly view: View;
  readonly lines: ReadonlyArray<Line>;
  readonly marks: ReadonlyArray<Mark>;
  /** What there is to say about it, in a sentence. */
  readonly note: string;
  readonly isLoading: boolean;
}

export interface Chart {
  readonly element: HTMLElement;
  readonly name: string;
  readonly update: (model: Model) => void;
  /** When colours are others. */
  readonly redraw: () => void;
  readonly extent: () => Extent | undefined;
  readonly destroy: () => void;
}

const height = 220;

/** The cursor of one chart is shown in all. */
const together = "charts";

// -----------------------------------------------------------------------------
// The chart
// -----------------------------------------------------------------------------

export const makeChart = (name: string, zoomTo: (zoom: View["zoom"]) => void): Chart => {
  const parts = h("span", { class: "parts" });
  const title = h("h2", {}, name);
  const note = h("p", { class: "note" });
  const readout = makeReadout();
  const plot = h("div", {
    class: "plot",
    tabindex: 0,
    role: "group",
    "aria-roledescription": "chart",
  });
  const stage = h("div", { class: "around" }, plot, readout.element);
  const numbers = h("details", { class: "numbers" }, h("summary", {}, "Numbers"));
  const table = h("div", { class: "scroll" });
  numbers.append(table);
  const element = h(
    "section",
    { class: "chart", "aria-label": name },
    h("div", { class: "head" }, title, parts),
    stage,
    readout.spoken,
    note,
    numbers,
  );

  let model: Model | undefined;
  let u: uPlot | undefined;
  let made = "";
  let namedParts = "";
  let [rangeX, rangeY]: [Extent, Extent] = [
    [0, 1],
    [0, 1],
  ];
  /** Where the keyboard is, as x. */
  let at: number | undefined;

  const isLog = () => model?.view.logX === true;

  const draw = (u: uPlot) => {
    if (model === undefined) return;
    const { ctx: context } = u;
    const { left, top, width, height } = u.bbox;
    const { logX, logY } = model.view;
    const scale = ([from, to]: Extent, log: boolean, start: number, length: number) => {
      const forth = log ? Math.log10 : (x: number) => x;
      const [a, b] = [forth(from), forth(to)];
      const factor = length / (b - a);
      return (x: number) => start + (forth(x) - a) * factor;
    };
    context.save();
    context.beginPath();
    context.rect(left, top, width, height);
    context.clip();
    const place = {
      context,
      left,
      top,
      width,
      height,
      ratio: devicePixelRatio,
      toX: scale(rangeX, logX, left, width),
      toY: scale(rangeY, logY, top + height, -height),
      logX,
      logY,
    };
    drawLines(place, model.lines, rangeX, currentTheme());
    drawMarks(place, model.marks, currentTheme());
    context.restore();
  };

  const read = (x: number, left: number, isSpoken: boolean) => {
    if (model === undefined || u === undefined) return;
    const { over } = u;
    const { marks } = model;
    readout.show(model, x, {
      reach: isLog() ? Infinity : (rangeX[1] - rangeX[0]) / 20,
      marks: marks.filter((mark) => Math.abs(u!.valToPos(mark.x, "x") - left) < 8),
      left: over.offsetLeft + left,
      width: plot.clientWidth,
      isSpoken,
    });
  };
  const hideReadout = () => {
    readout.hide();
    at = undefined;
  };

  // ---------------------------------------------------------------------------
  // Keys and pointer
  // ---------------------------------------------------------------------------

  const moveTo = (x: number) => {
    if (u === undefined) return;
    at = x;
    const left = u.valToPos(x, "x");
    u.setCursor({ left, top: u.over.clientHeight / 2 });
    read(x, left, true);
  };

  const step = (direction: 1 | -1) => {
    const place = nextPlace(model?.lines ?? [], at, direction, rangeX);
    if (place !== undefined) moveTo(place);
  };

  const keys: Readonly<Record<string, (event: KeyboardEvent) => void>> = {
    ArrowRight: ({ shiftKey }) => (shiftKey ? zoomTo(panned(rangeX, 0.2, isLog())) : step(1)),
    ArrowLeft: ({ shiftKey }) => (shiftKey ? zoomTo(panned(rangeX, -0.2, isLog())) : step(-1)),
    Home: () => {
      at = undefined;
      step(1);
    },
    End: () => {
      at = undefined;
      step(-1);
    },
    "+": () => zoomTo(zoomed(rangeX, 0.5, around(), isLog())),
    "=": () => zoomTo(zoomed(rangeX, 0.5, around(), isLog())),
    "-": () => zoomTo(zoomed(rangeX, 2, around(), isLog())),
    "0": () => zoomTo(null),
    Escape: () => {
      hideReadout();
      u?.setCursor({ left: -10, top: -10 });
    },
  };
  /** Where the cursor is, from 0 to 1; in the middle when there is none. */
  const around = () =>
    at === undefined || u === undefined
      ? 0.5
      : Math.min(Math.max(u.valToPos(at, "x") / u.over.clientWidth, 0), 1);

  plot.addEventListener("keydown", (event) => {
    const act = event.ctrlKey || event.metaKey || event.altKey ? undefined : keys[event.key];
    if (act === undefined || (model?.lines.length ?? 0) === 0) return;
    event.preventDefault();
    act(event);
  });
  plot.addEventListener("blur", hideReadout);
  plot.addEventListener(
    "wheel",
    (event) => {
      if (u === undefined || (!event.ctrlKey && !event.metaKey)) return;
      event.preventDefault();
      const { left, width } = u.over.getBoundingClientRect();
      const place = Math.min(Math.max((event.clientX - left) / width, 0), 1);
      zoomTo(zoomed(rangeX, 2 ** (event.deltaY / 200), place, isLog()));
    },
    { passive: false },
  );

  const pan = (u: uPlot, down: MouseEvent) => {
    const [start, { width }] = [rangeX, u.over.getBoundingClientRect()];
    const move = (event: MouseEvent) =>
      zoomTo(panned(start, (down.clientX - event.clientX) / width, isLog()));
    const up = () => {
      removeEventListener("mousemove", move);
      removeEventListener("mouseup", up);
    };
    addEventListener("mousemove", move);
    addEventListener("mouseup", up);
  };

  // ---------------------------------------------------------------------------
  // uPlot
  // ---------------------------------------------------------------------------

  const data = (): uPlot.AlignedData => [[...rangeX], [...rangeY]];

  const make = (view: View) => {
    u?.destroy();
    u = new uPlot(
      {
        width: Math.max(plot.clientWidth, 120),
        height,
        ms: 1,
        padding: [10, 12, 0, 0],
        legend: { show: false },
        scales: {
          x: { time: view.x === "wall", distr: view.logX ? 3 : 1, range: () => [...rangeX] },
          y: { distr: view.logY ? 3 : 1, range: () => [...rangeY] },
        },
        // The lines are not uPlot's: each of them has an x of its own.
        series: [{}, { paths: () => null, points: { show: false } }],
        axes: axesOf(view),
        cursor: {
          y: false,
          points: { show: false },
          drag: { x: true, y: false, setScale: false },
          sync: { key: together, scales: ["x", null] },
          bind: {
            mousedown: (u, _, handle) => (event) => {
              if (event.shiftKey) pan(u, event);
              else handle(event);
              return null;
            },
            dblclick: () => () => {
              zoomTo(null);
              return null;
            },
          },
        },
        hooks: {
          draw: [draw],
          setCursor: [
            (u) => {
              const { left = -1 } = u.cursor;
              if (!element.matches(":hover") || left < 0) {
                if (at === undefined) readout.hide();
                return;
              }
              read(u.posToVal(left, "x"), left, false);
            },
          ],
          setSelect: [
            (u) => {
              const { left, width } = u.select;
              if (width < 4) return;
              const zoom = [u.posToVal(left, "x"), u.posToVal(left + width, "x")] as const;
              u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
              zoomTo(zoom);
            },
          ],
        },
      },
      data(),
      plot,
    );
  };

  const observer = new ResizeObserver(() => {
    if (plot.clientWidth > 0) u?.setSize({ width: plot.clientWidth, height });
  });
  observer.observe(plot);

  const describe = ({ lines, view }: Model): string => {
    if (lines.length === 0) return `${name}: nothing to show`;
    const axis = axisName(view.x, view.xMetric);
    const [from, to] = [xText(view.x, rangeX[0]), xText(view.x, rangeX[1])];
    return `${name}: ${plural(lines.length, "line")}, ${axis} ${from} to ${to}. Arrow keys move the cursor, with Shift they pan; plus, minus and zero zoom.`;
  };

  /** What the dashes mean, where there are several. */
  const nameParts = (lines: ReadonlyArray<Line>) => {
    const all = new Map(lines.map(({ dash, part }) => [dash, part]));
    const next = JSON.stringify([...all]);
    if (namedParts === next) return;
    namedParts = next;
    const named = [...all].toSorted(([a], [b]) => a - b).filter(() => all.size > 1);
    parts.replaceChildren(
      ...named
        .slice(0, 6)
        .map(([dash, part]) => h("span", {}, swatch(undefined, dash), part || "—")),
    );
  };

  const fill = () => {
    if (model === undefined) return;
    const { lines, view } = model;
    const rows = lines.flatMap((line) => {
      const summary = summaryOf(line, view.zoom);
      return summary === undefined ? [] : [{ line, summary }];
    });
    table.replaceChildren(summaryTable(`${name}, in numbers`, rows, view));
  };

  numbers.addEventListener("toggle", () => {
    if (numbers.open) fill();
  });

  return {
    element,
    name,
    extent: () => (model === undefined || model.lines.length === 0 ? undefined : rangeX),
    redraw: () => u?.redraw(false),
    update: (next) => {
      model = next;
      const { lines, view } = next;
      rangeX = view.zoom ?? extentOfX(lines, view.logX) ?? [view.logX ? 1 : 0, view.logX ? 10 : 1];
      if (view.logX && rangeX[0] <= 0) {
        rangeX = [extentOfX(lines, true)?.[0] ?? rangeX[1] / 1000, rangeX[1]];
      }
      rangeY = extentOfY(lines, rangeX, view.logY) ?? [view.logY ? 1 : 0, view.logY ? 10 : 1];
      const kind = JSON.stringify([view.x, view.logX, view.logY]);
      if (u === undefined || kind !== made) make(view);
      else u.setData(data());
      made = kind;
      plot.setAttribute("aria-label", describe(next));
      setText(note, next.isLoading ? "Loading…" : next.note);
      note.hidden = note.textContent === "";
      stage.hidden = lines.length === 0 && !next.isLoading;
      nameParts(lines);
      if (numbers.open) fill();
      if (at !== undefined && u !== undefined) read(at, u.valToPos(at, "x"), false);
    },
    destroy: () => {
      observer.disconnect();
      u?.destroy();
      u = undefined;
    },
  };
};
