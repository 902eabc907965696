/** The contract of API v2, event by event: its names, and what may be sent again. */
import { assert, it } from "@effect/vitest";
import * as contract from "../../src/internal/wire/v2/index.ts";

type Row = readonly [event: string, reply: string, repeat: "safe" | "idempotent" | "once"];

/** A new event is named here, or this does not type-check. */
const events: { readonly [Name in Exclude<keyof typeof contract, "authStatus">]: Row } = {
  annotateExperiment: ["experiment.annotate", "experiment.annotated", "once"],
  createFolder: ["folder.create", "folder.created", "once"],
  endExperiment: ["experiment.done", "experiment.done", "once"],
  failExperiment: ["experiment.error", "experiment.errored", "once"],
  getAnnotations: ["query.annotations", "query.annotations.result", "safe"],
  getCatalog: ["query.catalog", "query.catalog.result", "safe"],
  getExperiment: ["query.experiment", "query.experiment.result", "safe"],
  getExperiments: ["query.experiments", "query.experiments.result", "safe"],
  getRevisions: ["query.revisions", "query.revisions.result", "safe"],
  moveExperiment: ["folderexperiment.move", "folderexperiment.moved", "once"],
  moveFolder: ["folder.move", "folder.moved", "once"],
  openExperiment: ["experiment.open", "experiment.opened", "once"],
  readSeries: ["query.experimentseries", "query.experimentseries.done", "safe"],
  readTree: ["foldertree.read", "foldertree.read", "safe"],
  recordMetrics: ["experiment.metric", "experiment.metricRecorded", "idempotent"],
  refreshToken: ["experiment.tokenRefresh", "experiment.tokenRefreshed", "idempotent"],
  renameFolder: ["folder.rename", "folder.renamed", "once"],
  revokeToken: ["experiment.tokenRevoke", "experiment.tokenRevoked", "once"],
  startExperiment: ["experiment.start", "experiment.started", "once"],
};

it("each event has its name, its reply, and whether it may be sent again", () => {
  const said = Object.fromEntries(
    Object.keys(events).map((name) => {
      const { event, reply, repeat } = contract[name as keyof typeof events];
      return [name, [event, reply, repeat].map((word) => word.replace(/^syvain\.v2\./, ""))];
    }),
  );
  assert.deepStrictEqual(said, events as unknown);
});

it("an event of an experiment goes under its own bearer, any other under the API key", () => {
  for (const { auth, path } of Object.values(contract)) {
    assert.strictEqual(auth === "apiKey", !path.includes(":experimentId"), path);
  }
});
