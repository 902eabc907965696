import * as Schema from "effect/Schema";
import {
  always,
  Id,
  Metadata,
  optional,
  QueryString,
  text,
  Timestamp,
  TimestampInput,
  wireStruct,
} from "../schema.ts";
import { Experiment, ExperimentSummary, withUrlOn } from "./experiment.ts";
import { defineV1 } from "./generation.ts";

/** What most operations here answer. */
const one = {
  success: wireStruct({ experiment: Experiment }),
  onHost: ({ experiment }: { readonly experiment: Experiment }, host: string) => ({
    experiment: withUrlOn(experiment, host),
  }),
  auth: "apiKey",
  timeout: "timeout",
} as const;

export const listExperiments = defineV1({
  name: "Experiments.list",
  summary: "List experiments, by status, slug, a part of the slug, or time of creation.",
  method: "GET",
  path: "/experiments",
  query: wireStruct({
    status: optional(QueryString),
    slug: optional(QueryString),
    search: optional(QueryString),
    from: optional(Timestamp),
    to: optional(Timestamp),
    limit: optional(Schema.Int),
  }),
  success: wireStruct({ experiments: Schema.Array(ExperimentSummary) }),
  onHost: (
    { experiments }: { readonly experiments: ReadonlyArray<ExperimentSummary> },
    host: string,
  ) => ({ experiments: experiments.map((experiment) => withUrlOn(experiment, host)) }),
  status: 200,
  auth: "apiKey",
  repeat: "safe",
  timeout: "timeout",
});

export const createExperiment = defineV1({
  ...one,
  name: "Experiments.create",
  summary: "Create an experiment. Its slug is unique in the organization.",
  method: "POST",
  path: "/experiments",
  payload: wireStruct({
    slug: text(1, 200),
    description: always(text(0, 4000), ""),
    metadata: always(Metadata, {}),
    folderId: optional(Schema.NullOr(Id)),
  }),
  status: 201,
  repeat: "keyed",
});

export const getExperiment = defineV1({
  ...one,
  name: "Experiments.get",
  summary: "Get one experiment.",
  method: "GET",
  path: "/experiments/:experiment_id",
  status: 200,
  repeat: "safe",
});

/** In UTF-16 units. */
export const maxErrorName = 500;
export const maxErrorDetail = 8000;

export const updateExperimentStatus = defineV1({
  ...one,
  name: "Experiments.updateStatus",
  summary: "Say that an experiment runs, or how it ended.",
  method: "POST",
  path: "/experiments/:experiment_id",
  payload: wireStruct(
    {
      status: Schema.Literals(["running", "done", "error"]),
      error: optional(
        wireStruct({
          name: optional(text(0, maxErrorName)),
          detail: optional(text(0, maxErrorDetail)),
        }),
      ),
      timestamp: optional(TimestampInput),
    },
    { timestamp: "timestamp_ms" },
  ),
  status: 200,
  repeat: "keyed",
});

export const moveExperiment = defineV1({
  ...one,
  name: "Experiments.move",
  summary: "Move an experiment into a folder. `folder_id: null` moves it to the top level.",
  method: "PATCH",
  path: "/experiments/:experiment_id",
  payload: wireStruct({ folderId: Schema.NullOr(Id) }),
  status: 200,
  repeat: "keyed",
});
