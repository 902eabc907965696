/** What a chart shows, in numbers. */
import { h } from "./dom.ts";
import { number, xText } from "./format.ts";
import type { Line, Summary } from "./lines.ts";
import { swatch } from "./swatch.ts";
import type { View } from "./view.ts";

export interface Row {
  readonly line: Line;
  readonly summary: Summary;
  /** Named where a table has several. */
  readonly metric?: string;
}

export const summaryTable = (
  caption: string,
  rows: ReadonlyArray<Row>,
  view: View,
): HTMLTableElement => {
  const isMany = rows.some(({ metric }) => metric !== undefined);
  const heads = ["Last", "Min", "Max", "Mean", "Points", "From", "To"];
  const head = (text: string, isNumber = true) =>
    h("th", { scope: "col", class: isNumber && "number" }, text);
  const cell = (text: string) => h("td", { class: "number" }, text);
  return h(
    "table",
    {},
    h("caption", { class: "unseen" }, caption),
    h(
      "thead",
      {},
      h(
        "tr",
        {},
        isMany ? head("Metric", false) : undefined,
        head(view.group === "" ? "Run" : "Group", false),
        ...heads.map((text) => head(text)),
      ),
    ),
    h(
      "tbody",
      {},
      ...rows.map(({ line, metric, summary }) => {
        const { from, last, max, mean, min, points, to } = summary;
        const name = line.part === "" ? line.label : `${line.label} · ${line.part}`;
        return h(
          "tr",
          {},
          isMany ? h("td", {}, metric ?? "") : undefined,
          h("th", { scope: "row" }, swatch(line.color, line.dash), name),
          ...[last, min, max, mean, points].map((value) => cell(number(value))),
          cell(xText(view.x, from)),
          cell(xText(view.x, to)),
        );
      }),
    ),
  );
};
