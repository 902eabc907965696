/** What is written by one API is read by the other. */
import { assert } from "@effect/vitest";
import * as Effect from "effect/Effect";
import * as Annotations from "../../src/Annotations.ts";
import * as V1 from "../../src/Experiments.ts";
import * as FoldersV1 from "../../src/Folders.ts";
import * as Metrics from "../../src/Metrics.ts";
import { experimentsOf } from "../../src/internal/events/tree.ts";
import * as V2 from "../../src/v2/Experiments.ts";
import * as FoldersV2 from "../../src/v2/Folders.ts";
import * as Runs from "../../src/v2/Runs.ts";
import * as Series from "../../src/v2/Series.ts";
import { onEachStore } from "../support/bothApis.ts";

const columns = ({ name, metadata, steps, values }: Series.Series) => ({
  name,
  metadata,
  steps,
  values: [...values],
});

onEachStore("v2 reads a run of v1", function* () {
  const { folder } = yield* FoldersV1.create({ name: "models" });
  const { experiment } = yield* V1.create({
    slug: "run",
    description: "of v1",
    metadata: { lr: 0.1, tags: ["a"] },
    folderId: folder.folderId,
  });
  yield* V1.updateStatus(experiment.id, "running");
  yield* Metrics.ingest(
    experiment.id,
    [
      { clientEventId: "1", name: "loss", value: 1, step: 0, metadata: { split: "train" } },
      { clientEventId: "2", name: "loss", value: 0.5, step: 1, metadata: { split: "train" } },
      {
        clientEventId: "3",
        name: "loss",
        value: 9,
        metadata: { fold: 7, rate: 0.5, last: null, all: { a: [true] } },
      },
      { clientEventId: "4", name: "acc", value: 2, step: 3 },
    ],
    { sync: true },
  );
  yield* Annotations.create(experiment.id, { annotation: "note", metadata: { at: 1 } });
  yield* V1.updateStatus(experiment.id, "error", {
    error: { name: "ValueError", detail: "boom" },
  });

  const tree = yield* FoldersV2.tree;
  assert.deepStrictEqual(experimentsOf(tree), [
    {
      experimentId: experiment.id,
      slug: "run",
      path: "/models/run",
      folderId: folder.folderId,
    },
  ]);
  const record = (yield* V2.get(experiment.id)).experiment;
  assert.deepInclude(record, {
    slug: "run",
    description: "of v1",
    meta: { lr: 0.1, tags: ["a"] },
    status: "error",
    error: { message: "ValueError: boom", meta: { error_type: "ValueError" } },
  });
  assert.deepStrictEqual(record.createdAt, experiment.createdAt);
  assert.isNotNull(record.startedAt);
  assert.isNotNull(record.doneAt);

  // What was no text is shown as JSON text.
  const texts = { all: '{"a":[true]}', fold: "7", last: "null", rate: "0.5" };
  assert.deepStrictEqual((yield* Series.read(experiment.id)).map(columns), [
    { name: "acc", metadata: {}, steps: [3], values: [2] },
    { name: "loss", metadata: { split: "train" }, steps: [0, 1], values: [1, 0.5] },
    { name: "loss", metadata: texts, steps: [null], values: [9] },
  ]);
  const narrowed = yield* Series.read(experiment.id, { where: { fold: "7" }, has: ["last"] });
  assert.deepStrictEqual(narrowed.map(columns), [
    { name: "loss", metadata: texts, steps: [null], values: [9] },
  ]);
  assert.deepStrictEqual((yield* V2.catalog(experiment.id)).series, [
    { name: "acc", metadata: [] },
    {
      name: "loss",
      metadata: [
        { key: "all", values: ['{"a":[true]}'] },
        { key: "fold", values: ["7"] },
        { key: "last", values: ["null"] },
        { key: "rate", values: ["0.5"] },
        { key: "split", values: ["train"] },
      ],
    },
  ]);
  const { annotations } = yield* V2.annotations(experiment.id);
  assert.deepStrictEqual(
    annotations.map(({ annotation, meta }) => ({ annotation, meta })),
    [{ annotation: "note", meta: { at: 1 } }],
  );
});

onEachStore("v1 reads a run of v2", function* () {
  yield* FoldersV2.make("/models/mamba");
  const experimentId = yield* Effect.scoped(
    Effect.gen(function* () {
      const run = yield* Runs.open({
        slug: "run",
        description: "of v2",
        meta: { lr: 0.1 },
        folder: "/models/mamba",
      });
      yield* run.start;
      yield* run.metrics([
        { name: "loss", value: 1, step: 0, metadata: { split: "train" } },
        { name: "loss", value: 0.5, step: 1, metadata: { split: "train" } },
        { name: "acc", value: 2, step: 3 },
      ]);
      yield* run.annotate("note", { meta: { step: 2 } });
      yield* run.error("ValueError: boom", { meta: { error_type: "ValueError", at: 3 } });
      return run.experimentId;
    }),
  );
  const { experiment } = yield* V1.get(experimentId);
  assert.deepInclude(experiment, {
    slug: "run",
    description: "of v2",
    metadata: { lr: 0.1 },
    status: "error",
    errorName: "ValueError",
    errorDetail: "ValueError: boom",
  });
  assert.strictEqual(experiment.folder?.pathName, "/models/mamba");
  const { rows } = yield* Metrics.list(experimentId, { metricName: "loss" });
  assert.deepStrictEqual(
    rows.map(({ metricValue, step, metadata }) => ({ metricValue, step, metadata })),
    [
      { metricValue: 1, step: 0, metadata: { split: "train" } },
      { metricValue: 0.5, step: 1, metadata: { split: "train" } },
    ],
  );
  const { annotations } = yield* Annotations.list(experimentId);
  assert.deepStrictEqual(
    annotations.map(({ annotation, metadata }) => ({ annotation, metadata })),
    [{ annotation: "note", metadata: { step: 2 } }],
  );
  // What v2 said of the error, it reads again.
  assert.deepStrictEqual((yield* V2.get(experimentId)).experiment.error, {
    message: "ValueError: boom",
    meta: { error_type: "ValueError", at: 3 },
  });
  yield* V1.updateStatus(experimentId, "done");
  assert.isNull((yield* V2.get(experimentId)).experiment.error);
});

onEachStore(
  "an id is one for both: what one API stored, the other does not store again",
  function* () {
    const experimentId = yield* Effect.scoped(
      Effect.gen(function* () {
        const run = yield* Runs.open({ slug: "run" });
        yield* run.metrics([{ name: "m", value: 1, step: 0, messageId: "the-id" }]);
        yield* Metrics.ingest(run.experimentId, [
          { name: "m", value: 1, step: 0, clientEventId: "the-id" },
          { name: "m", value: 2, step: 1, clientEventId: "another" },
        ]);
        return run.experimentId;
      }),
    );
    const [series] = yield* Series.read(experimentId);
    assert.deepStrictEqual([...series!.values], [1, 2]);
  },
);

onEachStore(
  "folders and experiments that v1 made, v2 moves, and the other way round",
  function* () {
    const { folder } = yield* FoldersV1.create({ name: "a" });
    const made = yield* FoldersV2.make("/a/b");
    assert.strictEqual(made.folder.parentId, folder.folderId);
    const { experiment } = yield* V1.create({ slug: "run", folderId: folder.folderId });
    yield* V2.move(experiment.id, { from: folder.folderId, to: made.folder.folderId });
    assert.strictEqual((yield* V1.get(experiment.id)).experiment.folder?.pathName, "/a/b");
    yield* V1.move(experiment.id, null);
    const found = yield* V2.find("run");
    assert.strictEqual(found.experiment.path, "/run");
    yield* FoldersV2.rename(made.folder.folderId, "c");
    const { folders } = yield* FoldersV1.list();
    assert.deepStrictEqual(
      folders.map(({ pathName }) => pathName),
      ["/a", "/a/c"],
    );
  },
);
