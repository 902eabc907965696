/** The axes of a chart, with their ticks. */
import type uPlot from "uplot";
import { duration, tick, time } from "./format.ts";
import { logTicks } from "./scale.ts";
import { currentTheme } from "./theme.ts";
import type { View } from "./view.ts";

const hour = 3600;
const secondsIncrements = [
  [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5],
  [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800],
  [1, 2, 3, 6, 12, 24, 48, 120, 240, 720, 2400, 8760].map((hours) => hours * hour),
].flat();

/** Days where they begin, and times of day. */
const timeTicks = (all: ReadonlyArray<number>, increment: number): Array<string> => {
  let day = "";
  return all.map((millis) => {
    const [date = "", clock = ""] = time(millis, increment < 1000 ? "millis" : "seconds").split(
      " ",
    );
    const isNew = date !== day;
    day = date;
    if (increment >= 86_400_000) return date.slice(5);
    const short = increment < 60_000 ? clock : clock.slice(0, 5);
    return isNew ? `${short}\n${date.slice(5)}` : short;
  });
};

export const axesOf = (view: View): Array<uPlot.Axis> => {
  const font = "11px system-ui, sans-serif";
  const common = (): uPlot.Axis => ({
    stroke: () => currentTheme().muted,
    font,
    grid: { stroke: () => currentTheme().grid, width: 1 },
    ticks: { show: false },
    gap: 4,
  });
  const logSplits =
    (spaceOf: (u: uPlot) => number): uPlot.Axis.Splits =>
    (u, _, min, max) =>
      logTicks([min, max], spaceOf(u));
  const room = (u: uPlot) => Math.max(Math.floor(u.width / 70), 2);
  const x: uPlot.Axis = {
    ...common(),
    size: view.x === "wall" ? 38 : 26,
    space: view.x === "step" ? 44 : 56,
  };
  if (view.logX)
    Object.assign(x, { splits: logSplits(room), filter: (_: uPlot, all: Array<number>) => all });
  if (view.x === "relative" && !view.logX) x.incrs = secondsIncrements;
  x.values =
    view.x === "wall"
      ? (_, all, __, ___, increment) => timeTicks(all, increment)
      : (_, all) => all.map(view.x === "relative" ? duration : tick);
  const y: uPlot.Axis = {
    ...common(),
    space: 36,
    values: (_, all) => all.map(tick),
    size: (_, values) => 16 + 6.4 * Math.max(3, ...(values ?? []).map((value) => value.length)),
  };
  if (view.logY)
    Object.assign(y, { splits: logSplits(() => 6), filter: (_: uPlot, all: Array<number>) => all });
  return [x, y];
};
