/** Metrics: storing events, and reading them as rows, as series and as a catalog. */
import * as Effect from "effect/Effect";
import type { Json } from "effect/Schema";
import type { Metadata } from "../../internal/wire/schema.ts";
import { canonical } from "../json.ts";
import { currentMillis } from "../now.ts";
import {
  type Bounds,
  type Description,
  type Direction,
  type Event,
  type Experiment,
  type KeptAnswer,
  type NewEvent,
  type Series,
  type SortKey,
  Store,
  type StoreError,
} from "../store.ts";
import { findExperiment } from "./experiments.ts";
import { UsedKey } from "./ingestionKeys.ts";
import { notFound, type Refusal } from "./refusal.ts";

/**
 * Keeps events and, with them, the answer for the next time the same is asked. What it gives back was kept before, by
 * a request with the same `Idempotency-Key`: then it has done nothing.
 *
 * What waits here for the disk are many thousands of events in all. A generator would hold them until it ends: these
 * are the store's, which packs them, as soon as it has them.
 */
export const ingest = (
  experimentId: string,
  events: ReadonlyArray<NewEvent>,
  answer: KeptAnswer | undefined,
): Effect.Effect<KeptAnswer | undefined, Refusal | StoreError, Store> =>
  Effect.flatMap(Effect.all([Store, UsedKey, currentMillis]), ([store, keyId, serverTime]) =>
    store.ingest({ experimentId, serverTime, keyId, events, answer }),
  ).pipe(
    Effect.flatMap((result) => {
      if (result._tag === "NoExperiment") return notFound("experiment", experimentId);
      return Effect.succeed(result._tag === "Answered" ? result.kept : undefined);
    }),
  );

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

/** All must hold. Values are compared as they are shown. */
export const hasTexts =
  (filters: ReadonlyArray<{ readonly key: string; readonly value?: string | undefined }>) =>
  (metadata: Metadata): boolean =>
    filters.every(
      ({ key, value }) =>
        Object.hasOwn(metadata, key) && (value === undefined || asText(metadata[key]!) === value),
    );

/** Metadata as text, which of most it already is. */
export const asTexts = (metadata: Metadata): { readonly [key: string]: string } =>
  Object.fromEntries(Object.entries(metadata).map(([key, value]) => [key, asText(value)]));

/** The series of each selection. One that several select is only the first's. */
export const select = (selections: ReadonlyArray<Selection>) =>
  Effect.gen(function* () {
    const store = yield* Store;
    const chosen = new Map<number, { readonly series: Series; readonly place: number }>();
    for (const [place, { experimentId, name, matches }] of selections.entries()) {
      yield* findExperiment(experimentId);
      for (const series of yield* store.series(experimentId, name)) {
        const isChosen =
          !chosen.has(series.id) && (matches === undefined || matches(series.metadata));
        if (isChosen) chosen.set(series.id, { series, place });
      }
    }
    return [...chosen.values()];
  });

// -----------------------------------------------------------------------------
// Rows
// -----------------------------------------------------------------------------

export interface RowOptions extends Bounds {
  /** Default: step, then the time of the client. */
  readonly sortBy?: ReadonlyArray<SortKey> | undefined;
  readonly direction?: Direction | undefined;
  readonly limit: number;
  /** Whether to read what the experiments said of themselves. */
  readonly withDescription?: boolean | undefined;
}

export interface Row {
  readonly event: Event;
  readonly series: Series;
  readonly experiment: Experiment;
  /** What the experiment said of itself when the event came, if it was asked for. */
  readonly description: Description | undefined;
}

export const readRows = (
  selections: ReadonlyArray<Selection>,
  { sortBy = [], direction = "asc", withDescription = false, ...options }: RowOptions,
) =>
  Effect.gen(function* () {
    const store = yield* Store;
    const series = yield* select(selections);
    const found = yield* store.rows({
      ...options,
      series,
      sortBy: sortBy.length === 0 ? ["step", "clientTime"] : sortBy,
      direction,
    });
    const experiments = new Map<string, Experiment>();
    const descriptions = new Map<string, ReadonlyArray<Description>>();
    for (const id of new Set(found.map(({ index }) => series[index]!.series.experimentId))) {
      experiments.set(id, yield* findExperiment(id));
      if (withDescription) descriptions.set(id, yield* store.descriptions(id));
    }
    return found.map(({ index, event }): Row => {
      const one = series[index]!.series;
      const experiment = experiments.get(one.experimentId)!;
      const description = descriptions.get(one.experimentId)?.[event.revision];
      return { event, series: one, experiment, description };
    });
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
