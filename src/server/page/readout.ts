/** What is at the cursor: beside it, and in words for who does not see it. */
import { nearest } from "./cursor.ts";
import { h, setText } from "./dom.ts";
import { axisName, number, xText } from "./format.ts";
import type { Line } from "./lines.ts";
import type { Mark } from "./marks.ts";
import { swatch } from "./swatch.ts";
import type { View } from "./view.ts";

/** As many lines as are named. */
const mostNamed = 10;

export interface At {
  /** How far from the cursor a point may be, in units of x. */
  readonly reach: number;
  /** Those that are under the cursor. */
  readonly marks: ReadonlyArray<Mark>;
  /** Where the cursor is, and how wide that is in which it is, in pixels. */
  readonly left: number;
  readonly width: number;
  readonly isSpoken: boolean;
}

const nameOf = ({ label, part }: Line) => (part === "" ? label : `${label} · ${part}`);

export const makeReadout = () => {
  const element = h("div", { class: "readout", hidden: true });
  const spoken = h("div", { class: "unseen", role: "status" });

  const rowOf = ({ i, line }: { readonly line: Line; readonly i: number }) => {
    const [low, high] = [line.low[i]!, line.high[i]!];
    const more =
      high > low
        ? `${number(low)} … ${number(high)}`
        : line.smoothed === undefined
          ? undefined
          : number(line.y[i]!);
    return h(
      "div",
      { class: "row" },
      swatch(line.color, line.dash),
      h("span", { class: "name" }, nameOf(line)),
      h("b", {}, number((line.smoothed ?? line.y)[i]!)),
      more === undefined ? undefined : h("small", {}, more),
    );
  };

  return {
    element,
    spoken,
    hide: () => {
      element.hidden = true;
    },
    show: (
      { lines, view }: { readonly lines: ReadonlyArray<Line>; readonly view: View },
      x: number,
      { isSpoken, left, marks, reach, width }: At,
    ) => {
      const here = lines
        .map((line) => {
          const i = nearest(line, x);
          return { line, i, distance: Math.abs(line.x[i]! - x) };
        })
        .filter(({ distance }) => distance <= reach);
      const closest = here.toSorted((a, b) => a.distance - b.distance)[0];
      const where = closest === undefined ? x : closest.line.x[closest.i]!;
      const heading = `${axisName(view.x, view.xMetric)} ${xText(view.x, where)}`;
      const rows = here.toSorted((a, b) => b.line.y[b.i]! - a.line.y[a.i]!);
      element.replaceChildren(
        h("strong", {}, heading),
        ...rows.slice(0, mostNamed).map(rowOf),
        ...(rows.length > mostNamed ? [h("small", {}, `and ${rows.length - mostNamed} more`)] : []),
        ...marks.slice(0, 5).map(({ text }) => h("div", { class: "mark" }, `⚑ ${text}`)),
      );
      element.hidden = false;
      // On the side where there is more room.
      const isRight = left > width / 2;
      element.style.left = isRight ? "auto" : `${left + 12}px`;
      element.style.right = isRight ? `${width - left + 12}px` : "auto";
      if (!isSpoken) return;
      const texts = rows.map(({ i, line }) => {
        const smoothed =
          line.smoothed === undefined ? "" : `, smoothed ${number(line.smoothed[i]!)}`;
        return `${nameOf(line)} ${number(line.y[i]!)}${smoothed}`;
      });
      setText(spoken, [heading, ...texts, ...marks.map(({ text }) => text)].join("; "));
    },
  };
};
