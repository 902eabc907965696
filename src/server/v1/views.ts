/** What the server keeps, as v1 shows it. */
import * as DateTime from "effect/DateTime";
import type { Annotation } from "../../internal/wire/v1/annotations.ts";
import type { Experiment } from "../../internal/wire/v1/experiment.ts";
import type { Folder } from "../../internal/wire/v1/folder.ts";
import type { IngestionKey } from "../../internal/wire/v1/ingestionKeys.ts";
import type { MetricRow } from "../../internal/wire/v1/metricRow.ts";
import { eventIdOf } from "../ids.ts";
import { ancestorsOf, type Folders, pathOf } from "../rules/folders.ts";
import type { Row } from "../rules/metrics.ts";
import type * as Kept from "../store.ts";

const time = (millis: number): DateTime.Utc => DateTime.makeUnsafe(millis);
const maybeTime = (millis: number | null) => (millis === null ? null : time(millis));

export const folderView = (orgId: string, folders: Folders, folder: Kept.Folder): Folder => ({
  folderId: folder.id,
  orgId,
  name: folder.name,
  parentIdPath: ancestorsOf(folders, folder).map(({ id }) => id),
  pathName: pathOf(folders, folder),
});

export const experimentView = (
  orgId: string,
  folders: Folders,
  experiment: Kept.Experiment,
): Experiment => {
  const folder = experiment.folderId === null ? undefined : folders.get(experiment.folderId);
  return {
    id: experiment.id,
    orgId,
    folder: folder === undefined ? null : folderView(orgId, folders, folder),
    url: `/experiments/${experiment.id}`,
    slug: experiment.slug,
    description: experiment.description.text,
    metadata: experiment.description.metadata,
    status: experiment.status,
    errorName: experiment.error?.name ?? null,
    errorDetail: experiment.error?.detail ?? null,
    createdAt: time(experiment.createdAt),
    updatedAt: time(experiment.updatedAt),
    startedAt: maybeTime(experiment.startedAt),
    doneAt: maybeTime(experiment.doneAt),
    // No request of v1 is a heartbeat.
    lastHeartbeatAt: null,
    lastEventAt: maybeTime(experiment.lastEventAt),
  };
};

export const keyView = (key: Kept.IngestionKey): IngestionKey => ({
  id: key.id,
  experimentId: key.experimentId,
  name: key.name,
  createdAt: time(key.createdAt),
  expiresAt: time(key.expiresAt),
  revokedAt: maybeTime(key.revokedAt),
  lastUsedAt: maybeTime(key.lastUsedAt),
});

export const annotationView = (annotation: Kept.Annotation): Annotation => ({
  id: annotation.id,
  experimentId: annotation.experimentId,
  annotation: annotation.text,
  metadata: annotation.metadata,
  createdAt: time(annotation.createdAt),
});

export const rowView = (
  orgId: string,
  { event, series, experiment, description }: Row,
): MetricRow => ({
  eventId: eventIdOf(experiment.id, event.sequence),
  orgId,
  experimentId: experiment.id,
  experimentSlug: experiment.slug,
  // Only for those who asked.
  experimentDescription: description?.text ?? null,
  experimentMetadata: description?.metadata ?? null,
  metricName: series.name,
  metricValue: event.value,
  step: event.step,
  metadata: series.metadata,
  clientTimestampMs: event.clientTime,
  serverTimestampMs: event.serverTime,
});
