/** Runs and the folders that they lie in. */
import type { ExperimentRecord, Tree } from "./api.ts";
import { shortId, type Sort, type View } from "./view.ts";

/** A JSON object of the user's own. */
export type Meta = Readonly<Record<string, unknown>>;

export interface Run extends Omit<ExperimentRecord, "meta" | "error"> {
  readonly meta: Meta;
  /** Why it ended, when it did not end well. */
  readonly error: string;
  readonly short: string;
  /** The names of its folders, from the top. */
  readonly path: ReadonlyArray<string>;
}

export interface Folder {
  /** Of its folders and its own. */
  readonly path: ReadonlyArray<string>;
  readonly folders: ReadonlyArray<Folder>;
  readonly runs: ReadonlyArray<string>;
}

export const toFolder = (level: Tree, path: ReadonlyArray<string> = []): Folder => ({
  path,
  folders: level.folders.map((one) => toFolder(one, [...path, one.name])),
  runs: level.experiments.map(({ experimentId }) => experimentId),
});

/** The ids of all runs, with their paths. */
export const placesOf = (folder: Folder): ReadonlyMap<string, ReadonlyArray<string>> => {
  const all = new Map<string, ReadonlyArray<string>>();
  const visit = ({ folders, path, runs }: Folder) => {
    for (const id of runs) all.set(id, path);
    for (const one of folders) visit(one);
  };
  visit(folder);
  return all;
};

/** An old server may have none. */
export const toMeta = (json: unknown): Meta =>
  typeof json === "object" && json !== null ? (json as Meta) : {};

export const toRun = (record: ExperimentRecord, path: ReadonlyArray<string>): Run => ({
  ...record,
  meta: toMeta(record.meta),
  error: record.error?.message ?? "",
  short: shortId(record.experimentId),
  path,
});

/** When a run began, in Unix milliseconds: what was recorded before that is not left out. */
export const startOf = (run: Run, first = Infinity): number =>
  Math.min(run.startedAtMs ?? run.createdAtMs, first);

/** A value of metadata as one reads it. */
export const textOf = (value: unknown): string =>
  typeof value === "string" ? value : (JSON.stringify(value) ?? "");

/** Numbers by size, the rest as one reads them. */
export const compareTexts = (a: string, b: string): number => {
  const [x, y] = [Number(a), Number(b)];
  return a !== "" && b !== "" && x < y
    ? -1
    : a !== "" && b !== "" && x > y
      ? 1
      : a.localeCompare(b, undefined, { numeric: true });
};

const orders: { readonly [K in Sort]: (a: Run, b: Run) => number } = {
  newest: (a, b) => b.createdAtMs - a.createdAtMs,
  oldest: (a, b) => a.createdAtMs - b.createdAtMs,
  name: (a, b) => a.slug.localeCompare(b.slug, undefined, { numeric: true }),
  status: (a, b) => a.status.localeCompare(b.status) || b.createdAtMs - a.createdAtMs,
  active: (a, b) => (b.lastEventAtMs ?? 0) - (a.lastEventAtMs ?? 0),
};

export const sorted = (runs: ReadonlyArray<Run>, sort: Sort): ReadonlyArray<Run> =>
  runs.toSorted((a, b) => orders[sort](a, b) || a.slug.localeCompare(b.slug));

/** Whether each word is somewhere in a text. */
export const matchesWords = (text: string, words: string): boolean => {
  const lower = text.toLowerCase();
  return words
    .toLowerCase()
    .split(/\s+/)
    .every((word) => lower.includes(word));
};

/** Whether each word is somewhere in the name, the folders, the description or the metadata. */
export const matches = (run: Run, { filter, status }: Pick<View, "filter" | "status">): boolean => {
  if (status !== "" && run.status !== status) return false;
  if (filter === "") return true;
  const meta = Object.entries(run.meta).map(([key, value]) => `${key}=${textOf(value)}`);
  const text = [...run.path, run.slug, run.description, run.status, ...meta].join("\n");
  return matchesWords(text, filter);
};
