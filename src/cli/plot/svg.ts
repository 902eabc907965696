/**
 * Curves as SVG that any viewer shows alike: no style sheet, no script, nothing from elsewhere, and of the fonts any
 * without serifs.
 */
import { plain, shortNumber } from "../terminal.ts";
import { type Curve, rangesOf, share, thinned, ticksOf } from "./curve.ts";

/** Told apart by those who see few colours, too (Okabe and Ito). */
const colours = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#222222"];
/** For what comes after them. */
const dashes = ["", "6 3", "2 3", "8 3 2 3"];

const [width, plotHeight] = [800, 400];
const margin = { left: 80, right: 20, top: 40, bottom: 50 };
const legendLine = 20;

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** What XML can hold of a text, as text. */
const escaped = (text: string): string =>
  plain(text)
    .replaceAll(/[\p{Cs}\ufffe\uffff]/gu, "\ufffd")
    .replaceAll(/[&<>"']/g, (character) => entities[character] ?? "");

const round = (value: number): string => String(Number(value.toFixed(2)));

type Attributes = Readonly<Record<string, string | number>>;

const element = (name: string, attributes: Attributes, content = ""): string => {
  const written = Object.entries(attributes).map(
    ([name, value]) => ` ${name}="${typeof value === "number" ? round(value) : value}"`,
  );
  return `<${name}${written.join("")}${content === "" ? "/>" : `>${content}</${name}>`}`;
};

const text = (x: number, y: number, anchor: string, content: string, more: Attributes = {}) =>
  element("text", { x, y, "text-anchor": anchor, ...more }, escaped(content));

export const drawSvg = (
  curves: ReadonlyArray<Curve>,
  names: { readonly title: string; readonly x: string },
): string => {
  const { x, y } = rangesOf(curves);
  const right = width - margin.right;
  const bottom = margin.top + plotHeight;
  const height = bottom + margin.bottom + curves.length * legendLine + 10;
  const across = (value: number) => margin.left + share(x, value) * (right - margin.left);
  const down = (value: number) => bottom - share(y, value) * plotHeight;

  const grid = [
    ...ticksOf(y, 8).flatMap((tick) => {
      const at = down(tick);
      return [
        element("line", { x1: margin.left, y1: at, x2: right, y2: at, stroke: "#dddddd" }),
        text(margin.left - 8, at + 4, "end", shortNumber(tick)),
      ];
    }),
    ...ticksOf(x, 8).flatMap((tick) => {
      const at = across(tick);
      return [
        element("line", { x1: at, y1: margin.top, x2: at, y2: bottom, stroke: "#dddddd" }),
        text(at, bottom + 18, "middle", shortNumber(tick)),
      ];
    }),
  ];
  const strokeOf = (i: number): Attributes => {
    const dash = dashes[Math.floor(i / colours.length) % dashes.length]!;
    return {
      stroke: colours[i % colours.length]!,
      "stroke-width": 1.5,
      ...(dash === "" ? {} : { "stroke-dasharray": dash }),
    };
  };
  const lines = curves.flatMap((curve, i) => {
    const { xs, ys } = thinned(curve, x, right - margin.left);
    const points = xs.map((value, i) => `${round(across(value))},${round(down(ys[i]!))}`);
    const [only, more] = points;
    // A line of one point is nothing to see.
    if (more === undefined) {
      const [cx = 0, cy = 0] = (only ?? "").split(",").map(Number);
      return [element("circle", { cx, cy, r: 3, fill: colours[i % colours.length]! })];
    }
    const shape = { fill: "none", "stroke-linejoin": "round", ...strokeOf(i) };
    return [element("polyline", { points: points.join(" "), ...shape })];
  });
  const legend = curves.flatMap(({ label }, i) => {
    const at = bottom + margin.bottom + i * legendLine;
    const line = { x1: margin.left, y1: at, x2: margin.left + 30, y2: at };
    return [
      element("line", { ...line, ...strokeOf(i) }),
      text(margin.left + 38, at + 4, "start", label),
    ];
  });
  const body = [
    element("title", {}, escaped(names.title)),
    element("rect", { x: 0, y: 0, width, height, fill: "#ffffff" }),
    ...grid,
    element("rect", {
      x: margin.left,
      y: margin.top,
      width: right - margin.left,
      height: plotHeight,
      fill: "none",
      stroke: "#444444",
    }),
    ...lines,
    text(width / 2, 24, "middle", names.title, { "font-size": 16 }),
    text((margin.left + right) / 2, bottom + 36, "middle", names.x),
    ...legend,
  ];
  const attributes = {
    xmlns: "http://www.w3.org/2000/svg",
    width,
    height,
    viewBox: `0 0 ${width} ${height}`,
    role: "img",
    "font-family": "sans-serif",
    "font-size": 12,
    fill: "#222222",
  };
  return `<?xml version="1.0" encoding="UTF-8"?>\n${element("svg", attributes, `\n${body.join("\n")}\n`)}\n`;
};
