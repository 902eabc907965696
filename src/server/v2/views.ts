/** What the server keeps, as v2 shows it. */
import * as DateTime from "effect/DateTime";
import type { Annotation, CatalogSeries, Experiment } from "../../internal/wire/v2/experiments.ts";
import type { Level } from "../../internal/wire/v2/folders.ts";
import { groupBy } from "../groupBy.ts";
import { asText } from "../rules/metrics.ts";
import type * as Kept from "../store.ts";

const time = (millis: number): DateTime.Utc => DateTime.makeUnsafe(millis);
const maybeTime = (millis: number | null) => (millis === null ? null : time(millis));

const byKey =
  <A>(key: (one: A) => string) =>
  (a: A, b: A): number =>
    key(a) < key(b) ? -1 : Number(key(a) > key(b));

/** By name and by slug, at each level. */
export const treeView = (
  folders: Iterable<Kept.Folder>,
  experiments: ReadonlyArray<Kept.Experiment>,
): Level => {
  const foldersIn = groupBy(folders, ({ parentId }) => parentId);
  const experimentsIn = groupBy(experiments, ({ folderId }) => folderId);
  const level = (id: string | null): Level => ({
    experiments: (experimentsIn.get(id) ?? [])
      .toSorted(byKey(({ slug }) => slug))
      .map(({ id, slug }) => ({ experimentId: id, slug })),
    folders: (foldersIn.get(id) ?? [])
      .toSorted(byKey(({ name }) => name))
      .map(({ id, name }) => ({ folderId: id, name, ...level(id) })),
  });
  return level(null);
};

/** One of v1 has a name, and no metadata to have it in. */
const errorView = ({ name, detail, meta }: Kept.ExperimentError): Experiment["error"] =>
  meta === undefined
    ? {
        message: detail === null ? name : `${name}: ${detail}`,
        meta: { error_type: name },
      }
    : { message: detail ?? "", meta };

export const experimentView = (experiment: Kept.Experiment): Experiment => ({
  experimentId: experiment.id,
  slug: experiment.slug,
  description: experiment.description.text,
  meta: experiment.description.metadata,
  status: experiment.status,
  error: experiment.error === null ? null : errorView(experiment.error),
  createdAt: time(experiment.createdAt),
  updatedAt: time(experiment.updatedAt),
  startedAt: maybeTime(experiment.startedAt),
  doneAt: maybeTime(experiment.doneAt),
  lastEventAt: maybeTime(experiment.lastEventAt),
});

export const annotationView = ({ id, text, metadata, createdAt }: Kept.Annotation): Annotation => ({
  annotationId: id,
  annotation: text,
  meta: metadata,
  createdAt: time(createdAt),
});

/** By name; the values of a key in the order of arrival. */
export const catalogView = (series: ReadonlyArray<Kept.Series>): ReadonlyArray<CatalogSeries> =>
  Array.from(
    groupBy(series, ({ name }) => name),
    ([name, all]) => {
      const values = new Map<string, Set<string>>();
      for (const { metadata } of all) {
        for (const [key, value] of Object.entries(metadata)) {
          values.set(key, (values.get(key) ?? new Set()).add(asText(value)));
        }
      }
      return {
        name,
        metadata: Array.from(values, ([key, seen]) => ({ key, values: [...seen] })).toSorted(
          byKey(({ key }) => key),
        ),
      };
    },
  ).toSorted(byKey(({ name }) => name));
