import type * as DateTime from "effect/DateTime";
import * as Schema from "effect/Schema";
import { alias, define } from "./operation.ts";
import {
  Id,
  Metadata,
  nextCursor,
  optional,
  paged,
  QueryString,
  Timestamp,
  wireStruct,
} from "./schema.ts";

/** Where an experiment stands. Any other string decodes too: the service may add one. */
export type ExperimentStatus =
  | "pending"
  | "running"
  | "done"
  | "failed"
  | "cancelled"
  | (string & {});

export const ExperimentStatus = Schema.Union([
  Schema.StringForLiteralAutocomplete,
  Schema.Literals(["pending", "running", "done", "failed", "cancelled"]),
]);

/** One run whose metrics are stored. */
export interface Experiment {
  readonly id: string;
  /** Unique in the organization. */
  readonly slug: string;
  readonly description: string | null;
  readonly status: ExperimentStatus;
  /** `null` at the top level. */
  readonly folderId: string | null;
  /** The user's own JSON object, as it was given. */
  readonly metadata: Metadata;
  readonly createdAt: DateTime.Utc;
  readonly updatedAt: DateTime.Utc;
}

export const Experiment = wireStruct({
  id: Id,
  slug: Schema.String,
  description: Schema.NullOr(Schema.String),
  status: ExperimentStatus,
  folderId: Schema.NullOr(Id),
  metadata: Metadata,
  createdAt: Timestamp,
  updatedAt: Timestamp,
}).annotate({ identifier: "Experiment" });

const experiment = wireStruct({ experiment: Experiment });

export const listExperiments = define({
  name: "Experiments.list",
  summary: "List experiments, by folder, status or slug.",
  method: "GET",
  path: "/experiments",
  query: wireStruct(
    paged({
      folderId: optional(Id),
      status: optional(QueryString),
      slug: optional(QueryString),
    }),
  ),
  success: wireStruct({ experiments: Schema.Array(Experiment), nextCursor }),
  status: 200,
  auth: "apiKey",
  retry: "safe",
  timeout: "timeout",
});

export const createExperiment = define({
  name: "Experiments.create",
  summary: "Create an experiment. Its slug is unique in the organization.",
  method: "POST",
  path: "/experiments",
  payload: wireStruct({
    slug: Schema.NonEmptyString,
    description: optional(Schema.String),
    metadata: optional(Metadata),
    folderId: optional(Id),
  }),
  success: experiment,
  status: 201,
  auth: "apiKey",
  retry: "keyed",
  timeout: "timeout",
});

export const getExperiment = define({
  name: "Experiments.get",
  summary: "Get one experiment.",
  method: "GET",
  path: "/experiments/:experiment_id",
  success: experiment,
  status: 200,
  auth: "apiKey",
  retry: "safe",
  timeout: "timeout",
});

export const patchExperiment = define({
  name: "Experiments.patch",
  summary:
    "Set the status of an experiment, or move it. `folder_id: null` moves it to the top level.",
  method: "PATCH",
  path: "/experiments/:experiment_id",
  payload: wireStruct({
    status: optional(ExperimentStatus),
    folderId: optional(Schema.NullOr(Id)),
  }),
  success: experiment,
  status: 200,
  auth: "apiKey",
  retry: "keyed",
  timeout: "timeout",
});

/** The one `PATCH` of the wire has two public names. */
export const updateExperimentStatus = alias(patchExperiment, "Experiments.updateStatus");
export const moveExperiment = alias(patchExperiment, "Experiments.move");
