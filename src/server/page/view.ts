/** What is looked at, and how: all of it is in the address, so that a link shows the same. */

export const axes = ["step", "relative", "wall", "metric"] as const;
export type Axis = (typeof axes)[number];

export const sorts = ["newest", "oldest", "name", "status", "active"] as const;
export type Sort = (typeof sorts)[number];

export const tabs = ["charts", "table", "config"] as const;
export type Tab = (typeof tabs)[number];

export interface View {
  readonly tab: Tab;
  /**
   * The runs that are shown, by the start of their ids. A place is a colour: one that is empty is free, and nobody else
   * changes colour when a run goes. `null` until somebody chooses.
   */
  readonly runs: ReadonlyArray<string> | null;
  /** The runs that are left out of the list. */
  readonly hidden: ReadonlyArray<string>;
  readonly filter: string;
  readonly status: string;
  readonly sort: Sort;
  readonly metrics: string;
  readonly x: Axis;
  /** The metric that is x, when `x` is `metric`. */
  readonly xMetric: string;
  readonly logX: boolean;
  readonly logY: boolean;
  /** From 0, which is none, to below 1. */
  readonly smoothing: number;
  /** `run:key` of the metadata of runs, `series:key` of that of series, or nothing. */
  readonly group: string;
  readonly color: string;
  readonly marks: boolean;
  /** In units of x: steps, seconds of a run, Unix milliseconds, or those of the metric. */
  readonly zoom: readonly [number, number] | null;
  /** Whether the table of configurations has only what differs. */
  readonly differences: boolean;
}

export const initial: View = {
  tab: "charts",
  runs: null,
  hidden: [],
  filter: "",
  status: "",
  sort: "newest",
  metrics: "",
  x: "step",
  xMetric: "",
  logX: false,
  logY: false,
  smoothing: 0,
  group: "",
  color: "",
  marks: true,
  zoom: null,
  differences: true,
};

/** Enough of an id to tell a run from others. */
export const shortId = (id: string): string => id.slice(0, 8);

// -----------------------------------------------------------------------------
// The address
// -----------------------------------------------------------------------------

interface Field<A> {
  readonly name: string;
  readonly write: (value: A) => string;
  /** What cannot be read counts as not there. */
  readonly read: (text: string) => A | undefined;
}

const text = (name: string): Field<string> => ({ name, write: (value) => value, read: (t) => t });
const oneOf = <A extends string>(name: string, all: ReadonlyArray<A>): Field<A> => ({
  name,
  write: (value) => value,
  read: (text) => all.find((one) => one === text),
});
const flag = (name: string): Field<boolean> => ({
  name,
  write: (value) => (value ? "1" : "0"),
  read: (text) => text === "1",
});
const isId = (id: string) => /^[\w-]*$/.test(id);
const ids = (name: string): Field<ReadonlyArray<string>> => ({
  name,
  write: (all) => all.join("."),
  read: (text) => (text === "" ? [] : text.split(".").filter(isId)),
});

const fields: { readonly [K in keyof View]: Field<View[K]> } = {
  tab: oneOf("t", tabs),
  runs: { ...ids("r"), write: (all) => (all ?? []).join(".") },
  hidden: ids("h"),
  filter: text("f"),
  status: text("st"),
  sort: oneOf("o", sorts),
  metrics: text("m"),
  x: oneOf("x", axes),
  xMetric: text("xm"),
  logX: flag("lx"),
  logY: flag("ly"),
  smoothing: {
    name: "s",
    write: String,
    read: (text) => {
      const value = Number(text);
      return value >= 0 && value < 1 ? value : undefined;
    },
  },
  group: text("g"),
  color: text("c"),
  marks: flag("a"),
  zoom: {
    name: "z",
    write: (zoom) => (zoom ?? []).map((x) => Number(x.toPrecision(13))).join("~"),
    read: (text) => {
      const [from, to] = text.split("~").map(Number);
      return from !== undefined && to !== undefined && from < to ? [from, to] : undefined;
    },
  },
  differences: flag("d"),
};

const names = Object.keys(fields) as ReadonlyArray<keyof View>;

/** What stands in the address behind `#`: what differs from {@link initial}. */
export const encode = (view: View): string => {
  const params = new URLSearchParams();
  const write = <K extends keyof View>(key: K) => {
    const { name, write } = fields[key];
    const value = write(view[key]);
    if (view[key] !== null && value !== write(initial[key])) params.set(name, value);
    // No run at all is not the same as no choice.
    else if (key === "runs" && view.runs !== null) params.set(name, value);
  };
  for (const key of names) write(key);
  // Legible, as far as an address may be.
  return params.toString().replaceAll("%7E", "~").replaceAll("%3A", ":").replaceAll("%2F", "/");
};

export const decode = (hash: string): View => {
  const params = new URLSearchParams(hash.replace(/^#/, ""));
  const view: { -readonly [K in keyof View]: View[K] } = { ...initial };
  const read = <K extends keyof View>(key: K) => {
    const text = params.get(fields[key].name);
    const value = text === null ? undefined : fields[key].read(text);
    if (value !== undefined) view[key] = value;
  };
  for (const key of names) read(key);
  return view;
};

// -----------------------------------------------------------------------------
// Choosing runs
// -----------------------------------------------------------------------------

const trimmed = (runs: ReadonlyArray<string>): ReadonlyArray<string> =>
  runs.slice(0, runs.findLastIndex((id) => id !== "") + 1);

export const withRun = (runs: ReadonlyArray<string>, id: string): ReadonlyArray<string> => {
  if (runs.includes(id)) return runs;
  const free = runs.indexOf("");
  return free === -1 ? [...runs, id] : runs.with(free, id);
};

export const withoutRun = (runs: ReadonlyArray<string>, id: string): ReadonlyArray<string> =>
  trimmed(runs.map((one) => (one === id ? "" : one)));
