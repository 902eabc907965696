import type * as DateTime from "effect/DateTime";
import * as Schema from "effect/Schema";
import {
  Id,
  type Metadata,
  metadataOrEmpty,
  NonNegativeInt,
  nullable,
  openLiterals,
  Timestamp,
} from "../schema.ts";
import { move, Nothing } from "./folders.ts";
import { defineEvent, organizationEvent } from "./generation.ts";

// -----------------------------------------------------------------------------
// Models
// -----------------------------------------------------------------------------

/**
 * Where an experiment stands. Any other string decodes too: the service may add one.
 *
 * @category models
 */
export type ExperimentStatus = "created" | "running" | "done" | "error" | (string & {});

/**
 * The record of one run.
 *
 * @category models
 */
export interface Experiment {
  readonly experimentId: string;
  /** Unique in the organization. */
  readonly slug: string;
  readonly description: string;
  /** The user's own JSON object, as it was given. */
  readonly meta: Metadata;
  readonly status: ExperimentStatus;
  /** Why it ended, when its status is `error`. */
  readonly error: { readonly message: string; readonly meta: Metadata } | null;
  readonly createdAt: DateTime.Utc;
  readonly updatedAt: DateTime.Utc;
  readonly startedAt: DateTime.Utc | null;
  readonly doneAt: DateTime.Utc | null;
  /** When a metric or an annotation last arrived. */
  readonly lastEventAt: DateTime.Utc | null;
}

/**
 * How often something of an experiment changed: what was read before is still so while they stay the same.
 *
 * @category models
 */
export interface Revisions {
  /** Of the record and the annotations. */
  readonly experimentRevision: number;
  /** Of the metrics. */
  readonly seriesRevision: number;
}

const fields = {
  experimentId: Schema.String,
  slug: Schema.String,
  description: Schema.String,
  meta: metadataOrEmpty,
  status: openLiterals(["created", "running", "done", "error"]),
  error: nullable(Schema.Struct({ message: Schema.String, meta: metadataOrEmpty })),
  createdAt: Timestamp,
  updatedAt: Timestamp,
  startedAt: nullable(Timestamp),
  doneAt: nullable(Timestamp),
  lastEventAt: nullable(Timestamp),
};
const names = {
  createdAt: "createdAtMs",
  updatedAt: "updatedAtMs",
  startedAt: "startedAtMs",
  doneAt: "doneAtMs",
  lastEventAt: "lastEventAtMs",
} as const;

/**
 * The schema of {@link Experiment}.
 *
 * @category models
 */
export const Experiment = Schema.Struct(fields)
  .pipe(Schema.encodeKeys(names))
  .annotate({ identifier: "Experiment" });

const revisions = { experimentRevision: NonNegativeInt, seriesRevision: NonNegativeInt };

const RevisedExperiment = Schema.Struct({ ...fields, ...revisions }).pipe(Schema.encodeKeys(names));

/**
 * The series of one name, with the metadata seen on them.
 *
 * @category models
 */
export interface CatalogSeries {
  readonly name: string;
  readonly metadata: ReadonlyArray<{
    readonly key: string;
    readonly values: ReadonlyArray<string>;
  }>;
}

/**
 * The schema of {@link CatalogSeries}.
 *
 * @category models
 */
export const CatalogSeries = Schema.Struct({
  name: Schema.String,
  metadata: Schema.Array(
    Schema.Struct({ key: Schema.String, values: Schema.Array(Schema.String) }),
  ),
})
  .pipe(Schema.encodeKeys({ name: "seriesName" }))
  .annotate({ identifier: "CatalogSeries" });

/**
 * A note on an experiment.
 *
 * @category models
 */
export interface Annotation {
  readonly annotationId: string;
  /** The text. */
  readonly annotation: string;
  readonly meta: Metadata;
  readonly createdAt: DateTime.Utc;
}

/**
 * The schema of {@link Annotation}.
 *
 * @category models
 */
export const Annotation = Schema.Struct({
  annotationId: Schema.String,
  annotation: Schema.String,
  meta: metadataOrEmpty,
  createdAt: Timestamp,
})
  .pipe(Schema.encodeKeys({ createdAt: "createdAtMs" }))
  .annotate({ identifier: "Annotation" });

// -----------------------------------------------------------------------------
// Queries
// -----------------------------------------------------------------------------

const ofOne = Schema.Struct({ experimentId: Id });
const ofMany = Schema.Struct({ experimentIds: Schema.Array(Id) });

/**
 * How many experiments one query is asked for. What the service would take is not known; its own tools ask for as
 * many.
 */
export const maxExperiments = 500;

export const getExperiment = defineEvent({
  ...organizationEvent,
  name: "Experiments.get",
  summary: "The record of an experiment.",
  event: "syvain.v2.query.experiment",
  reply: "syvain.v2.query.experiment.result",
  payload: ofOne,
  success: Schema.Struct({ experiment: Experiment }),
  repeat: "safe",
});

export const getExperiments = defineEvent({
  ...organizationEvent,
  name: "Experiments.getMany",
  summary: "The records of several experiments.",
  event: "syvain.v2.query.experiments",
  reply: "syvain.v2.query.experiments.result",
  payload: ofMany,
  success: Schema.Struct({
    experiments: Schema.Array(RevisedExperiment),
    missing: Schema.Array(Schema.String),
  }).pipe(Schema.encodeKeys({ missing: "missingExperimentIds" })),
  repeat: "safe",
});

export const getRevisions = defineEvent({
  ...organizationEvent,
  name: "Experiments.revisions",
  summary: "How often several experiments changed.",
  event: "syvain.v2.query.revisions",
  reply: "syvain.v2.query.revisions.result",
  payload: ofMany,
  success: Schema.Struct({
    revisions: Schema.Array(Schema.Struct({ experimentId: Schema.String, ...revisions })),
    missing: Schema.Array(Schema.String),
  }).pipe(Schema.encodeKeys({ missing: "missingExperimentIds" })),
  repeat: "safe",
});

export const getCatalog = defineEvent({
  ...organizationEvent,
  name: "Experiments.catalog",
  summary: "The names of the series of an experiment, with their metadata.",
  event: "syvain.v2.query.catalog",
  reply: "syvain.v2.query.catalog.result",
  payload: ofOne,
  success: Schema.Struct({ series: Schema.Array(CatalogSeries) }),
  repeat: "safe",
});

export const getAnnotations = defineEvent({
  ...organizationEvent,
  name: "Experiments.annotations",
  summary: "The annotations of an experiment, newest first.",
  event: "syvain.v2.query.annotations",
  reply: "syvain.v2.query.annotations.result",
  payload: ofOne,
  success: Schema.Struct({ annotations: Schema.Array(Annotation) }),
  repeat: "safe",
});

// -----------------------------------------------------------------------------
// Changes
// -----------------------------------------------------------------------------

/** The code of the refusal of a move of an experiment that is elsewhere by now. */
export const moveConflict = "experiment_folder_move_conflict";

export const moveExperiment = defineEvent({
  ...organizationEvent,
  name: "Experiments.move",
  summary: "Move an experiment.",
  event: "syvain.v2.folderexperiment.move",
  reply: "syvain.v2.folderexperiment.moved",
  payload: Schema.Struct({
    experimentId: Id,
    from: move.fromFolderId,
    to: move.toFolderId,
  }).pipe(Schema.encodeKeys({ from: "fromFolderId", to: "toFolderId" })),
  success: Nothing,
  repeat: "once",
});
