/**
 * Records as the wire has them, with every field, and an answer to each operation. A new operation does not type-check
 * until it stands here.
 */
import { type Operation, urlTemplate } from "../../src/internal/wire/operation.ts";
import * as contract from "../../src/internal/wire/v1/index.ts";

export type OperationKey = keyof typeof contract;

export const folder = {
  folder_id: "folder-2",
  org_id: "org-1",
  name: "mamba",
  parent_id_path: ["folder-0", "folder-1"],
  path_name: "/models/new/mamba",
};

/** What 0.0.349 lists of an experiment. */
export const experimentSummary = {
  id: "experiment-1",
  org_id: "org-1",
  folder,
  url: "/e/experiment-1",
  slug: "run-1",
  status: "error",
  created_at_ms: 1_000,
  updated_at_ms: 2_000,
};

export const experiment = {
  ...experimentSummary,
  description: "the first",
  metadata: { learning_rate: 0.1, camelCase: { snake_case: [null] } },
  error_name: "OutOfMemory",
  error_detail: "at step 7",
  started_at_ms: 3_000,
  done_at_ms: 4_000,
  last_heartbeat_at_ms: 5_000,
  last_event_at_ms: 6_000,
};

export const metricRow = {
  event_id: "event-1",
  org_id: "org-1",
  experiment_id: "experiment-1",
  experiment_slug: "run-1",
  experiment_description: "the first",
  experiment_metadata_json: '{"learning_rate":0.1}',
  metric_name: "loss",
  metric_value: 0.5,
  step: 7,
  event_metadata_json: '{"split":"train"}',
  client_timestamp_ms: 7_000,
  server_timestamp_ms: 8_000,
};

export const annotation = {
  id: "annotation-1",
  experiment_id: "experiment-1",
  annotation: "checkpoint",
  metadata: { path: "x" },
  created_at_ms: 1_000,
};

export const ingestionKey = {
  id: "key-1",
  experiment_id: "experiment-1",
  name: "SDK ingestion key",
  created_at_ms: 1_000,
  expires_at_ms: 4_102_444_800_000,
  revoked_at_ms: 2_000,
  last_used_at_ms: 3_000,
};

export const catalogMetric = { metric_name: "loss", metadata_keys: ["split"] };

export const catalogValues = {
  metric_name: "loss",
  scanned_event_count: 9,
  keys: [{ key: "split", values: ["train", 1, null, { a: [] }], value_count: 12 }],
};

export const seriesBatch = {
  experimentId: "experiment-1",
  metricName: "loss",
  metadataHash: "hash-1",
  metadata: { split: "train" },
  data: { steps: [0, null], timestamp: [1_000, 2_000], value: [0.5, 0.25] },
};

/** The `data` of an answer to each operation; of the stream, its lines. */
export const sampleData: { readonly [K in OperationKey]: unknown } = {
  authStatus: { auth: { kind: "api_key" }, organization: { id: "org-1", name: "Syvain" } },
  compareMetrics: { rows: [metricRow] },
  createAnnotation: { annotation, experiment },
  createExperiment: { experiment },
  createFolder: { folder },
  createIngestionKey: { key: { ...ingestionKey, revoked_at_ms: null }, token: "ik_token-1" },
  getExperiment: { experiment },
  getFolder: { folder, folders: [folder], experiments: [experimentSummary] },
  ingestMetrics: { ok: true, mode: "queued" },
  inspectMetricCatalogValues: { metadata: catalogValues },
  listAnnotations: { annotations: [annotation] },
  listExperiments: { experiments: [experiment, experimentSummary] },
  listFolders: { folders: [folder] },
  listIngestionKeys: { keys: [ingestionKey] },
  listMetricCatalog: { metrics: [catalogMetric] },
  listMetrics: { rows: [metricRow] },
  moveExperiment: { experiment },
  patchFolder: { folder },
  queryMetricCatalog: [
    { experimentId: "experiment-1", metricName: "loss", metadataKeys: ["split"] },
  ],
  querySeries: [seriesBatch, { kind: "complete", batchCount: 1, rowCount: 2 }],
  revokeIngestionKey: { key: ingestionKey },
  updateExperimentStatus: { experiment },
};

// `Object.entries` forgets the names.
const operations = Object.entries(contract) as ReadonlyArray<[OperationKey, Operation]>;

/** The key of the operation that a request is for. Its target may have a query. */
export const keyOf = (method: string, target: string): OperationKey => {
  const path = target.split("?")[0]!;
  const found = operations.find(([, operation]) => {
    const template = urlTemplate(operation).replace(/\{\w+\}/g, "[^/]+");
    return operation.method === method && new RegExp(`^${template}$`).test(path);
  });
  if (found === undefined) throw new Error(`the contract has no ${method} ${path}`);
  return found[0];
};

/** The body of an answer to an operation, with this `data`. */
export const bodyOf = (key: OperationKey, data = sampleData[key]): string =>
  key === "querySeries" && Array.isArray(data)
    ? data.map((line) => `${JSON.stringify(line)}\n`).join("")
    : JSON.stringify({ data, error: null });

/** The body of an answer to any request. */
export const answerTo = (method: string, target: string): string => bodyOf(keyOf(method, target));
