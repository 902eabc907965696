/** Experiments: one for each slug, from `created` to `done` or `error`. */
import * as Effect from "effect/Effect";
import { newId } from "../ids.ts";
import { currentMillis } from "../now.ts";
import { type Description, type Experiment, type Status, Store } from "../store.ts";
import { checkFolder } from "./folders.ts";
import { notFound, type Refusal } from "./refusal.ts";

export const findExperiment = (id: string): Effect.Effect<Experiment, Refusal, Store> =>
  Effect.gen(function* () {
    const experiment = yield* (yield* Store).experiment(id);
    return experiment ?? (yield* notFound("experiment", id));
  });

export interface ExperimentFilter {
  readonly folderId?: string | undefined;
  readonly status?: string | undefined;
  readonly slug?: string | undefined;
  /** A part of the slug, whatever the case. */
  readonly search?: string | undefined;
  /** Inclusive, of the time of creation. */
  readonly from?: number | undefined;
  readonly to?: number | undefined;
}

/** The last updated first. */
export const listExperiments = (filter: ExperimentFilter) =>
  Effect.gen(function* () {
    const search = filter.search?.toLowerCase();
    return (yield* (yield* Store).experiments)
      .filter(
        ({ folderId, status, slug, createdAt }) =>
          (filter.folderId === undefined || folderId === filter.folderId) &&
          (filter.status === undefined || status === filter.status) &&
          (filter.slug === undefined || slug === filter.slug) &&
          (search === undefined || slug.toLowerCase().includes(search)) &&
          createdAt >= (filter.from ?? -Infinity) &&
          createdAt <= (filter.to ?? Infinity),
      )
      .toReversed()
      .toSorted((a, b) => b.updatedAt - a.updatedAt);
  });

/**
 * An experiment whose slug is taken is opened again: it gets the new description, and moves into the folder if it was
 * in none. `created` says which of the two it was.
 */
export const openExperiment = (
  slug: string,
  description: Description,
  folderId: string | null | undefined,
) =>
  Effect.gen(function* () {
    const store = yield* Store;
    yield* checkFolder(folderId);
    const now = yield* currentMillis;
    const before = yield* store.experimentOfSlug(slug);
    const id = before?.id ?? newId();
    const fresh: Experiment = {
      id,
      slug,
      folderId: folderId ?? null,
      revision: yield* store.addDescription(id, description),
      status: "created",
      error: null,
      createdAt: now,
      updatedAt: now,
      startedAt: null,
      doneAt: null,
      lastEventAt: null,
    };
    const { revision } = fresh;
    const experiment =
      before === undefined
        ? fresh
        : { ...before, revision, updatedAt: now, folderId: before.folderId ?? fresh.folderId };
    yield* store.putExperiment(experiment);
    return { experiment, created: before === undefined };
  });

const change = (id: string, patch: (now: number) => Partial<Experiment>) =>
  Effect.gen(function* () {
    const before = yield* findExperiment(id);
    const now = yield* currentMillis;
    const experiment = { ...before, updatedAt: now, ...patch(now) };
    yield* (yield* Store).putExperiment(experiment);
    return experiment;
  });

/** `time` is when it started or ended; now, unless the client knows better. */
export const setStatus = (
  id: string,
  status: Exclude<Status, "created">,
  error: { readonly name?: string | undefined; readonly detail?: string | undefined },
  time: number | undefined,
) =>
  change(id, (now) =>
    status === "running"
      ? { status, error: null, startedAt: time ?? now, doneAt: null }
      : {
          status,
          doneAt: time ?? now,
          error:
            status === "error"
              ? { name: error.name ?? "Error", detail: error.detail ?? null }
              : null,
        },
  );

export const moveExperiment = (id: string, folderId: string | null) =>
  Effect.andThen(
    checkFolder(folderId),
    change(id, () => ({ folderId })),
  );

/** An event or an annotation has come. */
export const touchExperiment = (experiment: Experiment, lastEventAt: number) =>
  Effect.flatMap(Store, (store) => store.putExperiment({ ...experiment, lastEventAt }));

export const descriptionOf = ({ id, revision }: Experiment) =>
  Effect.gen(function* () {
    const description = (yield* (yield* Store).descriptions(id))[revision];
    return description ?? (yield* Effect.die(new Error(`no revision ${revision} of ${id}`)));
  });
