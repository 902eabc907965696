/** What stands around the charts. */
import { h, setText } from "./dom.ts";
import type { Entry } from "./colorBy.ts";
import type { Selection } from "./selection.ts";
import { swatch } from "./swatch.ts";

export interface Parts {
  readonly tabs: HTMLElement;
  readonly tools: HTMLElement;
  readonly options: HTMLElement;
  readonly runs: HTMLElement;
  readonly annotations: HTMLElement;
}

/** On a narrow screen, what shows what there is no room for. */
const opener = (text: string, controlled: string) => {
  const button = h(
    "button",
    { type: "button", class: "opener", "aria-expanded": "false", "aria-controls": controlled },
    text,
  );
  button.addEventListener("click", () => {
    const isOpen = button.getAttribute("aria-expanded") === "true";
    button.setAttribute("aria-expanded", String(!isOpen));
  });
  return button;
};

/** Why there is nothing to be seen. */
const nothingIn = ({ data, names, shown, view }: Selection): string => {
  const isOnTheWay = shown.some(({ run }) => !data.catalogs.has(run.experimentId));
  if (data.isLoading || isOnTheWay) return "";
  if (data.runs.size === 0) {
    return "No run has been recorded yet. This page shows one as soon as there is one.";
  }
  if (shown.length === 0) return "Choose runs to see their metrics.";
  if (names.length > 0 || view.tab === "config") return "";
  return view.metrics === "" ? "These runs have no metrics yet." : "No metric has such a name.";
};

export const makeFrame = (body: HTMLElement, parts: Parts, signOut: () => void) => {
  const legend = h("ul", { class: "legend", "aria-label": "Colours" });
  const trouble = h("p", { class: "trouble", role: "alert", hidden: true });
  const nothing = h("p", { class: "nothing" });
  const place = h("div", { class: "place" });
  const main = h("main", {}, trouble, legend, nothing, place, parts.annotations);
  const skip = h("a", { class: "skip", href: "#" }, "To the charts");
  // The address is the view's: this only moves the focus.
  skip.addEventListener("click", (event) => {
    event.preventDefault();
    main.tabIndex = -1;
    main.focus();
  });
  const leave = h("button", { type: "button", class: "sign-out" }, "Sign out");
  leave.addEventListener("click", signOut);
  body.replaceChildren(
    skip,
    h(
      "header",
      {},
      h("h1", {}, "Syvain Metrics"),
      parts.tabs,
      opener("Runs", "runs"),
      opener("Options", "options"),
      parts.tools,
      leave,
      parts.options,
    ),
    h("nav", { id: "runs", "aria-label": "Runs" }, parts.runs),
    main,
  );

  const show = (element: HTMLElement, text: string) => {
    setText(element, text);
    element.hidden = text === "";
  };
  let drawn = "";
  return {
    place,
    /** What is wrong, in a sentence; nothing when it is well again. */
    trouble: (sentence: string) => show(trouble, sentence),
    update: (selection: Selection, entries: ReadonlyArray<Entry>) => {
      body.dataset["tab"] = selection.view.tab;
      show(nothing, nothingIn(selection));
      const next = JSON.stringify(entries);
      if (next === drawn) return;
      drawn = next;
      legend.replaceChildren(
        ...entries.map(({ color, text }) => h("li", {}, swatch(color), h("span", {}, text))),
      );
    },
  };
};
