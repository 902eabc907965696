/** The folders and runs at the side, of which one chooses. */
import { h, setChildren, setOptions, setText } from "./dom.ts";
import { plural, time } from "./format.ts";
import { type Folder, matches, type Run, sorted } from "./runs.ts";
import type { State } from "./state.ts";
import { colorClass } from "./theme.ts";
import { type Sort, sorts, type View, withoutRun, withRun } from "./view.ts";

/** As many as are in the list at once: who has more looks for them by the filter. */
const mostListed = 500;

const sortNames: { readonly [K in Sort]: string } = {
  newest: "Newest",
  oldest: "Oldest",
  name: "Name",
  status: "Status",
  active: "Last event",
};

const statusSigns: Readonly<Record<string, string>> = {
  created: "○",
  running: "▶",
  done: "✓",
  error: "✕",
};

interface Row {
  readonly element: HTMLElement;
  readonly update: (run: Run, color: number | undefined, isShown: boolean) => void;
}

export interface Listed {
  readonly root: Folder;
  readonly runs: ReadonlyMap<string, Run>;
  readonly isLoading: boolean;
  readonly colorOf: (run: Run) => number | undefined;
}

export const makeRunList = (state: State) => {
  const { set } = state;
  const filter = h("input", { type: "search", placeholder: "Filter", "aria-label": "Filter runs" });
  filter.addEventListener("input", () => set({ filter: filter.value }));
  const status = h("select", { "aria-label": "Status of the runs" });
  status.addEventListener("input", () => set({ status: status.value }));
  const sort = h("select", { "aria-label": "Order of the runs" });
  sort.addEventListener("input", () => set({ sort: sorts.find((one) => one === sort.value)! }));

  const count = h("p", { class: "count", role: "status" });
  const showNone = h("button", { type: "button" }, "Show none");
  showNone.addEventListener("click", () => set({ runs: [] }));
  const unhide = h("button", { type: "button" });
  unhide.addEventListener("click", () => set({ hidden: [] }));
  const tree = h("div", { class: "tree" });
  const element = h(
    "div",
    { class: "runs" },
    filter,
    h("div", { class: "pair" }, status, sort),
    h("div", { class: "buttons" }, showNone, unhide),
    count,
    tree,
  );

  const makeRow = (first: Run): Row => {
    const { short } = first;
    const box = h("input", { type: "checkbox" });
    box.addEventListener("change", () => {
      const runs = state.view().runs ?? [];
      set({ runs: box.checked ? withRun(runs, short) : withoutRun(runs, short) });
    });
    const dot = h("span", { class: "dot", "aria-hidden": "true" });
    const name = h("span", { class: "name" });
    const sign = h("span", { "aria-hidden": "true" });
    const hide = h("button", { type: "button", class: "hide", title: "Hide this run" }, "×");
    hide.addEventListener("click", () => {
      const { hidden, runs } = state.view();
      set({ hidden: [...hidden, short], runs: withoutRun(runs ?? [], short) });
    });
    const element = h("li", { class: "run" }, h("label", {}, box, dot, name), sign, hide);
    return {
      element,
      update: (run, color, isShown) => {
        box.checked = isShown;
        dot.className = color === undefined ? "dot" : `dot ${colorClass(color)}`;
        setText(name, run.slug);
        box.setAttribute("aria-label", `${run.slug}, ${run.status}`);
        setText(sign, statusSigns[run.status] ?? "•");
        sign.className = `status ${run.status in statusSigns ? run.status : ""}`;
        const error = run.error === "" ? "" : `: ${run.error}`;
        const title = `${run.slug}\n${run.status}${error}\n${time(run.createdAtMs)}`;
        if (element.title !== title) element.title = title;
        hide.setAttribute("aria-label", `Hide ${run.slug}`);
      },
    };
  };

  const rows = new Map<string, Row>();
  const folders = new Map<string, { element: HTMLDetailsElement; body: HTMLElement }>();
  const folderOf = (path: ReadonlyArray<string>) => {
    const key = JSON.stringify(path);
    let found = folders.get(key);
    if (found === undefined) {
      const body = h("ul", {});
      const element = h("details", { open: true }, h("summary", {}, path.at(-1)!), body);
      folders.set(key, (found = { element, body }));
    }
    return found;
  };

  return {
    element,
    update: (view: View, { colorOf, isLoading, root, runs }: Listed) => {
      if (filter.value !== view.filter) filter.value = view.filter;
      const known = ["created", "running", "done", "error"];
      const all = [...new Set([...known, ...Array.from(runs.values(), (run) => run.status)])];
      setOptions(
        status,
        [{ options: [["", "Any status"], ...all.map((one) => [one, one] as const)] }],
        view.status,
      );
      setOptions(sort, [{ options: sorts.map((one) => [one, sortNames[one]]) }], view.sort);

      const hidden = new Set(view.hidden);
      const shown = new Set(view.runs ?? []);
      let [listed, found] = [0, 0];
      const fill = ({ folders, runs: ids }: Folder, body: HTMLElement): number => {
        const inFolders = folders
          .map((folder) => ({ folder, ...folderOf(folder.path) }))
          .filter(({ body, folder }) => fill(folder, body) > 0)
          .map(({ element }) => element);
        const here = sorted(
          ids.flatMap((id) => {
            const run = runs.get(id);
            return run === undefined || hidden.has(run.short) || !matches(run, view) ? [] : [run];
          }),
          view.sort,
        );
        found += here.length;
        const elements = here.slice(0, Math.max(mostListed - listed, 0)).map((run) => {
          let row = rows.get(run.experimentId);
          if (row === undefined) rows.set(run.experimentId, (row = makeRow(run)));
          const isShown = shown.has(run.short);
          row.update(run, isShown ? colorOf(run) : undefined, isShown);
          return row.element;
        });
        listed += elements.length;
        const items = inFolders.map((element) => {
          if (element.parentElement?.tagName !== "LI") h("li", {}, element);
          return element.parentElement!;
        });
        setChildren(body, [...items, ...elements]);
        return items.length + elements.length;
      };
      const top = (tree.firstElementChild as HTMLElement | null) ?? tree.appendChild(h("ul", {}));
      fill(root, top);

      const chosen = (view.runs ?? []).filter((id) => id !== "").length;
      const more = found > listed ? ` The first ${listed} are listed: filter for others.` : "";
      setText(
        count,
        isLoading
          ? "Loading…"
          : runs.size === 0
            ? "There are no runs yet. What a client records shows up here."
            : found === 0
              ? "No run is like that."
              : `${plural(found, "run")}, ${chosen} shown.${more}`,
      );
      showNone.hidden = chosen === 0;
      unhide.hidden = view.hidden.length === 0;
      setText(unhide, `Bring back ${view.hidden.length} hidden`);
    },
  };
};
