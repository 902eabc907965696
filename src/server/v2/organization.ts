/** The events of the organization, under the API key. */
import * as DateTime from "effect/DateTime";
import * as Effect from "effect/Effect";
import * as Redacted from "effect/Redacted";
import * as Contract from "../../internal/wire/v2/experiments.ts";
import * as Tree from "../../internal/wire/v2/folders.ts";
import * as Runs from "../../internal/wire/v2/runs.ts";
import { listAnnotations } from "../rules/annotations.ts";
import * as Experiments from "../rules/experiments.ts";
import * as Tokens from "../rules/experimentTokens.ts";
import * as Folders from "../rules/folders.ts";
import { select } from "../rules/metrics.ts";
import { Store } from "../store.ts";
import { byName, on, unfit } from "./events.ts";
import { annotationView, catalogView, experimentView, treeView } from "./views.ts";

const issued = ({ token, expiresAt }: { token: Redacted.Redacted; expiresAt: number }) => ({
  // The contract takes one of its own label alone.
  experimentToken: Redacted.make(Redacted.value(token), { label: "experimentToken" }),
  expiresAt: DateTime.makeUnsafe(expiresAt),
});

/** As many as the store takes. */
const maxIds = 1000;

/** The ids that were asked for, each once, and what there is of those that are there. */
const findAll = (ids: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const asked = [...new Set(ids)];
    if (asked.length > maxIds) {
      return yield* unfit({ path: ["experimentIds"], expected: `at most ${maxIds} ids` });
    }
    const revisions = yield* (yield* Store).revisions(asked);
    return {
      missing: asked.filter((id) => !revisions.has(id)),
      found: Array.from(revisions, ([experimentId, { experiment, series }]) => ({
        experimentId,
        experimentRevision: experiment,
        seriesRevision: series,
      })),
    };
  });

export const organizationEvents = byName([
  // Folders

  on(Tree.readTree, () =>
    Effect.gen(function* () {
      const store = yield* Store;
      const folders = yield* store.folders;
      return treeView(folders.values(), yield* store.experiments({}));
    }),
  ),
  on(Tree.createFolder, ({ name, parentId = null }) =>
    Effect.map(Folders.createFolder({ name, parentId }), ({ id }) => ({ folderId: id })),
  ),
  on(Tree.renameFolder, ({ folderId, name }) =>
    Effect.as(Folders.patchFolder(folderId, { name }), {}),
  ),
  on(Tree.moveFolder, ({ folderId, from, to }) =>
    Effect.as(Folders.moveFolder(folderId, from, to), {}),
  ),

  // Experiments

  on(Contract.moveExperiment, ({ experimentId, from, to }) =>
    Effect.as(Experiments.moveExperiment(experimentId, to, from), {}),
  ),
  on(Contract.getExperiment, ({ experimentId }) =>
    Effect.map(Experiments.findExperiment(experimentId), (found) => ({
      experiment: experimentView(found),
    })),
  ),
  on(Contract.getExperiments, ({ experimentIds }) =>
    Effect.gen(function* () {
      const { found, missing } = yield* findAll(experimentIds);
      const experiments = yield* Effect.forEach(found, (revisions) =>
        Effect.map(Experiments.findExperiment(revisions.experimentId), (one) => ({
          ...experimentView(one),
          ...revisions,
        })),
      );
      return { experiments, missing };
    }),
  ),
  on(Contract.getRevisions, ({ experimentIds }) =>
    Effect.map(findAll(experimentIds), ({ found, missing }) => ({ revisions: found, missing })),
  ),
  on(Contract.getCatalog, ({ experimentId }) =>
    Effect.map(select([{ experimentId }]), (chosen) => ({
      series: catalogView(chosen.map(({ series }) => series)),
    })),
  ),
  on(Contract.getAnnotations, ({ experimentId }) =>
    Effect.map(listAnnotations(experimentId, { limit: Number.MAX_SAFE_INTEGER }), (all) => ({
      annotations: all.map(annotationView),
    })),
  ),

  // Tokens

  on(Runs.openExperiment, ({ slug, description = "", meta = {} }) =>
    Effect.gen(function* () {
      const { experiment } = yield* Experiments.openExperiment(
        slug,
        { text: description, metadata: meta },
        undefined,
      );
      return { experimentId: experiment.id, ...issued(yield* Tokens.issueToken(experiment.id)) };
    }),
  ),
  on(Runs.refreshToken, ({ experimentId, experimentToken }) =>
    Effect.map(Tokens.refreshToken(Redacted.value(experimentToken), experimentId), issued),
  ),
]);
