/** The store in memory: what it keeps ends with the process. */
import * as Effect from "effect/Effect";
import * as Semaphore from "effect/Semaphore";
import { canonical, digest } from "./json.ts";
import type {
  Annotation,
  Answer,
  Claim,
  Description,
  Event,
  Experiment,
  Folder,
  IngestionKey,
  NewEvent,
  Series,
  Store,
} from "./store.ts";

/** How many answers are kept for `Idempotency-Key`s; the oldest goes first. */
const maxAnswers = 10_000;

/** What belongs to one experiment. */
interface Recorded {
  readonly descriptions: Array<Description>;
  /** By name and metadata. */
  readonly series: Map<string, { readonly series: Omit<Series, "count">; events: Array<Event> }>;
  readonly clientEventIds: Set<string>;
  readonly annotations: Array<Annotation>;
}

export const makeMemoryStore = (): Store["Service"] => {
  const semaphore = Semaphore.makeUnsafe(1);
  const folders = new Map<string, Folder>();
  const experiments = new Map<string, Experiment>();
  const slugs = new Map<string, string>();
  const records = new Map<string, Recorded>();
  const keys = new Map<string, IngestionKey>();
  const tokens = new Map<string, string>();
  const answers = new Map<string, { readonly request: string; readonly answer?: Answer }>();
  let sequence = 0;

  const recordOf = (experimentId: string): Recorded => {
    let record = records.get(experimentId);
    if (record === undefined) {
      record = { descriptions: [], series: new Map(), clientEventIds: new Set(), annotations: [] };
      records.set(experimentId, record);
    }
    return record;
  };

  const seriesKey = (name: string, metadata: string) => JSON.stringify([name, metadata]);

  const eventsOf = (record: Recorded, experimentId: string, { name, metadata }: NewEvent) => {
    const text = canonical(metadata);
    const key = seriesKey(name, text);
    let found = record.series.get(key);
    if (found === undefined) {
      found = { series: { experimentId, name, metadata, hash: digest(text) }, events: [] };
      record.series.set(key, found);
    }
    return found.events;
  };

  const claim = (idempotencyKey: string, request: string): Claim => {
    const before = answers.get(idempotencyKey);
    if (before === undefined) {
      answers.set(idempotencyKey, { request });
      if (answers.size > maxAnswers) answers.delete(answers.keys().next().value!);
      return { _tag: "Granted" };
    }
    if (before.request !== request) return { _tag: "Reused" };
    return before.answer === undefined
      ? { _tag: "InProgress" }
      : { _tag: "Answered", answer: before.answer };
  };

  return {
    // Nothing fails between the writes of a transaction, so none has to be undone.
    transaction: (self) => semaphore.withPermit(Effect.uninterruptible(self)),

    folders: Effect.succeed(folders),
    putFolder: (folder) => Effect.sync(() => void folders.set(folder.id, folder)),

    experiments: Effect.sync(() => [...experiments.values()]),
    experiment: (id) => Effect.sync(() => experiments.get(id)),
    experimentOfSlug: (slug) => Effect.sync(() => experiments.get(slugs.get(slug) ?? "")),
    putExperiment: (experiment) =>
      Effect.sync(() => {
        experiments.set(experiment.id, experiment);
        slugs.set(experiment.slug, experiment.id);
      }),
    descriptions: (experimentId) => Effect.sync(() => recordOf(experimentId).descriptions),
    addDescription: (experimentId, description) =>
      Effect.sync(() => recordOf(experimentId).descriptions.push(description) - 1),

    series: (experimentId) =>
      Effect.sync(() =>
        Array.from(recordOf(experimentId).series.values(), ({ series, events }) => ({
          ...series,
          count: events.length,
        })),
      ),
    events: ({ experimentId, name, metadata }) =>
      Effect.sync(
        () => recordOf(experimentId).series.get(seriesKey(name, canonical(metadata)))?.events ?? [],
      ),
    addEvents: (experimentId, events) =>
      Effect.sync(() => {
        const record = recordOf(experimentId);
        for (const event of events) {
          if (record.clientEventIds.has(event.clientEventId)) continue;
          record.clientEventIds.add(event.clientEventId);
          const { id, value, step, clientTime, serverTime, revision } = event;
          eventsOf(record, experimentId, event).push({
            id,
            value,
            step,
            clientTime,
            serverTime,
            revision,
            sequence: sequence++,
          });
        }
      }),

    annotations: (experimentId) => Effect.sync(() => recordOf(experimentId).annotations),
    addAnnotation: (annotation) =>
      Effect.sync(() => void recordOf(annotation.experimentId).annotations.push(annotation)),

    ingestionKeys: (experimentId) =>
      Effect.sync(() => [...keys.values()].filter((key) => key.experimentId === experimentId)),
    ingestionKeyOfToken: (token) => Effect.sync(() => keys.get(tokens.get(token) ?? "")),
    addIngestionKey: (key, token) =>
      Effect.sync(() => {
        keys.set(key.id, key);
        tokens.set(token, key.id);
      }),
    putIngestionKey: (key) => Effect.sync(() => void keys.set(key.id, key)),

    claim: (idempotencyKey, request) => Effect.sync(() => claim(idempotencyKey, request)),
    keepAnswer: (idempotencyKey, answer) =>
      Effect.sync(() => {
        const claimed = answers.get(idempotencyKey);
        if (claimed !== undefined) answers.set(idempotencyKey, { ...claimed, answer });
      }),
    dropClaim: (idempotencyKey) => Effect.sync(() => void answers.delete(idempotencyKey)),
  };
};
