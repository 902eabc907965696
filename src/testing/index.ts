/**
 * Testing without a network: a server that speaks the API as the service does, and ways to make it fail.
 *
 * @module
 */
export * as Faults from "./Faults.ts";
export * as MetricsServer from "./MetricsServer.ts";
