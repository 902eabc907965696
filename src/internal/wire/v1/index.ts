/** Every operation of v1 as the wire has them: one for each method and path. */
export { createAnnotation, listAnnotations } from "./annotations.ts";
export { authStatus } from "./auth.ts";
export {
  createExperiment,
  getExperiment,
  listExperiments,
  moveExperiment,
  updateExperimentStatus,
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
export { queryMetricCatalog, querySeries } from "./series.ts";
