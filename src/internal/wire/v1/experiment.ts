import type * as DateTime from "effect/DateTime";
import * as Schema from "effect/Schema";
import {
  Metadata,
  metadataOrEmpty,
  nullable,
  openLiterals,
  Timestamp,
  wireStruct,
} from "../schema.ts";
import { Folder } from "./folder.ts";

/**
 * Where an experiment stands. Any other string decodes too: the service may add one.
 *
 * @category models
 */
export type ExperimentStatus = "created" | "running" | "done" | "error" | (string & {});

/**
 * The schema of {@link ExperimentStatus}.
 *
 * @category models
 */
export const ExperimentStatus = openLiterals(["created", "running", "done", "error"]);

/**
 * One run whose metrics are stored.
 *
 * @category models
 */
export interface Experiment {
  readonly id: string;
  readonly orgId: string;
  /** `null` at the top level. */
  readonly folder: Folder | null;
  /** Its page. */
  readonly url: string;
  /** Unique in the organization. */
  readonly slug: string;
  readonly description: string;
  /** The user's own JSON object, as it was given. */
  readonly metadata: Metadata;
  readonly status: ExperimentStatus;
  /** Why it ended, when its status is `error`. */
  readonly errorName: string | null;
  readonly errorDetail: string | null;
  readonly createdAt: DateTime.Utc;
  readonly updatedAt: DateTime.Utc;
  readonly startedAt: DateTime.Utc | null;
  readonly doneAt: DateTime.Utc | null;
  readonly lastHeartbeatAt: DateTime.Utc | null;
  /** When a metric or an annotation last arrived. */
  readonly lastEventAt: DateTime.Utc | null;
}

/** Times are `…_at_ms` on the wire. */
const names = {
  createdAt: "created_at_ms",
  updatedAt: "updated_at_ms",
  startedAt: "started_at_ms",
  doneAt: "done_at_ms",
  lastHeartbeatAt: "last_heartbeat_at_ms",
  lastEventAt: "last_event_at_ms",
} as const;

/** What every listing of an experiment has. */
const summary = {
  id: Schema.String,
  orgId: Schema.String,
  folder: nullable(Folder),
  url: Schema.String,
  slug: Schema.String,
  status: ExperimentStatus,
  createdAt: Timestamp,
  updatedAt: Timestamp,
};

/**
 * The schema of {@link Experiment}.
 *
 * @category models
 */
export const Experiment = wireStruct(
  {
    ...summary,
    description: Schema.String,
    metadata: metadataOrEmpty,
    errorName: nullable(Schema.String),
    errorDetail: nullable(Schema.String),
    startedAt: nullable(Timestamp),
    doneAt: nullable(Timestamp),
    lastHeartbeatAt: nullable(Timestamp),
    lastEventAt: nullable(Timestamp),
  },
  names,
).annotate({ identifier: "Experiment" });

/**
 * An experiment as lists have it: what every release of the service answers there, and what some leave out.
 *
 * @category models
 */
export interface ExperimentSummary
  extends
    Pick<
      Experiment,
      "id" | "orgId" | "folder" | "url" | "slug" | "status" | "createdAt" | "updatedAt"
    >,
    Partial<Omit<Experiment, keyof typeof summary>> {}

/**
 * The schema of {@link ExperimentSummary}.
 *
 * @category models
 */
export const ExperimentSummary = wireStruct(
  {
    ...summary,
    description: Schema.optionalKey(Schema.String),
    metadata: Schema.optionalKey(Metadata),
    errorName: Schema.optionalKey(Schema.NullOr(Schema.String)),
    errorDetail: Schema.optionalKey(Schema.NullOr(Schema.String)),
    startedAt: Schema.optionalKey(Schema.NullOr(Timestamp)),
    doneAt: Schema.optionalKey(Schema.NullOr(Timestamp)),
    lastHeartbeatAt: Schema.optionalKey(Schema.NullOr(Timestamp)),
    lastEventAt: Schema.optionalKey(Schema.NullOr(Timestamp)),
  },
  names,
).annotate({ identifier: "ExperimentSummary" });

/** The service may give its page as a path: the same on the host that it was asked on. */
export const withUrlOn = <E extends { readonly url: string }>(experiment: E, host: string): E =>
  experiment.url.startsWith("/") ? { ...experiment, url: host + experiment.url } : experiment;
