/**
 * Testing without a network: a reference server made from the same contract as the client, and ways to make it fail.
 *
 * @since 0.1.0
 */
export * as Faults from "./testing/Faults.ts";
export * as MetricsServer from "./testing/MetricsServer.ts";
