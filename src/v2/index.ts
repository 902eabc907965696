/**
 * A functional client for API v2 of Syvain Metrics (041 Metrics, today's service) on Effect: one namespace per module.
 *
 * @module
 */
export * as Auth from "./Auth.ts";
export * as Events from "./Events.ts";
export * as Experiments from "./Experiments.ts";
export * as Folders from "./Folders.ts";
export * as Runs from "./Runs.ts";
export * as Series from "./Series.ts";
export * as SyvainMetrics from "./SyvainMetrics.ts";
