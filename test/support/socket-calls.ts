/** Every call that sends something, and one answer that suits them all. */
import type * as Effect from "effect/Effect";
import type { HttpClient } from "effect/http/HttpClient";
import * as Annotations from "../../src/Annotations.ts";
import * as Auth from "../../src/Auth.ts";
import type { ConfigService } from "../../src/ConfigService.ts";
import * as Experiments from "../../src/Experiments.ts";
import * as Folders from "../../src/Folders.ts";
import type { IngestionKeyCache } from "../../src/IngestionKeyCache.ts";
import * as IngestionKeys from "../../src/IngestionKeys.ts";
import * as Metrics from "../../src/Metrics.ts";
import type { MetricsApiError } from "../../src/MetricsApiError.ts";

export interface Call {
  readonly name: string;
  readonly method: "GET" | "POST" | "PATCH" | "DELETE";
  readonly template: string;
  readonly effect: Effect.Effect<
    unknown,
    MetricsApiError,
    ConfigService | HttpClient | IngestionKeyCache
  >;
  /** It needs an ingestion key, which is minted first. */
  readonly mints?: true;
}

/** The ids and query values of the calls below all hold this. */
export const marker = "SECRETIVE";
const id = `${marker} é/1`;
const experiments = "/api/v1/experiments";
const experiment = `${experiments}/{experiment_id}`;
const folder = "/api/v1/folders/{folder_id}";
const keys = `${experiment}/ingestion-keys`;
const page = { cursor: marker, limit: 7 };
const values = { metricName: marker, metadataKey: marker, experimentIds: [id, id] };

// oxfmt-ignore
export const calls: ReadonlyArray<Call> = [
  { name: "Folders.list", method: "GET", template: "/api/v1/folders", effect: Folders.list({ parentId: id, ...page }) },
  { name: "Folders.create", method: "POST", template: "/api/v1/folders", effect: Folders.create({ name: marker, parentId: id }) },
  { name: "Folders.get", method: "GET", template: folder, effect: Folders.get(id) },
  { name: "Folders.patch", method: "PATCH", template: folder, effect: Folders.patch(id, { name: marker }) },
  { name: "Folders.rename", method: "PATCH", template: folder, effect: Folders.rename(id, marker) },
  { name: "Folders.move", method: "PATCH", template: folder, effect: Folders.move(id, id) },
  { name: "Experiments.list", method: "GET", template: experiments, effect: Experiments.list({ folderId: id, slug: marker, ...page }) },
  { name: "Experiments.create", method: "POST", template: experiments, effect: Experiments.create({ slug: marker, metadata: { [marker]: marker } }) },
  { name: "Experiments.get", method: "GET", template: experiment, effect: Experiments.get(id) },
  { name: "Experiments.updateStatus", method: "PATCH", template: experiment, effect: Experiments.updateStatus(id, "running") },
  { name: "Experiments.move", method: "PATCH", template: experiment, effect: Experiments.move(id, id) },
  { name: "Metrics.list", method: "GET", template: `${experiment}/metrics`, effect: Metrics.list(id, { name: marker, ...page }) },
  { name: "Metrics.compare", method: "POST", template: "/api/v1/metrics/compare", effect: Metrics.compare([{ experimentId: id, metricName: marker }]) },
  { name: "Metrics.ingest", method: "POST", template: `${experiment}/metrics`, effect: Metrics.ingest(id, [{ clientEventId: marker, name: marker, value: 1 }], { sync: true }), mints: true },
  { name: "Metrics.listCatalog", method: "GET", template: "/api/v1/metrics/catalog", effect: Metrics.listCatalog({ experimentIds: [id], ...page }) },
  { name: "Metrics.inspectCatalogValues", method: "GET", template: "/api/v1/metrics/catalog/values", effect: Metrics.inspectCatalogValues({ ...values, ...page }) },
  { name: "IngestionKeys.list", method: "GET", template: keys, effect: IngestionKeys.list(id, page) },
  { name: "IngestionKeys.create", method: "POST", template: keys, effect: IngestionKeys.create(id) },
  { name: "IngestionKeys.revoke", method: "DELETE", template: `${keys}/{ingestion_key_id}`, effect: IngestionKeys.revoke(id, id) },
  { name: "Annotations.list", method: "GET", template: `${experiment}/annotations`, effect: Annotations.list(id, page) },
  { name: "Annotations.create", method: "POST", template: `${experiment}/annotations`, effect: Annotations.create(id, { text: marker }), mints: true },
  { name: "Auth.status", method: "GET", template: "/api/v1/auth/status", effect: Auth.status },
];

const at = "2026-01-02T03:04:05Z";

/** The contract lets unknown fields by, so one body can answer every call. */
export const answerToAll = (ingestionKey = "ingestion-key") =>
  JSON.stringify({
    folder: { id: "f", name: "n", parent_id: null, created_at: at, updated_at: at },
    folders: [],
    experiment: {
      id: "e",
      slug: "s",
      description: null,
      status: "running",
      folder_id: null,
      metadata: {},
      created_at: at,
      updated_at: at,
    },
    experiments: [],
    metrics: [],
    accepted: 1,
    duplicates: 0,
    rows: [],
    values: [],
    ingestion_keys: [],
    ingestion_key: {
      id: "k",
      experiment_id: "e",
      key: ingestionKey,
      created_at: at,
      expires_at: null,
    },
    annotation: {
      id: "a",
      experiment_id: "e",
      text: "t",
      step: null,
      timestamp: null,
      metadata: {},
      client_event_id: null,
      created_at: at,
    },
    annotations: [],
    authenticated: true,
    organization: null,
    key: null,
    next_cursor: null,
  });
