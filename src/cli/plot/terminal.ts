/**
 * Curves as a terminal can show them: in dots of braille and colours; or, where there are no colours, with a letter for
 * each.
 */
import { paint, plain, shortNumber } from "../terminal.ts";
import { type Curve, rangesOf, share, thinned, ticksOf } from "./curve.ts";

const colours = ["cyan", "yellow", "magenta", "green", "blue", "red"] as const;
const letters = "abcdefghijklmnopqrstuvwxyz";

/** The bit of each dot of a character, by row and column. */
const dots = [
  [0x01, 0x08],
  [0x02, 0x10],
  [0x04, 0x20],
  [0x40, 0x80],
] as const;

interface Cell {
  bits: number;
  curve: number;
}

/** All dots on the way from one to another. */
const drawLine = (
  [x, y]: readonly [number, number],
  [toX, toY]: readonly [number, number],
  draw: (x: number, y: number) => void,
): void => {
  const steps = Math.max(Math.abs(toX - x), Math.abs(toY - y), 1);
  for (let i = 0; i <= steps; i++) {
    draw(Math.round(x + ((toX - x) * i) / steps), Math.round(y + ((toY - y) * i) / steps));
  }
};

export interface Size {
  /** Of all, in characters. */
  readonly columns: number;
  /** Of what is between the axes. */
  readonly rows: number;
  readonly hasColours: boolean;
}

/** Lines, with axes and a legend. */
export const drawInTerminal = (
  curves: ReadonlyArray<Curve>,
  { columns, rows, hasColours }: Size,
): ReadonlyArray<string> => {
  const { x, y } = rangesOf(curves);
  const yTicks = new Map(
    ticksOf(y, Math.max(2, Math.floor(rows / 2.5))).map((tick) => [
      rows - 1 - Math.round(share(y, tick) * (rows - 1)),
      shortNumber(tick),
    ]),
  );
  const margin = Math.max(...[...yTicks.values()].map((tick) => tick.length));
  const width = Math.max(10, columns - margin - 2);
  const grid: ReadonlyArray<Array<Cell>> = Array.from({ length: rows }, () =>
    Array.from({ length: width }, () => ({ bits: 0, curve: 0 })),
  );

  for (const [curve, whole] of curves.entries()) {
    const { xs, ys } = thinned(whole, x, width * 2);
    const dot = (i: number) =>
      [
        Math.round(share(x, xs[i]!) * (width * 2 - 1)),
        Math.round((1 - share(y, ys[i]!)) * (rows * 4 - 1)),
      ] as const;
    for (let i = 0; i < xs.length; i++) {
      drawLine(dot(Math.max(0, i - 1)), dot(i), (column, row) => {
        const cell = grid[row >> 2]?.[column >> 1];
        if (cell === undefined) return;
        cell.bits |= dots[row & 3]![column & 1]!;
        cell.curve = curve;
      });
    }
  }

  const colour = (curve: number, text: string) => paint(colours[curve % colours.length]!, text);
  const needsLetters = !hasColours && curves.length > 1;
  const letter = (curve: number) => letters[curve % letters.length]!;
  const shown = ({ bits, curve }: Cell): string => {
    if (bits === 0) return " ";
    return needsLetters ? letter(curve) : colour(curve, String.fromCodePoint(0x2800 + bits));
  };
  const lines = grid.map((row, i) => {
    const tick = yTicks.get(i);
    const axis = `${(tick ?? "").padStart(margin)} ${tick === undefined ? "│" : "┤"}`;
    return `${paint("dim", axis)}${row.map(shown).join("").trimEnd()}`;
  });

  const below = Array.from({ length: width }, () => "─");
  const labels = Array.from({ length: margin + 2 + width }, () => " ");
  let free = 0;
  for (const tick of ticksOf(x, Math.max(2, Math.floor(width / 12)))) {
    const column = Math.round(share(x, tick) * (width - 1));
    const text = shortNumber(tick);
    const start = Math.min(
      Math.max(0, margin + 2 + column - (text.length >> 1)),
      labels.length - text.length,
    );
    if (start < free) continue;
    below[column] = "┬";
    for (const [i, character] of [...text].entries()) labels[start + i] = character;
    free = start + text.length + 1;
  }
  const legend = curves.map(({ label }, curve) => {
    const mark = needsLetters ? letter(curve) : colour(curve, "⣿");
    return `${" ".repeat(margin + 2)}${mark} ${plain(label)}`;
  });
  return [
    ...lines,
    paint("dim", `${" ".repeat(margin)} └${below.join("")}`),
    paint("dim", labels.join("").trimEnd()),
    ...legend,
  ];
};
