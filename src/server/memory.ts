/** The store in memory: what it keeps ends with the process. */
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Semaphore from "effect/Semaphore";
import * as Stream from "effect/Stream";
import { noStep, sampleOf } from "./buckets.ts";
import { canonical, digest } from "./json.ts";
import {
  type Annotation,
  type Batch,
  type Bounds,
  type BucketQuery,
  type Description,
  type Direction,
  type Event,
  type Experiment,
  type ExperimentFilter,
  type ExperimentToken,
  type Folder,
  type Ingested,
  type IngestionKey,
  type KeptAnswer,
  maxPart,
  type NewEvent,
  type RowQuery,
  type Series,
  type SeriesEvent,
  type SortKey,
  type Store,
} from "./store.ts";

/** How many answers are kept for `Idempotency-Key`s. */
const maxAnswers = 10_000;

interface Recorded {
  readonly series: Omit<Series, "count">;
  readonly events: Array<Event>;
}

/** What belongs to one experiment. */
interface Record {
  readonly descriptions: Array<Description>;
  /** By name and metadata. */
  readonly series: Map<string, Recorded>;
  readonly clientEventIds: Set<string>;
  readonly annotations: Array<Annotation>;
}

interface Sortable extends SeriesEvent {
  readonly place: number;
}

const difference = (key: SortKey, a: Sortable, b: Sortable, sign: number): number => {
  if (key === "series") return sign * (a.place - b.place);
  const [left, right] = [a.event[key], b.event[key]];
  return left === null || right === null
    ? Number(left === null) - Number(right === null)
    : sign * (left - right);
};

const inOrder = (keys: ReadonlyArray<SortKey>, direction: Direction) => {
  const sign = direction === "asc" ? 1 : -1;
  return (a: Sortable, b: Sortable): number => {
    for (const key of keys) {
      const found = difference(key, a, b, sign);
      if (found !== 0) return found;
    }
    return sign * (a.event.sequence - b.event.sequence);
  };
};

const isWithin =
  ({ fromStep, toStep, fromTime = -Infinity, toTime = Infinity }: Bounds) =>
  ({ step, clientTime }: Event): boolean =>
    clientTime >= fromTime &&
    clientTime <= toTime &&
    ((fromStep === undefined && toStep === undefined) ||
      (step !== null && step >= (fromStep ?? -Infinity) && step <= (toStep ?? Infinity)));

const isOfFilter =
  ({ folderId, status, slug, search, from = -Infinity, to = Infinity }: ExperimentFilter) =>
  (experiment: Experiment): boolean =>
    (folderId === undefined || experiment.folderId === folderId) &&
    (status === undefined || experiment.status === status) &&
    (slug === undefined || experiment.slug === slug) &&
    (search === undefined || experiment.slug.toLowerCase().includes(search.toLowerCase())) &&
    experiment.createdAt >= from &&
    experiment.createdAt <= to;

export const makeMemoryStore = (): Store["Service"] => {
  const semaphore = Semaphore.makeUnsafe(1);
  const folders = new Map<string, Folder>();
  const experiments = new Map<string, Experiment>();
  const records = new Map<string, Record>();
  const recorded = new Map<number, Recorded>();
  const keys = new Map<string, IngestionKey>();
  const tokens = new Map<string, string>();
  const experimentTokens = new Map<string, ExperimentToken>();
  /** How often each experiment changed. */
  const changes = new Map<string, number>();
  const answers = new Map<string, KeptAnswer>();
  let sequence = 0;

  // ---------------------------------------------------------------------------
  // Writing
  // ---------------------------------------------------------------------------

  /** How to take back what the transaction under way has written. */
  const undo: Array<() => void> = [];

  const set = <K, V>(map: Map<K, V>, key: K, value: V): Effect.Effect<void> =>
    Effect.sync(() => {
      const before = map.get(key);
      undo.push(() => void (before === undefined ? map.delete(key) : map.set(key, before)));
      map.set(key, value);
    });

  const update = <K, V>(map: Map<K, V>, key: K, patch: (before: V) => V) =>
    Effect.suspend(() => {
      const before = map.get(key);
      return before === undefined ? Effect.void : set(map, key, patch(before));
    });

  const countChange = (id: string) => set(changes, id, (changes.get(id) ?? 0) + 1);

  const push = <A>(all: Array<A>, one: A): void => {
    all.push(one);
    undo.push(() => void all.pop());
  };

  const transaction = <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    semaphore.withPermit(
      Effect.onExit(self, (exit) =>
        Effect.sync(() => {
          const writes = undo.splice(0);
          if (Exit.isFailure(exit)) for (const take of writes.toReversed()) take();
        }),
      ),
    );

  const recordOf = (experimentId: string): Record => {
    let record = records.get(experimentId);
    if (record === undefined) {
      record = { descriptions: [], series: new Map(), clientEventIds: new Set(), annotations: [] };
      records.set(experimentId, record);
    }
    return record;
  };

  const eventsOf = (record: Record, experimentId: string, { name, metadata }: NewEvent) => {
    const text = canonical(metadata);
    const key = JSON.stringify([name, text]);
    let found = record.series.get(key);
    if (found === undefined) {
      const id = recorded.size;
      found = { series: { id, experimentId, name, metadata, hash: digest(text) }, events: [] };
      record.series.set(key, found);
      recorded.set(id, found);
    }
    return found.events;
  };

  const addAnswer = (kept: KeptAnswer) => {
    answers.set(kept.idempotencyKey, kept);
    if (answers.size > maxAnswers) answers.delete(answers.keys().next().value!);
  };

  const ingest = ({ experimentId, serverTime, keyId, events, answer }: Batch): Ingested => {
    const experiment = experiments.get(experimentId);
    if (experiment === undefined) return { _tag: "NoExperiment" };
    const kept = answer === undefined ? undefined : answers.get(answer.idempotencyKey);
    if (kept !== undefined) return { _tag: "Answered", kept };
    const record = recordOf(experimentId);
    const { revision } = experiment;
    let added = 0;
    for (const event of events) {
      if (record.clientEventIds.has(event.clientEventId)) continue;
      record.clientEventIds.add(event.clientEventId);
      const { value, step, clientTime } = event;
      eventsOf(record, experimentId, event).push({
        value,
        step,
        clientTime: clientTime ?? serverTime,
        serverTime,
        revision,
        sequence: sequence++,
      });
      added++;
    }
    if (events.length > 0)
      experiments.set(experimentId, { ...experiment, lastEventAt: serverTime });
    const key = keyId === null ? undefined : keys.get(keyId);
    if (key !== undefined) keys.set(key.id, { ...key, lastUsedAt: serverTime });
    if (answer !== undefined) addAnswer(answer);
    return { _tag: "Ingested", added };
  };

  // ---------------------------------------------------------------------------
  // Reading
  // ---------------------------------------------------------------------------

  const rows = (query: RowQuery): ReadonlyArray<SeriesEvent> => {
    const within = isWithin(query);
    return query.series
      .flatMap(({ series, place }, index) =>
        (recorded.get(series.id)?.events ?? [])
          .filter(within)
          .map((event) => ({ index, event, place })),
      )
      .toSorted(inOrder(query.sortBy, query.direction))
      .slice(0, query.limit);
  };

  const points = ({ id }: Series, axis: "step" | "timestamp", direction: Direction) => {
    const order = inOrder(axis === "step" ? ["step", "clientTime"] : ["clientTime"], direction);
    const events = (recorded.get(id)?.events ?? [])
      .map((event) => ({ index: 0, event, place: 0 }))
      .toSorted(order);
    const parts = Array.from({ length: Math.ceil(events.length / maxPart) }, (_, i) =>
      events.slice(i * maxPart, (i + 1) * maxPart),
    );
    return parts.map((part) => ({
      steps: part.map(({ event }) => event.step),
      times: part.map(({ event }) => event.clientTime),
      values: part.map(({ event }) => event.value),
    }));
  };

  const sample = ({ id }: Series, query: BucketQuery) => {
    const events = (recorded.get(id)?.events ?? [])
      .map(({ step, ...event }) => ({ ...event, step: step ?? noStep }))
      .toSorted(
        (a, b) => a.step - b.step || a.clientTime - b.clientTime || a.sequence - b.sequence,
      );
    return sampleOf(
      {
        steps: events.map(({ step }) => step),
        times: events.map(({ clientTime }) => clientTime),
        values: events.map(({ value }) => value),
      },
      query,
    );
  };

  return {
    transaction,

    folders: Effect.sync(() => new Map(folders)),
    putFolder: (folder) => set(folders, folder.id, folder),

    experiments: (filter) =>
      Effect.sync(() =>
        [...experiments.values()]
          .filter(isOfFilter(filter))
          .toReversed()
          .toSorted((a, b) => b.updatedAt - a.updatedAt)
          .slice(0, filter.limit),
      ),
    experiment: (id) => Effect.sync(() => experiments.get(id)),
    putExperiment: (experiment) =>
      Effect.suspend(() => {
        const { id, revision, description } = experiment;
        const { descriptions } = recordOf(id);
        if (descriptions[revision] === undefined) push(descriptions, description);
        const lastEventAt = experiments.get(id)?.lastEventAt ?? null;
        return Effect.andThen(
          countChange(id),
          set(experiments, id, { ...experiment, lastEventAt }),
        );
      }),
    touchExperiment: (id, lastEventAt) =>
      Effect.andThen(
        Effect.suspend(() => countChange(id)),
        update(experiments, id, (before) => ({ ...before, lastEventAt })),
      ),
    revisions: (ids) =>
      Effect.sync(
        () =>
          new Map(
            ids
              .filter((id) => experiments.has(id))
              .map((id) => [
                id,
                { experiment: changes.get(id) ?? 0, series: recordOf(id).clientEventIds.size },
              ]),
          ),
      ),
    descriptions: (experimentId) => Effect.sync(() => recordOf(experimentId).descriptions),

    series: (experimentId, name) =>
      Effect.sync(() =>
        Array.from(recordOf(experimentId).series.values(), ({ series, events }) => ({
          ...series,
          count: events.length,
        })).filter((one) => name === undefined || one.name === name),
      ),
    rows: (query) => Effect.sync(() => rows(query)),
    points: (series, axis, direction) =>
      Stream.suspend(() => Stream.fromIterable(points(series, axis, direction))),
    sample: (series, query) => Effect.sync(() => sample(series, query)),
    ingest: (batch) => semaphore.withPermit(Effect.sync(() => ingest(batch))),

    annotations: (experimentId, { from, to, limit }) =>
      Effect.sync(() =>
        recordOf(experimentId)
          .annotations.filter(({ createdAt }) => createdAt >= from && createdAt <= to)
          .toReversed()
          .toSorted((a, b) => b.createdAt - a.createdAt)
          .slice(0, limit),
      ),
    addAnnotation: (annotation) =>
      Effect.sync(() => push(recordOf(annotation.experimentId).annotations, annotation)),

    ingestionKeys: (experimentId) =>
      Effect.sync(() => [...keys.values()].filter((key) => key.experimentId === experimentId)),
    addIngestionKey: (key, token) =>
      Effect.andThen(set(keys, key.id, key), set(tokens, token, key.id)),
    ingestionKeyOfToken: (token) => Effect.sync(() => keys.get(tokens.get(token) ?? "")),
    revokeIngestionKey: (id, revokedAt) => update(keys, id, (key) => ({ ...key, revokedAt })),
    touchIngestionKey: (id, lastUsedAt) => update(keys, id, (key) => ({ ...key, lastUsedAt })),

    addExperimentToken: (token, of) => set(experimentTokens, token, { ...of, revokedAt: null }),
    experimentToken: (token) => Effect.sync(() => experimentTokens.get(token)),
    revokeExperimentToken: (token, revokedAt) =>
      update(experimentTokens, token, (one) => ({ ...one, revokedAt })),

    answer: (idempotencyKey) => Effect.sync(() => answers.get(idempotencyKey)),
    addAnswer: (kept) =>
      Effect.sync(() => {
        undo.push(() => void answers.delete(kept.idempotencyKey));
        addAnswer(kept);
      }),
  };
};
