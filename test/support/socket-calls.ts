/** Every call that sends something, and a good answer to each. */
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
import type { MetricsApiError } from "../../src/internal/base/errors.ts";
import type { Operation } from "../../src/internal/wire/operation.ts";
import * as contract from "../../src/internal/wire/v1/index.ts";
import { moveFolder, renameFolder } from "../../src/internal/wire/v1/folders.ts";

/** Every operation, and the two that have a name of their own for an address that they share. */
const operations = { ...contract, renameFolder, moveFolder };
export type AnyOperation = (typeof operations)[keyof typeof operations];
type Name = AnyOperation["name"];

export interface Call {
  readonly name: Name;
  readonly operation: Operation;
  readonly effect: Effect.Effect<
    unknown,
    MetricsApiError,
    ConfigService | HttpClient | IngestionKeyCache
  >;
  /** What the service answers: inside the envelope, or line by line. */
  readonly data: unknown;
  /** It needs an ingestion key, which is minted first. */
  readonly mints: boolean;
}

/** The ids and query values of the calls below all hold this. */
export const marker = "SECRETIVE";
const id = `${marker} é/1`;
const event = { clientEventId: marker, name: marker, value: 1 };
const metadata = { optimizer: "adam", layers: [1, 2.5, null], nested: { a_b: true, "": "é😀" } };

const folder = {
  folder_id: "f",
  org_id: "o",
  name: "n",
  parent_id_path: ["g"],
  path_name: "/m/n",
};
const summary = {
  id: "e",
  org_id: "o",
  folder,
  url: "/e/e",
  slug: "s",
  status: "running",
  created_at_ms: 1767323045000,
  updated_at_ms: 1767323045678,
};
const experiment = {
  ...summary,
  description: "",
  metadata,
  error_name: null,
  error_detail: null,
  started_at_ms: 1767323045001,
  done_at_ms: null,
  last_heartbeat_at_ms: null,
  last_event_at_ms: null,
};
const row = {
  event_id: "v",
  org_id: "o",
  experiment_id: "e",
  experiment_slug: "s",
  experiment_description: null,
  experiment_metadata_json: '{"a_b":[1]}',
  metric_name: "loss",
  metric_value: -0.25,
  step: null,
  event_metadata_json: '{"split":"val"}',
  client_timestamp_ms: 1767323045000,
  server_timestamp_ms: 1767323045001,
};
const ingestionKey = {
  id: "k",
  experiment_id: "e",
  name: "SDK ingestion key",
  created_at_ms: 1767323045000,
  // Far away, whatever the clock of a test says.
  expires_at_ms: 4102444800000,
  revoked_at_ms: null,
  last_used_at_ms: null,
};
const annotation = {
  id: "a",
  experiment_id: "e",
  annotation: "t",
  metadata,
  created_at_ms: 1767323045000,
};
const catalogValues = {
  metric_name: "loss",
  scanned_event_count: 3,
  keys: [{ key: "split", values: ["val", 1, null], value_count: 3 }],
};
export const seriesBatch = {
  experimentId: "e",
  metricName: "loss",
  metadataHash: "h",
  metadata: { split: "val" },
  data: { steps: [0, null, 2], timestamp: [1, 2, 3], value: [0.5, -1, 0] },
};

const all: {
  readonly [N in Name]: { readonly effect: Call["effect"]; readonly data: unknown };
} = {
  "Auth.status": {
    effect: Auth.status,
    data: { auth: { kind: "api_key" }, organization: { id: "o", name: null } },
  },
  "Folders.list": { effect: Folders.list({ path: marker }), data: { folders: [folder, folder] } },
  "Folders.create": {
    effect: Folders.create({ name: marker, parentId: id }),
    data: { folder },
  },
  "Folders.get": {
    effect: Folders.get(id),
    data: { folder, folders: [folder], experiments: [summary, experiment] },
  },
  "Folders.patch": { effect: Folders.patch(id, { name: marker }), data: { folder } },
  "Folders.rename": { effect: Folders.rename(id, marker), data: { folder } },
  "Folders.move": { effect: Folders.move(id, id), data: { folder } },
  "Experiments.list": {
    effect: Experiments.list({ status: marker, slug: marker, search: marker, limit: 7 }),
    data: { experiments: [experiment, summary] },
  },
  "Experiments.create": {
    effect: Experiments.create({ slug: marker, metadata: { [marker]: marker } }),
    data: { experiment },
  },
  "Experiments.get": { effect: Experiments.get(id), data: { experiment } },
  "Experiments.updateStatus": {
    effect: Experiments.updateStatus(id, "error", { error: { name: marker } }),
    data: { experiment },
  },
  "Experiments.move": { effect: Experiments.move(id, id), data: { experiment } },
  "Metrics.list": {
    effect: Metrics.list(id, { metricName: marker, sortBy: ["step"], limit: 7 }),
    data: { rows: [row, row] },
  },
  "Metrics.compare": {
    effect: Metrics.compare([{ experimentId: id, metricName: marker }]),
    data: { rows: [row, row] },
  },
  "Metrics.ingest": {
    effect: Metrics.ingest(id, [event], { sync: true }),
    data: { ok: true, mode: "sync" },
  },
  "Metrics.listCatalog": {
    effect: Metrics.listCatalog(id, { limit: 7 }),
    data: { metrics: [{ metric_name: "loss", metadata_keys: ["split"] }] },
  },
  "Metrics.inspectCatalogValues": {
    effect: Metrics.inspectCatalogValues(id, id, { keys: [marker] }),
    data: { metadata: catalogValues },
  },
  "Metrics.querySeries": {
    effect: Metrics.querySeries([{ experimentId: id, metricName: marker }]),
    data: [seriesBatch, seriesBatch, { kind: "complete", batchCount: 2, rowCount: 6 }],
  },
  "Metrics.queryCatalog": {
    effect: Metrics.queryCatalog([id]),
    data: [{ experimentId: "e", metricName: "loss", metadataKeys: ["split"] }],
  },
  "IngestionKeys.list": { effect: IngestionKeys.list(id), data: { keys: [ingestionKey] } },
  "IngestionKeys.create": {
    effect: IngestionKeys.create(id),
    data: { key: ingestionKey, token: "ingestion-key" },
  },
  "IngestionKeys.revoke": {
    effect: IngestionKeys.revoke(id, id),
    data: { key: ingestionKey },
  },
  "Annotations.list": { effect: Annotations.list(id), data: { annotations: [annotation] } },
  "Annotations.create": {
    effect: Annotations.create(id, { annotation: marker }),
    data: { annotation, experiment },
  },
};

export const calls: ReadonlyArray<Call> = Object.values(operations).map((operation) => ({
  name: operation.name,
  operation,
  ...all[operation.name],
  mints: operation.auth === "ingestionKey",
}));

/** What a success says, as the service wraps it. */
export const enveloped = (data: unknown): string => JSON.stringify({ data, error: null });

const lines = (data: ReadonlyArray<unknown>): string =>
  data.map((line) => `${JSON.stringify(line)}\n`).join("");

export const bodyOf = ({ operation, data }: Pick<Call, "operation" | "data">): string =>
  operation.stream !== undefined && Array.isArray(data) ? lines(data) : enveloped(data);

/** Unknown fields pass, so one body can answer every call but those of `/query/`. */
export const answerToAll = (token = "ingestion-key"): string =>
  enveloped({
    ...Object.assign({}, ...calls.map(({ data }) => (Array.isArray(data) ? {} : data))),
    token,
  });

/** A good answer to whatever is asked at a path. */
export const answerAt = (path: string, token?: string): string =>
  path.endsWith("/query/series")
    ? lines([seriesBatch, { kind: "complete", batchCount: 1, rowCount: 3 }])
    : path.endsWith("/query/metric-catalog")
      ? enveloped(all["Metrics.queryCatalog"].data)
      : answerToAll(token);
