/** Experiments: one for each slug, from `created` to `done` or `error`. */
import * as Effect from "effect/Effect";
import { newId } from "../ids.ts";
import { currentMillis } from "../now.ts";
import {
  type Description,
  type Experiment,
  type ExperimentError,
  type Status,
  Store,
  type StoreError,
} from "../store.ts";
import { checkFolder } from "./folders.ts";
import { notFound, Refusal } from "./refusal.ts";

export const findExperiment = (
  id: string,
): Effect.Effect<Experiment, Refusal | StoreError, Store> =>
  Effect.gen(function* () {
    const experiment = yield* (yield* Store).experiment(id);
    return experiment ?? (yield* notFound("experiment", id));
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
    const [before] = yield* store.experiments({ slug });
    const fresh: Experiment = {
      id: newId(),
      slug,
      folderId: folderId ?? null,
      revision: 0,
      description,
      status: "created",
      error: null,
      createdAt: now,
      updatedAt: now,
      startedAt: null,
      doneAt: null,
      lastEventAt: null,
    };
    const experiment =
      before === undefined
        ? fresh
        : {
            ...before,
            revision: before.revision + 1,
            description,
            updatedAt: now,
            folderId: before.folderId ?? fresh.folderId,
          };
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
  error: { readonly [K in keyof ExperimentError]?: ExperimentError[K] | undefined },
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
              ? { ...error, name: error.name ?? "Error", detail: error.detail ?? null }
              : null,
        },
  );

/** Only out of the folder `from`, when there is one given: someone else may have moved it meanwhile. */
export const moveExperiment = (
  id: string,
  folderId: string | null,
  from?: string | null | undefined,
) =>
  Effect.gen(function* () {
    yield* checkFolder(folderId);
    const before = yield* findExperiment(id);
    if (from !== undefined && from !== before.folderId) {
      return yield* new Refusal({
        status: 409,
        message: "the experiment is elsewhere by now",
        code: "experiment_folder_move_conflict",
      });
    }
    return yield* change(id, () => ({ folderId }));
  });
