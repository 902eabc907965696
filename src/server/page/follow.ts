/** Keeps what is shown as it is on the server: one loop, which asks for one thing after the other. */
import {
  type AnnotationRecord,
  type Api,
  type CatalogEntry,
  Refused,
  type Revision,
} from "./api.ts";
import type { NativeAxis } from "./buckets.ts";
import { type Folder, placesOf, type Run, toFolder, toRun } from "./runs.ts";
import { makeSeries, type Range, type SeriesStore, type Wanted } from "./series.ts";

export interface Data {
  /** Until the list of runs has come for the first time. */
  readonly isLoading: boolean;
  readonly root: Folder;
  readonly runs: ReadonlyMap<string, Run>;
  /** Of the runs that are shown, as far as they have come. */
  readonly catalogs: ReadonlyMap<string, ReadonlyArray<CatalogEntry>>;
  readonly annotations: ReadonlyMap<string, ReadonlyArray<AnnotationRecord>>;
  readonly series: SeriesStore;
}

export interface Wishes {
  readonly shown: () => ReadonlyArray<string>;
  readonly wanted: () => ReadonlyArray<Wanted>;
  readonly axis: () => NativeAxis;
  /** As many points as a chart can show. */
  readonly points: () => number;
  readonly range: () => Range;
}

export interface Listener {
  readonly changed: () => void;
  /** What is wrong, in a sentence; nothing when it is well again. */
  readonly troubled: (sentence: string) => void;
  /** The key is not good any more. */
  readonly refused: () => void;
}

/** In milliseconds: how often what is shown is asked after, how often the list, how long after a failure. */
const [pollEvery, listEvery, afterFailure] = [1000, 4000, 2000];

export const follow = (api: Api, wishes: Wishes, listener: Listener, signal: AbortSignal) => {
  let isLoading = true;
  let treeText = "";
  let root: Folder = { path: [], folders: [], runs: [] };
  const runs = new Map<string, Run>();
  const catalogs = new Map<string, ReadonlyArray<CatalogEntry>>();
  const annotations = new Map<string, ReadonlyArray<AnnotationRecord>>();
  let series = makeSeries(api, wishes.axis(), wishes.points);
  /** Up to which revision the catalog, the series and the annotations of a run were asked for. */
  const seen = new Map<string, Revision>();
  let [listDue, pollDue] = [0, 0];

  const loadRecords = async (
    ids: ReadonlyArray<string>,
    places: ReadonlyMap<string, ReadonlyArray<string>>,
  ) => {
    for (const record of await api.experiments(ids)) {
      runs.set(record.experimentId, toRun(record, places.get(record.experimentId) ?? []));
    }
  };

  /** The tree, and the records of what is new or has changed; answers whether there was anything. */
  const loadList = async (): Promise<boolean> => {
    const started = performance.now();
    const tree = await api.tree();
    const text = JSON.stringify(tree);
    root = toFolder(tree);
    const places = placesOf(root);
    for (const id of runs.keys()) if (!places.has(id)) runs.delete(id);
    const known = [...places.keys()].filter((id) => runs.has(id));
    const revisions = await api.revisions(known);
    const changed = revisions.filter(
      ({ experimentId, experimentRevision }) =>
        runs.get(experimentId)?.experimentRevision !== experimentRevision,
    );
    await loadRecords(
      [
        ...[...places.keys()].filter((id) => !runs.has(id)),
        ...changed.map(({ experimentId }) => experimentId),
      ],
      places,
    );
    for (const [id, run] of runs) {
      const path = places.get(id) ?? [];
      if (path.join("/") !== run.path.join("/")) runs.set(id, { ...run, path });
    }
    isLoading = false;
    // A long list is asked for less often.
    listDue = performance.now() + Math.max(listEvery, 20 * (performance.now() - started));
    const isOther = text !== treeText || changed.length > 0;
    treeText = text;
    return isOther;
  };

  const followMetrics = async (ids: ReadonlyArray<string>) => {
    const found = await api.catalogs(ids);
    for (const [i, id] of ids.entries()) catalogs.set(id, found[i] ?? []);
    await series.grow(ids);
  };

  const followRecords = async (ids: ReadonlyArray<string>) => {
    const [found] = await Promise.all([api.annotations(ids), loadRecords(ids, placesOf(root))]);
    for (const [i, id] of ids.entries()) annotations.set(id, found[i] ?? []);
  };

  /** Answers whether anything has changed. */
  const poll = async (shown: ReadonlyArray<string>): Promise<boolean> => {
    const revisions = await api.revisions(shown);
    const before = (id: string) => seen.get(id);
    const grown = revisions.filter(
      (now) => before(now.experimentId)?.seriesRevision !== now.seriesRevision,
    );
    const changed = revisions.filter(
      (now) => before(now.experimentId)?.experimentRevision !== now.experimentRevision,
    );
    const idsOf = (all: ReadonlyArray<Revision>) => all.map(({ experimentId }) => experimentId);
    await Promise.all([
      grown.length > 0 && followMetrics(idsOf(grown)),
      changed.length > 0 && followRecords(idsOf(changed)),
    ]);
    for (const revision of revisions) seen.set(revision.experimentId, revision);
    pollDue = performance.now() + pollEvery;
    return grown.length + changed.length > 0;
  };

  const forget = (shown: ReadonlyArray<string>) => {
    const keep = new Set(shown);
    series.keepOnly(keep);
    for (const id of seen.keys()) {
      if (keep.has(id)) continue;
      seen.delete(id);
      catalogs.delete(id);
      annotations.delete(id);
    }
  };

  const turn = async () => {
    if (performance.now() >= listDue && (await loadList())) listener.changed();
    const shown = wishes.shown();
    forget(shown);
    const isNew = shown.some((id) => !seen.has(id));
    if (shown.length > 0 && (isNew || performance.now() >= pollDue)) {
      if (await poll(shown)) listener.changed();
    }
    if (series.axis !== wishes.axis()) series = makeSeries(api, wishes.axis(), wishes.points);
    if (await series.load(wishes.wanted())) listener.changed();
    if (await series.lookClosely(wishes.wanted(), wishes.range())) listener.changed();
  };

  // ---------------------------------------------------------------------------
  // The loop
  // ---------------------------------------------------------------------------

  let [isWoken, wakeUp] = [false, () => {}];
  const wake = () => {
    isWoken = true;
    wakeUp();
  };
  const sleep = (millis: number) =>
    new Promise<void>((resolve) => {
      if (isWoken) return resolve();
      const timer = setTimeout(resolve, millis);
      wakeUp = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  // Who does not look at the page needs nothing new.
  const seenAgain = async () => {
    while (document.hidden && !signal.aborted) {
      await new Promise((resolve) =>
        document.addEventListener("visibilitychange", resolve, { once: true, signal }),
      );
    }
  };

  const run = async () => {
    while (!signal.aborted) {
      let pause = pollEvery;
      isWoken = false;
      try {
        await turn();
        listener.troubled("");
      } catch (error) {
        if (signal.aborted) return;
        if (!(error instanceof Refused)) throw error;
        if (error.status === 401 || error.status === 403) return listener.refused();
        listener.troubled(error.message);
        // A run that is gone is not in the list any more.
        if (error.status === 404) listDue = 0;
        pause = afterFailure;
      }
      await sleep(pause);
      await seenAgain();
    }
  };
  void run();

  return {
    data: (): Data => ({ isLoading, root, runs, catalogs, annotations, series }),
    /** Looks at once whether something else is wanted. */
    wake,
    /** Loads what a moment needs and no chart does. */
    load: async (wanted: ReadonlyArray<Wanted>): Promise<void> => {
      await series.load(wanted);
      await series.lookClosely(wanted, wishes.range());
    },
  };
};
