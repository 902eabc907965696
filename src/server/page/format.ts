/** Numbers and times as one reads them. */
import type { Axis } from "./view.ts";

/** Six digits are what two values are told apart by. */
export const number = (value: number): string => {
  if (!Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e9)) return value.toExponential(3);
  if (Number.isInteger(value)) return value.toLocaleString("en");
  return Number(value.toPrecision(6)).toLocaleString("en", { maximumFractionDigits: 10 });
};

/** Of an axis: as short as may be. */
export const tick = (value: number): string => {
  const size = Math.abs(value);
  if (size >= 1e12 || (size !== 0 && size < 1e-4)) {
    return value
      .toExponential(2)
      .replace(/\.?0+e/, "e")
      .replace("e+", "e");
  }
  for (const [unit, name] of [
    [1e9, "G"],
    [1e6, "M"],
    [1e3, "k"],
  ] as const) {
    if (size >= unit) return `${Number((value / unit).toPrecision(6))}${name}`;
  }
  return String(Number(value.toPrecision(6)));
};

const two = (value: number) => String(value).padStart(2, "0");

/** Seconds, as `45 s`, `3:20` or `2:03:20`, and `1d 2:03` when it is days. */
export const duration = (seconds: number): string => {
  const sign = seconds < 0 ? "−" : "";
  const all = Math.abs(seconds);
  if (all < 60) return `${sign}${Number(all.toPrecision(3))} s`;
  const [hours, minutes] = [Math.floor(all / 3600), Math.floor((all % 3600) / 60)];
  if (hours >= 24) return `${sign}${Math.floor(hours / 24)}d ${hours % 24}:${two(minutes)}`;
  const rest = two(Math.floor(all % 60));
  return hours > 0 ? `${sign}${hours}:${two(minutes)}:${rest}` : `${sign}${minutes}:${rest}`;
};

/** In the time zone of whoever looks, as `2026-03-01 12:30:05`. */
export const time = (millis: number, parts: "time" | "seconds" | "millis" = "seconds"): string => {
  const date = new Date(millis);
  if (Number.isNaN(date.getTime())) return "–";
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  const minutes = `${two(date.getHours())}:${two(date.getMinutes())}`;
  if (parts === "time") return `${day} ${minutes}`;
  const seconds = `${day} ${minutes}:${two(date.getSeconds())}`;
  return parts === "seconds"
    ? seconds
    : `${seconds}.${String(date.getMilliseconds()).padStart(3, "0")}`;
};

export const xText = (axis: Axis, x: number): string =>
  axis === "wall" ? time(x, "millis") : axis === "relative" ? duration(x) : number(x);

export const axisName = (axis: Axis, metric: string): string =>
  axis === "step"
    ? "step"
    : axis === "relative"
      ? "time since the start"
      : axis === "wall"
        ? "time of day"
        : metric;

export const plural = (count: number, one: string, many = `${one}s`): string =>
  `${count.toLocaleString("en")} ${count === 1 ? one : many}`;
