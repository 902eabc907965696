/** Metrics: storing events, and reading them as rows, as series and as a catalog. */
import * as Effect from "effect/Effect";
import type { Json } from "effect/Schema";
import type { Metadata } from "../../internal/wire/schema.ts";
import { newId } from "../ids.ts";
import { canonical } from "../json.ts";
import { currentMillis } from "../now.ts";
import { type Description, type Event, type Experiment, type Series, Store } from "../store.ts";
import { findExperiment, touchExperiment } from "./experiments.ts";

export interface Input {
  readonly clientEventId: string;
  readonly name: string;
  readonly value: number;
  readonly step: number | null;
  readonly metadata: Metadata;
  /** Now, when the client does not say. */
  readonly clientTime: number | undefined;
}

export const ingest = (experimentId: string, inputs: ReadonlyArray<Input>) =>
  Effect.gen(function* () {
    const store = yield* Store;
    const experiment = yield* findExperiment(experimentId);
    const serverTime = yield* currentMillis;
    yield* store.addEvents(
      experimentId,
      inputs.map((input) => ({
        ...input,
        id: newId(),
        clientTime: input.clientTime ?? serverTime,
        serverTime,
        revision: experiment.revision,
      })),
    );
    if (inputs.length > 0) yield* touchExperiment(experiment, serverTime);
  });

// -----------------------------------------------------------------------------
// Choosing
// -----------------------------------------------------------------------------

/** Series of one experiment, narrowed by what is there. */
export interface Selection {
  readonly experimentId: string;
  readonly name?: string | undefined;
  readonly matches?: ((metadata: Metadata) => boolean) | undefined;
}

/** Whether a key is there, with this value if one is given. */
export const hasValue =
  (key: string, value?: Json) =>
  (metadata: Metadata): boolean =>
    Object.hasOwn(metadata, key) &&
    (value === undefined || canonical(metadata[key]!) === canonical(value));

/** Where all values are to be strings: those that are stay, the others are JSON text. */
export const asText = (value: Json): string =>
  typeof value === "string" ? value : JSON.stringify(value);

/** The series of each selection. One that several select is only the first's. */
export const select = (selections: ReadonlyArray<Selection>) =>
  Effect.gen(function* () {
    const store = yield* Store;
    const chosen = new Map<string, { readonly series: Series; readonly rank: number }>();
    for (const [rank, { experimentId, name, matches }] of selections.entries()) {
      yield* findExperiment(experimentId);
      for (const series of yield* store.series(experimentId)) {
        const key = JSON.stringify([experimentId, series.name, series.hash]);
        const isChosen =
          !chosen.has(key) &&
          (name === undefined || series.name === name) &&
          (matches === undefined || matches(series.metadata));
        if (isChosen) chosen.set(key, { series, rank });
      }
    }
    return [...chosen.values()];
  });

// -----------------------------------------------------------------------------
// Order
// -----------------------------------------------------------------------------

export type Direction = "asc" | "desc";
export type SortKey = "series" | "step" | "clientTime" | "serverTime" | "sequence";

interface Sortable {
  readonly event: Event;
  readonly rank: number;
}

const difference = (key: SortKey, a: Sortable, b: Sortable, sign: number): number => {
  if (key === "series") return sign * (a.rank - b.rank);
  const [left, right] = [a.event[key], b.event[key]];
  // Events without a step come last, in either direction.
  return left === null || right === null
    ? Number(left === null) - Number(right === null)
    : sign * (left - right);
};

/** By the keys, the most important first, and at last by arrival. */
const inOrder = (keys: ReadonlyArray<SortKey>, direction: Direction) => {
  const all: ReadonlyArray<SortKey> = [...keys, "sequence"];
  const sign = direction === "asc" ? 1 : -1;
  return (a: Sortable, b: Sortable): number => {
    for (const key of all) {
      const found = difference(key, a, b, sign);
      if (found !== 0) return found;
    }
    return 0;
  };
};

// -----------------------------------------------------------------------------
// Rows
// -----------------------------------------------------------------------------

/** Inclusive. An event without a step lies outside any bound of steps. */
export interface Bounds {
  readonly step?: number | undefined;
  readonly fromStep?: number | undefined;
  readonly toStep?: number | undefined;
  readonly fromTime?: number | undefined;
  readonly toTime?: number | undefined;
}

const isWithin =
  ({ step, fromStep, toStep, fromTime = -Infinity, toTime = Infinity }: Bounds) =>
  (event: Event): boolean =>
    event.clientTime >= fromTime &&
    event.clientTime <= toTime &&
    (step === undefined || event.step === step) &&
    ((fromStep === undefined && toStep === undefined) ||
      (event.step !== null &&
        event.step >= (fromStep ?? -Infinity) &&
        event.step <= (toStep ?? Infinity)));

export interface RowOrder {
  /** Default: step, then the time of the client. */
  readonly sortBy?: ReadonlyArray<SortKey> | undefined;
  readonly direction?: Direction | undefined;
  readonly limit: number;
}

export interface Row {
  readonly event: Event;
  readonly series: Series;
  readonly experiment: Experiment;
  /** What the experiment said of itself when the event came. */
  readonly description: Description | undefined;
}

export const readRows = (
  selections: ReadonlyArray<Selection>,
  bounds: Bounds,
  { sortBy = [], direction = "asc", limit }: RowOrder,
) =>
  Effect.gen(function* () {
    const store = yield* Store;
    const within = isWithin(bounds);
    const rows: Array<Sortable & { readonly toRow: (event: Event) => Row }> = [];
    for (const { series, rank } of yield* select(selections)) {
      const experiment = yield* findExperiment(series.experimentId);
      const descriptions = yield* store.descriptions(series.experimentId);
      const toRow = (event: Event): Row => ({
        event,
        series,
        experiment,
        description: descriptions[event.revision],
      });
      for (const event of yield* store.events(series)) {
        if (within(event)) rows.push({ event, rank, toRow });
      }
    }
    rows.sort(inOrder(sortBy.length === 0 ? ["step", "clientTime"] : sortBy, direction));
    return rows.slice(0, limit).map(({ event, toRow }) => toRow(event));
  });

// -----------------------------------------------------------------------------
// Series
// -----------------------------------------------------------------------------

/** The points of a series in columns. Equal steps go by time, then by arrival. */
export const readPoints = (series: Series, axis: "step" | "timestamp", direction: Direction) =>
  Effect.gen(function* () {
    const events = (yield* (yield* Store).events(series))
      .map((event) => ({ event, rank: 0 }))
      .toSorted(inOrder(axis === "step" ? ["step", "clientTime"] : ["clientTime"], direction));
    return {
      steps: events.map(({ event }) => event.step),
      timestamp: events.map(({ event }) => event.clientTime),
      value: events.map(({ event }) => event.value),
    };
  });

// -----------------------------------------------------------------------------
// Catalog
// -----------------------------------------------------------------------------

/** The metrics of an experiment by name, each with the metadata keys seen on it. */
export const readCatalog = (experimentId: string) =>
  Effect.gen(function* () {
    const keys = new Map<string, Set<string>>();
    for (const { series } of yield* select([{ experimentId }])) {
      const seen = keys.get(series.name) ?? new Set();
      for (const key of Object.keys(series.metadata)) seen.add(key);
      keys.set(series.name, seen);
    }
    return Array.from(keys, ([name, seen]) => ({ name, keys: [...seen].toSorted() })).toSorted(
      (a, b) => (a.name < b.name ? -1 : 1),
    );
  });

/** The different values under the metadata keys of a metric (all keys when none is named), in the order of arrival. */
export const readCatalogValues = (
  experimentId: string,
  name: string,
  keys: ReadonlyArray<string> | undefined,
) =>
  Effect.gen(function* () {
    const chosen = (yield* select([{ experimentId, name }])).map(({ series }) => series);
    const seen = new Set(keys ?? chosen.flatMap(({ metadata }) => Object.keys(metadata)));
    return {
      count: chosen.reduce((sum, { count }) => sum + count, 0),
      keys: Array.from(seen, (key) => {
        const values = new Map<string, Json>();
        for (const { metadata } of chosen.filter((one) => hasValue(key)(one.metadata))) {
          const text = canonical(metadata[key]!);
          if (!values.has(text)) values.set(text, metadata[key]!);
        }
        return { key, values: [...values.values()] };
      }),
    };
  });
