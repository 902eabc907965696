import { h } from "./dom.ts";
import { colorClass, dashClass } from "./theme.ts";

/** A piece of a line, to tell which one is meant. */
export const swatch = (color: number | undefined, dash = 0): HTMLElement => {
  const shade = color === undefined ? "" : colorClass(color);
  return h("span", { class: `swatch ${shade} ${dashClass(dash)}`, "aria-hidden": "true" });
};
