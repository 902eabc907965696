/** The configurations of runs beside each other. */
import { h } from "./dom.ts";
import { duration, time } from "./format.ts";
import { compareTexts, type Meta, type Run, textOf, toMeta } from "./runs.ts";
import type { Shown } from "./selection.ts";
import { swatch } from "./swatch.ts";
import type { State } from "./state.ts";
import type { View } from "./view.ts";

/** Nested objects as paths, so that what differs is seen where it does. */
export const flatten = (meta: Meta, path = ""): ReadonlyMap<string, string> => {
  const all = new Map<string, string>();
  for (const [key, value] of Object.entries(meta)) {
    const name = path === "" ? key : `${path}.${key}`;
    const isNested = typeof value === "object" && value !== null && !Array.isArray(value);
    const inner = isNested ? flatten(toMeta(value), name) : undefined;
    if (inner === undefined || inner.size === 0) all.set(name, textOf(value));
    else for (const [innerName, text] of inner) all.set(innerName, text);
  }
  return all;
};

const lasted = ({ createdAtMs, doneAtMs, lastEventAtMs, startedAtMs }: Run): string => {
  const end = doneAtMs ?? lastEventAtMs;
  return end === null || end === undefined
    ? ""
    : duration((end - (startedAtMs ?? createdAtMs)) / 1000);
};

export const makeConfigTable = (state: State) => {
  const box = h("input", { type: "checkbox" });
  box.addEventListener("change", () => state.set({ differences: box.checked }));
  const place = h("div", { class: "scroll" });
  const element = h(
    "div",
    { class: "config" },
    h("label", { class: "toggle" }, box, h("span", {}, "only what differs")),
    place,
  );
  let drawn = "";
  return {
    element,
    update: (view: View, shown: ReadonlyArray<Shown>) => {
      box.checked = view.differences;
      const metas = shown.map(({ run }) => flatten(run.meta));
      const keys = [...new Set(metas.flatMap((meta) => [...meta.keys()]))].toSorted(compareTexts);
      const fixed: ReadonlyArray<readonly [string, (run: Run) => string]> = [
        ["Status", ({ error, status }) => (error === "" ? status : `${status}: ${error}`)],
        ["Created", ({ createdAtMs }) => time(createdAtMs)],
        ["Lasted", lasted],
        ["Folder", ({ path }) => path.join(" / ")],
        ["Description", ({ description }) => description],
      ];
      const all = [
        ...fixed.map(([name, of]) => ({
          name,
          isMeta: false,
          texts: shown.map(({ run }) => of(run)),
        })),
        ...keys.map((name) => ({
          name,
          isMeta: true,
          texts: metas.map((meta) => meta.get(name) ?? ""),
        })),
      ].map((row) => ({ ...row, differs: new Set(row.texts).size > 1 }));
      const rows = all.filter(({ differs, texts }) =>
        view.differences ? differs : texts.some((text) => text !== ""),
      );
      // What is the same stays, so that one can select and copy it.
      const next = JSON.stringify([shown.map(({ place, run }) => [run.slug, place]), rows]);
      if (next === drawn) return;
      drawn = next;
      place.replaceChildren(
        shown.length === 0
          ? h("p", { class: "note" }, "Choose runs to compare.")
          : h(
              "table",
              {},
              h("caption", { class: "unseen" }, "Configurations"),
              h(
                "thead",
                {},
                h(
                  "tr",
                  {},
                  h("td", {}),
                  ...shown.map(({ place, run }) =>
                    h("th", { scope: "col" }, swatch(place), run.slug),
                  ),
                ),
              ),
              h(
                "tbody",
                {},
                ...rows.map(({ differs, name, texts }) =>
                  h(
                    "tr",
                    { class: differs && shown.length > 1 && "differs" },
                    h("th", { scope: "row" }, name),
                    ...texts.map((text) => h("td", {}, text)),
                  ),
                ),
              ),
            ),
        ...(shown.length > 1 && rows.length === 0
          ? [h("p", { class: "note" }, "They do not differ.")]
          : []),
      );
    },
  };
};
