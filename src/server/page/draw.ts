/** Lines, bands and marks, drawn onto the canvas of a chart. */
import { lowerBound } from "./buckets.ts";
import type { Line } from "./lines.ts";
import { dashes, type Theme } from "./theme.ts";

/** Where a chart is on its canvas, in pixels of it. */
export interface Place {
  readonly context: CanvasRenderingContext2D;
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  /** Pixels of the canvas to one of the page. */
  readonly ratio: number;
  readonly toX: (x: number) => number;
  readonly toY: (y: number) => number;
  readonly logX: boolean;
  readonly logY: boolean;
}

/** The part of a line that is seen, and its neighbours on either side. */
const seen = ({ x }: Line, [min, max]: readonly [number, number]) => ({
  from: Math.max(lowerBound(x, min) - 1, 0),
  to: Math.min(lowerBound(x, max) + 1, x.length),
});

/** Pieces without a gap, from one place up to another; on a log axis what is not above zero is one. */
const pieces = (line: Line, range: readonly [number, number], place: Place) => {
  const { from, to } = seen(line, range);
  const all: Array<readonly [number, number]> = [];
  let start = -1;
  for (let i = from; i <= to; i++) {
    const isHere = i < to && !(place.logX && line.x[i]! <= 0) && !(place.logY && line.y[i]! <= 0);
    if (start !== -1 && (!isHere || line.gaps[i] === 1)) {
      all.push([start, i]);
      start = -1;
    }
    if (isHere && start === -1) start = i;
  }
  return all;
};

/** Whether a line turns at every few pixels. */
const isJagged = (place: Place, line: Line, range: readonly [number, number]): boolean => {
  const { from, to } = seen(line, range);
  let turns = 0;
  for (let i = from + 2; i < to; i++) {
    const [a, b, c] = [line.y[i - 2]!, line.y[i - 1]!, line.y[i]!];
    if ((b - a) * (c - b) < 0) turns++;
  }
  return turns * 6 * place.ratio > place.width;
};

const drawBand = (place: Place, line: Line, range: readonly [number, number], color: string) => {
  const { context, toX, toY, logY, top, height } = place;
  const bottomOf = (y: number) => (logY && y <= 0 ? top + height : toY(y));
  context.beginPath();
  let isWide = false;
  for (const [from, to] of pieces(line, range, place)) {
    for (let i = from; i < to; i++) {
      isWide ||= line.high[i]! > line.low[i]!;
      const [x, y] = [toX(line.x[i]!), toY(line.high[i]!)];
      if (i === from) context.moveTo(x, y);
      else context.lineTo(x, y);
    }
    for (let i = to - 1; i >= from; i--) context.lineTo(toX(line.x[i]!), bottomOf(line.low[i]!));
    context.closePath();
  }
  if (!isWide) return;
  context.globalAlpha = 0.16;
  context.fillStyle = color;
  context.fill();
  context.globalAlpha = 1;
};

const drawPath = (
  place: Place,
  line: Line,
  y: Float64Array,
  range: readonly [number, number],
  style: { readonly color: string; readonly width: number; readonly alpha: number },
) => {
  const { context, ratio, toX, toY, width } = place;
  const all = pieces(line, range, place);
  context.globalAlpha = style.alpha;
  context.strokeStyle = style.color;
  context.fillStyle = style.color;
  context.lineWidth = style.width * ratio;
  context.lineJoin = "bevel";
  context.setLineDash(dashes[line.dash % dashes.length]!.map((length) => length * ratio));
  context.beginPath();
  for (const [from, to] of all) {
    context.moveTo(toX(line.x[from]!), toY(y[from]!));
    for (let i = from + 1; i < to; i++) context.lineTo(toX(line.x[i]!), toY(y[i]!));
  }
  context.stroke();
  context.setLineDash([]);
  // Points show where there is room for them, and where there is no line to be seen.
  const points = all.reduce((sum, [from, to]) => sum + to - from, 0);
  const isSparse = points * 14 * ratio < width;
  context.beginPath();
  for (const [from, to] of all) {
    if (!isSparse && to - from > 1) continue;
    for (let i = from; i < to; i++) {
      const [cx, cy] = [toX(line.x[i]!), toY(y[i]!)];
      context.moveTo(cx, cy);
      context.arc(cx, cy, (style.width + 0.7) * ratio, 0, 2 * Math.PI);
    }
  }
  context.fill();
  context.globalAlpha = 1;
};

export const drawLines = (
  place: Place,
  lines: ReadonlyArray<Line>,
  range: readonly [number, number],
  { palette }: Theme,
): void => {
  const colorOf = ({ color }: Line) => palette[color % palette.length]!;
  for (const line of lines) drawBand(place, line, range, colorOf(line));
  for (const line of lines) {
    if (line.smoothed === undefined) continue;
    drawPath(place, line, line.y, range, { color: colorOf(line), width: 1, alpha: 0.28 });
  }
  for (const line of lines) {
    const y = line.smoothed ?? line.y;
    // What goes up and down within some pixels is told from others where it is thin, and drawn sooner.
    const width = line.smoothed === undefined && isJagged(place, line, range) ? 1 : 1.6;
    drawPath(place, line, y, range, { color: colorOf(line), width, alpha: 1 });
  }
};

/** Upright lines with a flag at the top. */
export const drawMarks = (
  { context, height, ratio, toX, top }: Place,
  marks: ReadonlyArray<{ readonly x: number; readonly color: number }>,
  { palette }: Theme,
): void => {
  context.lineWidth = ratio;
  for (const { color, x: at } of marks) {
    const x = Math.round(toX(at)) + 0.5;
    context.strokeStyle = palette[color % palette.length]!;
    context.fillStyle = context.strokeStyle;
    context.globalAlpha = 0.75;
    context.setLineDash([2 * ratio, 3 * ratio]);
    context.beginPath();
    context.moveTo(x, top);
    context.lineTo(x, top + height);
    context.stroke();
    context.setLineDash([]);
    context.globalAlpha = 1;
    context.beginPath();
    context.moveTo(x, top);
    context.lineTo(x + 7 * ratio, top + 3.5 * ratio);
    context.lineTo(x, top + 7 * ratio);
    context.fill();
  }
};
