/**
 * Every operation of the wire contract, by group. This is our reading of the service: its public description
 * names operations, arguments and rules, but prints neither paths nor bodies.
 */
export { createAnnotation, listAnnotations } from "./annotations.ts";
export { authStatus } from "./auth.ts";
export {
  createExperiment,
  getExperiment,
  listExperiments,
  patchExperiment,
} from "./experiments.ts";
export { createFolder, getFolder, listFolders, patchFolder } from "./folders.ts";
export { createIngestionKey, listIngestionKeys, revokeIngestionKey } from "./ingestionKeys.ts";
export {
  compareMetrics,
  ingestMetrics,
  inspectMetricCatalogValues,
  listMetricCatalog,
  listMetrics,
} from "./metrics.ts";
