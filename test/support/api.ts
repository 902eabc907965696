import type { OperationName } from "../../src/testing/Faults.ts";
import type { LoggedRequest } from "../../src/testing/MetricsServer.ts";

/** The generation of the API that recording is tested over: the suite runs over each of them, as vitest.config.ts says. */
export const api = process.env["RECORDING_API"] === "v2" ? "v2" : "v1";

/** What is of one generation alone. */
export const over = <A, B>(each: { readonly v1: A; readonly v2: B }): A | B => each[api];

/** The names in its contract of what a recorder does. */
export const operation = over({
  v1: {
    open: "Experiments.create",
    metrics: "Metrics.ingest",
    annotate: "Annotations.create",
    /** That a run ended with an error. */
    fail: "Experiments.updateStatus",
    read: "Experiments.get",
    findFolder: "Folders.list",
  },
  v2: {
    open: "Runs.open",
    metrics: "Runs.metrics",
    annotate: "Runs.annotate",
    fail: "Runs.error",
    read: "Experiments.get",
    findFolder: "Folders.tree",
  },
} as const);

const statuses: ReadonlyArray<OperationName> = over({
  v1: ["Experiments.updateStatus"],
  v2: ["Runs.start", "Runs.done", "Runs.error"],
} as const);

/** Whether it says where a run stands. */
export const isStatus = ({ operation }: LoggedRequest): boolean =>
  operation !== undefined && statuses.includes(operation);
