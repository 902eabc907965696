/** What is seen, for a spreadsheet. */
import type { Line } from "./lines.ts";
import type { View } from "./view.ts";

/** A spreadsheet takes what begins like that for a formula, whoever wrote it. */
const inert = (text: string) => (/^[=+\-@\t\r]/.test(text) ? `'${text}` : text);

const cell = (value: string | number): string => {
  if (typeof value === "number") return Number.isFinite(value) ? String(value) : "";
  const text = inert(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};

const columns = ["metric", "name", "series", "x", "value", "min", "max", "smoothed", "events"];

/** A row for each point that is seen; x as on the axis, a time of day as ISO 8601. */
export const toCsv = (
  charts: ReadonlyArray<{ readonly name: string; readonly lines: ReadonlyArray<Line> }>,
  { x: axis, zoom }: View,
): string => {
  const rows: Array<ReadonlyArray<string | number>> = [columns];
  const [from, to] = zoom ?? [-Infinity, Infinity];
  for (const { lines, name } of charts) {
    for (const line of lines) {
      for (const [i, x] of line.x.entries()) {
        if (x < from || x > to) continue;
        rows.push([
          name,
          line.label,
          line.part,
          axis === "wall" ? new Date(x).toISOString() : x,
          line.y[i]!,
          line.low[i]!,
          line.high[i]!,
          line.smoothed?.[i] ?? "",
          line.count[i]!,
        ]);
      }
    }
  }
  return rows.map((row) => `${row.map(cell).join(",")}\r\n`).join("");
};

export const save = (name: string, text: string): void => {
  const url = URL.createObjectURL(new Blob([text], { type: "text/csv;charset=utf-8" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
};
