/** Every operation of v2 as the wire has them: one for each event, and the one that is none. */
export { authStatus } from "./auth.ts";
export {
  getAnnotations,
  getCatalog,
  getExperiment,
  getExperiments,
  getRevisions,
  moveExperiment,
} from "./experiments.ts";
export { createFolder, moveFolder, readTree, renameFolder } from "./folders.ts";
export {
  annotateExperiment,
  endExperiment,
  failExperiment,
  openExperiment,
  recordMetrics,
  refreshToken,
  revokeToken,
  startExperiment,
} from "./runs.ts";
export { readSeries } from "./series.ts";
