/** How a recorder comes by its experiment. */
import { assert, describe, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import * as Collector from "../../src/Collector.ts";
import * as Experiments from "../../src/Experiments.ts";
import * as Folders from "../../src/Folders.ts";
import * as Faults from "../../src/testing/Faults.ts";
import { api, operation, over } from "../support/api.ts";
import { inMemory, requestsOf } from "../support/recording.ts";

const taken = Faults.status(409, { match: { operation: operation.open } });

describe("a slug that is taken", () => {
  it.effect("is that of one experiment, however many ask for it at a time", () =>
    Effect.gen(function* () {
      const experiments = yield* Effect.forEach(
        [1, 2, 3, 4],
        () => Effect.flatMap(Collector.experiment({ slug: "iris" }), (one) => one.experiment),
        { concurrency: 4 },
      );
      assert.strictEqual(new Set(experiments.map(({ id }) => id)).size, 1);
    }).pipe(Effect.provide(inMemory())),
  );

  it.effect.runIf(api === "v1")(
    "is looked for where the service refuses it, and the experiment is there whole",
    () =>
      Effect.gen(function* () {
        yield* Experiments.create({ slug: "iris-2" });
        const { experiment } = yield* Experiments.create({
          slug: "iris",
          description: "the first",
          metadata: { lr: 0.1 },
        });
        yield* taken;
        const recorder = yield* Collector.experiment({ slug: "iris" });
        assert.deepStrictEqual(yield* recorder.experiment, experiment);
        const [listed] = yield* requestsOf("Experiments.list");
        assert.deepStrictEqual(listed?.query, [["slug", "iris"]]);
      }).pipe(Effect.provide(inMemory())),
  );

  it.effect("that no experiment has fails as the service did", () =>
    Effect.gen(function* () {
      yield* taken;
      const error = yield* Effect.flip(Collector.experiment({ slug: "iris" }));
      assert(error._tag === "MetricsApiRequestError");
      assert.strictEqual(error.reason._tag, "Conflict");
    }).pipe(Effect.provide(inMemory())),
  );
});

it.effect("metadata that is none is named as it was given, and nothing is sent", () =>
  Effect.gen(function* () {
    const metadata = { lr: Number.NaN };
    const error = yield* Effect.flip(Collector.experiment({ slug: "iris", metadata }));
    assert(error._tag === "MetricsApiRequestError" && error.reason._tag === "InvalidRequest");
    assert.deepStrictEqual(error.reason.path, ["metadata", "lr"]);
    assert.include(error.message, "nothing was sent: metadata.lr: expected");
    assert.lengthOf(yield* requestsOf(operation.open), 0);
  }).pipe(Effect.provide(inMemory())),
);

describe("a folder", () => {
  const folderOf = (recorder: Collector.Recorder) =>
    recorder.experiment.pipe(
      Effect.flatMap(({ id }) => Experiments.get(id)),
      Effect.map(({ experiment }) => experiment.folder?.folderId),
    );

  it.effect("is found by its path, by one request", () =>
    Effect.gen(function* () {
      const { folder } = yield* Folders.create({ name: "models" });
      const { folder: mamba } = yield* Folders.create({
        name: "mamba",
        parentId: folder.folderId,
      });
      const recorder = yield* Collector.experiment({ slug: "iris", folderPath: "/models/mamba" });
      assert.strictEqual(yield* folderOf(recorder), mamba.folderId);
      const asked = yield* requestsOf(operation.findFolder);
      assert.deepStrictEqual(
        asked.map(({ query }) => query),
        [over({ v1: [["path", "/models/mamba"] as const], v2: [] })],
      );
      const [created] = yield* requestsOf(operation.open);
      assert.deepStrictEqual<unknown>(
        created?.events[0]?.data ?? created?.body,
        over({
          v1: { slug: "iris", description: "", metadata: {}, folder_id: mamba.folderId },
          v2: { slug: "iris", description: "", meta: {} },
        }),
      );
    }).pipe(Effect.provide(inMemory())),
  );

  it.effect("is named by its id, too", () =>
    Effect.gen(function* () {
      const { folder } = yield* Folders.create({ name: "models" });
      const { folderId } = folder;
      const recorder = yield* Collector.experiment({ slug: "iris", folderId });
      assert.strictEqual(yield* folderOf(recorder), folderId);
      // Whether there is such a folder, v2 says only in its tree.
      assert.lengthOf(yield* requestsOf(operation.findFolder), over({ v1: 0, v2: 1 }));
    }).pipe(Effect.provide(inMemory())),
  );

  const failed = (folderPath: string) =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(Collector.experiment({ slug: "iris", folderPath }));
      assert(error._tag === "FolderPathError");
      assert.lengthOf(yield* requestsOf(operation.open), 0);
      return error;
    });

  it.effect("that is not there is said to be missing, and no experiment is made", () =>
    Effect.gen(function* () {
      const error = yield* failed("/models/mamba");
      assert.deepInclude(error, { path: "/models/mamba", found: 0 });
      assert.match(error.message, /no folder at "\/models\/mamba"/);
    }).pipe(Effect.provide(inMemory())),
  );

  // A path of v2 is that of one folder.
  it.effect.runIf(api === "v1")("that is one of several is said to be so", () =>
    Effect.gen(function* () {
      const folder = { folder_id: "f", org_id: "o", name: "mamba", path_name: "/mamba" };
      yield* Faults.garbage({
        body: JSON.stringify({ data: { folders: [folder, folder] }, error: null }),
        contentType: "application/json",
      });
      const error = yield* failed("/mamba");
      assert.deepInclude(error, { path: "/mamba", found: 2 });
      assert.match(error.message, /2 folders at "\/mamba"/);
    }).pipe(Effect.provide(inMemory())),
  );
});
