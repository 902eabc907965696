/** The series that are looked at, as the server has them: loaded when they are wanted, asked on for when they grow. */
import type { Api } from "./api.ts";
import { firsts, type NativeAxis, splice, total, within } from "./buckets.ts";
import type { ViewBuckets as Buckets, ViewQuery, ViewSeries } from "../../internal/wire/view.ts";

export interface Series {
  readonly run: string;
  readonly name: string;
  readonly metadata: Readonly<Record<string, string>>;
  /** Equal for equal metadata. */
  readonly metadataKey: string;
  /** Of the buckets of the whole, in units of the axis; 0 where each is one event. */
  readonly width: number;
  /** Of all of it, as `from` and `to` are. */
  readonly count: number;
  readonly from: number | null;
  readonly to: number | null;
  /** All of it; where a range was asked for more closely, as it came then. */
  readonly buckets: Buckets;
}

interface Kept extends Series {
  /** All of it, in buckets of one width. */
  readonly whole: Buckets;
  /** How many events are on no place of this axis. */
  readonly missing: number;
  detail: Detail | undefined;
}

type Query = ViewQuery["queries"][number];

interface Detail {
  readonly from: number;
  readonly to: number;
  readonly buckets: Buckets;
}

export interface Wanted {
  readonly run: string;
  readonly name: string;
}

/** From where to where a run is looked at more closely, in units of the axis. */
export type Range = (run: string) => readonly [number, number] | null;

/** So many more buckets than that may gather until the whole is asked anew, in wider ones. */
const patience = 4;

const keyOf = (metadata: Readonly<Record<string, string>>): string =>
  JSON.stringify(Object.entries(metadata).toSorted(([a], [b]) => (a < b ? -1 : 1)));

const withBuckets = (kept: Omit<Kept, "buckets">, axis: NativeAxis): Kept => {
  const { detail, whole } = kept;
  return {
    ...kept,
    buckets:
      detail === undefined ? whole : splice(whole, detail.buckets, axis, detail.from, detail.to),
  };
};

/** Series of a run that are asked for alike. */
interface Group<About> {
  readonly query: Omit<Query, "seriesNames">;
  readonly about: About;
  readonly members: Set<Kept>;
}

const makeGroups = <About>() => {
  const groups = new Map<string, Group<About>>();
  return {
    add: (kept: Kept, query: Group<About>["query"], about: About) => {
      const key = JSON.stringify(query);
      const group = groups.get(key) ?? { query, about, members: new Set() };
      group.members.add(kept);
      groups.set(key, group);
    },
    all: (): ReadonlyArray<Group<About>> => [...groups.values()],
  };
};

/** `points` is about how many buckets a series has on the screen. */
export const makeSeries = (api: Pick<Api, "series">, axis: NativeAxis, points: () => number) => {
  const runs = new Map<string, Map<string, ReadonlyArray<Kept>>>();

  const find = (run: string, name: string) => runs.get(run)?.get(name);
  const put = (run: string, name: string, all: ReadonlyArray<Kept>) => {
    let names = runs.get(run);
    if (names === undefined) runs.set(run, (names = new Map()));
    names.set(name, all);
  };
  const replace = (old: Kept, kept: Omit<Kept, "buckets">) =>
    put(
      old.run,
      old.name,
      (find(old.run, old.name) ?? []).map((one) => (one === old ? withBuckets(kept, axis) : one)),
    );

  const toKept = (run: string, { buckets, ...series }: ViewSeries): Kept => ({
    ...series,
    run,
    metadataKey: keyOf(series.metadata),
    whole: buckets,
    buckets,
    missing: series.count - total(buckets),
    detail: undefined,
  });

  const loadAll = async (wanted: ReadonlyArray<Wanted>): Promise<void> => {
    const names = new Map<string, Array<string>>();
    for (const { run, name } of wanted) names.set(run, [...(names.get(run) ?? []), name]);
    const queries = Array.from(names, ([experimentId, seriesNames]) => ({
      experimentId,
      seriesNames: [...new Set(seriesNames)],
    }));
    if (queries.length === 0) return;
    const { experiments } = await api.series({ queries, axis, points: points() });
    for (const [i, { experimentId, seriesNames }] of queries.entries()) {
      const series = experiments[i]?.series ?? [];
      for (const name of seriesNames) {
        const ofName = series.filter((one) => one.name === name);
        put(
          experimentId,
          name,
          ofName.map((one) => toKept(experimentId, one)),
        );
      }
    }
  };

  const ask = async <About>(
    groups: ReadonlyArray<Group<About>>,
  ): Promise<ReadonlyArray<readonly [Group<About>, ReadonlyArray<ViewSeries>]>> => {
    const queries = groups.map(({ query, members }) => ({
      ...query,
      seriesNames: [...new Set(Array.from(members, ({ name }) => name))],
    }));
    const { experiments } = await api.series({ queries, axis, points: points() });
    return groups.map((group, i) => [group, experiments[i]?.series ?? []] as const);
  };

  /** Where the last bucket begins: from there on it is asked again. */
  const cursorOf = ({ whole, width }: Kept): number | undefined => {
    const last = firsts(whole, axis).at(-1);
    return last === undefined || width === 0 ? last : Math.floor(last / width) * width;
  };

  /** What came since, at the end. What does not fit there, as it came late or is too much, is loaded again. */
  const grow = async (ids: ReadonlyArray<string>): Promise<void> => {
    const groups = makeGroups<{ readonly width: number; readonly cursor: number }>();
    const again: Array<Wanted> = [];
    for (const run of ids) {
      for (const kept of [...(runs.get(run)?.values() ?? [])].flat()) {
        const cursor = cursorOf(kept);
        if (cursor === undefined) {
          again.push(kept);
          continue;
        }
        const { width } = kept;
        const query = { experimentId: run, from: cursor, ...(width > 0 ? { width } : {}) };
        groups.add(kept, query, { width, cursor });
      }
    }
    for (const [{ about, members, query }, found] of await ask(groups.all())) {
      const { cursor, width } = about;
      const run = query.experimentId;
      for (const series of found) {
        const metadataKey = keyOf(series.metadata);
        const known = find(run, series.name) ?? [];
        const kept = known.find((one) => one.metadataKey === metadataKey);
        if (kept === undefined) again.push({ run, name: series.name });
        if (kept === undefined || !members.has(kept)) continue;
        const whole = splice(kept.whole, within(series.buckets, axis, cursor), axis, cursor);
        const missing = series.count - total(whole);
        const isMore = whole.count.length > points() * patience;
        if (series.width !== width || missing !== kept.missing || isMore) {
          again.push(kept);
          continue;
        }
        // What is looked at closely may have grown too.
        const detail =
          kept.detail === undefined || kept.detail.to >= (kept.to ?? 0) ? undefined : kept.detail;
        const { count, from, to } = series;
        replace(kept, { ...kept, count, from, to, whole, detail });
      }
    }
    await loadAll(again);
  };

  /** Asks more closely for what lies in a range, where the whole is too coarse for it. */
  const lookClosely = async (wanted: ReadonlyArray<Wanted>, range: Range): Promise<boolean> => {
    const groups = makeGroups<{ readonly from: number; readonly to: number }>();
    let changed = false;
    for (const { run, name } of wanted) {
      const asked = range(run);
      for (const kept of find(run, name) ?? []) {
        const { detail, width } = kept;
        if (asked === null) {
          if (detail === undefined) continue;
          replace(kept, { ...kept, detail: undefined });
          changed = true;
          continue;
        }
        if (width === 0) continue;
        // Whole buckets, so that what comes takes the place of them.
        const from = Math.floor(asked[0] / width) * width;
        const to = (Math.floor(asked[1] / width) + 1) * width - 1;
        if (detail?.from === from && detail.to === to) continue;
        groups.add(kept, { experimentId: run, from, to }, { from, to });
      }
    }
    for (const [{ about, members }, found] of await ask(groups.all())) {
      for (const kept of members) {
        const series = found.find(
          ({ metadata, name }) => name === kept.name && keyOf(metadata) === kept.metadataKey,
        );
        if (series === undefined) continue;
        replace(kept, { ...kept, detail: { ...about, buckets: series.buckets } });
        changed = true;
      }
    }
    return changed;
  };

  return {
    axis,
    /** Where the first event lies of all that is loaded of a run. */
    first: (run: string): number | undefined => {
      const all = [...(runs.get(run)?.values() ?? [])].flat();
      const firsts = all.flatMap(({ from }) => (from === null ? [] : [from]));
      return firsts.length === 0 ? undefined : Math.min(...firsts);
    },
    /** `undefined` while it is not loaded. */
    get: (run: string, name: string): ReadonlyArray<Series> | undefined => find(run, name),
    /** Whether there was anything to load. */
    load: async (wanted: ReadonlyArray<Wanted>): Promise<boolean> => {
      const absent = wanted.filter(({ run, name }) => find(run, name) === undefined);
      await loadAll(absent);
      return absent.length > 0;
    },
    grow,
    lookClosely,
    /** Forgets the runs that nobody looks at any more. */
    keepOnly: (ids: ReadonlySet<string>) => {
      for (const run of runs.keys()) if (!ids.has(run)) runs.delete(run);
    },
  };
};

export type SeriesStore = ReturnType<typeof makeSeries>;
