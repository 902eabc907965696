/** What is found in the tree of folders, and what is changed there. */
import { assert, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import * as Experiments from "../../src/v2/Experiments.ts";
import * as Folders from "../../src/v2/Folders.ts";
import * as Runs from "../../src/v2/Runs.ts";
import { serve, type Turn } from "../support/socket.ts";
import { envelopesOf, layerV2, shortName, usualReply } from "../support/v2.ts";

interface Folder {
  readonly folderId: string;
  readonly name: string;
  readonly parentId: string | null;
}

/** A service that keeps folders, and experiments at the top level. */
const service = (slugs: ReadonlyArray<string> = []) => {
  const folders: Array<Folder> = [];
  const level = (parentId: string | null): object => ({
    experiments:
      parentId === null ? slugs.map((slug) => ({ experimentId: `id of ${slug}`, slug })) : [],
    folders: folders
      .filter((folder) => folder.parentId === parentId)
      .map(({ folderId, name }) => ({ folderId, name, ...level(folderId) })),
  });
  const reply = (turn: Turn): object => {
    const [envelope] = envelopesOf(turn);
    const { data, event, messageId: correlationId } = envelope!;
    switch (shortName(event)) {
      case "foldertree.read":
        return { correlationId, event, data: level(null) };
      case "folder.create": {
        const parentId = data["parentFolderId"] as string | null;
        const there = folders.find(
          ({ name, parentId: of }) => name === data["name"] && of === parentId,
        );
        if (there !== undefined) {
          const details = { folderId: there.folderId };
          const error = { code: "folder_already_exists", message: "taken", status: 409, details };
          return { correlationId, event: "syvain.v2.error", data: error };
        }
        const folderId = `f-${folders.length + 1}`;
        folders.push({ folderId, name: String(data["name"]), parentId });
        return { correlationId, event: "syvain.v2.folder.created", data: { folderId } };
      }
      default:
        return usualReply(envelope!);
    }
  };
  return Effect.map(
    serve((turn) => void turn.response.end(JSON.stringify([reply(turn)]))),
    (server) => ({ folders, server, layer: layerV2("fetch", server) }),
  );
};

it.live("a folder is made with all that is missing on the way to it, by two at once, too", () =>
  Effect.gen(function* () {
    const { folders, layer } = yield* service();
    const both = yield* Effect.all([Folders.make("/a/b/c"), Folders.make("/a/b/c")], {
      concurrency: "unbounded",
    }).pipe(Effect.provide(layer));
    assert.deepStrictEqual(both[0], both[1]);
    assert.strictEqual(folders.length, 3);
    assert.deepStrictEqual(both[0].folder.path, "/a/b/c");
    const { folder } = yield* Effect.provide(Folders.make("//a/b/"), layer);
    assert.deepStrictEqual(folder, { folderId: "f-2", name: "b", path: "/a/b", parentId: "f-1" });
    assert.strictEqual(folders.length, 3);
  }),
);

it.live("a name that is taken is a conflict that says by which folder", () =>
  Effect.gen(function* () {
    const { layer, server } = yield* service();
    const error = yield* Effect.andThen(
      Folders.create({ name: "a" }),
      Folders.create({ name: "a" }),
    ).pipe(Effect.flip, Effect.provide(layer));
    assert(error._tag === "MetricsApiRequestError");
    assert.strictEqual(error.reason._tag, "Conflict");
    assert.strictEqual(error.code, "folder_already_exists");
    assert.strictEqual(error.status, 409);
    assert.deepStrictEqual(error.details, { folderId: "f-1" });
    assert.strictEqual(
      error.message,
      `Folders.create: the event was refused: 409 Conflict: taken (POST ${server.origin}/api/v2/events)`,
    );
  }),
);

it.live("each folder of the tree has its path, and the id of the one that it lies in", () =>
  Effect.gen(function* () {
    const { layer } = yield* service(["run-1"]);
    const tree = yield* Effect.andThen(Folders.make("/a/b"), Folders.tree).pipe(
      Effect.provide(layer),
    );
    assert.deepStrictEqual(tree, {
      experiments: [{ experimentId: "id of run-1", slug: "run-1", path: "/run-1", folderId: null }],
      folders: [
        {
          folderId: "f-1",
          name: "a",
          path: "/a",
          parentId: null,
          experiments: [],
          folders: [
            {
              folderId: "f-2",
              name: "b",
              path: "/a/b",
              parentId: "f-1",
              experiments: [],
              folders: [],
            },
          ],
        },
      ],
    });
  }),
);

it.live("experiments are listed by a pattern of the shell for the whole slug", () =>
  Effect.gen(function* () {
    const slugs = [
      "run-1",
      "run-12",
      "RUN-1",
      "run.1",
      "a[b]",
      "run-é",
      "run/1",
      "x\ny",
      "^",
      "😀",
    ];
    const { layer } = yield* service(slugs);
    const matching = (pattern: string) =>
      Effect.map(Experiments.list(pattern), ({ experiments }) =>
        experiments.map(({ slug }) => slug),
      );
    const expected: { readonly [pattern: string]: ReadonlyArray<string> } = {
      "*": slugs,
      "run-*": ["run-1", "run-12", "run-é"],
      "run-?": ["run-1", "run-é"],
      "run?1": ["run-1", "run.1", "run/1"],
      "run-[0-9]": ["run-1"],
      "run[!-]1": ["run.1", "run/1"],
      "run[.]1": ["run.1"],
      "run.1": ["run.1"],
      "a[b]": [],
      "a[[]b]": ["a[b]"],
      "a[[]*": ["a[b]"],
      "[": [],
      "[^]": ["^"],
      "x*y": ["x\ny"],
      "?": ["^", "😀"],
      "run-1**": ["run-1", "run-12"],
      "": [],
    };
    for (const [pattern, found] of Object.entries(expected)) {
      assert.deepStrictEqual(yield* Effect.provide(matching(pattern), layer), found, pattern);
    }
  }),
);

const opened = (options: Runs.OpenOptions) => Effect.asVoid(Effect.scoped(Runs.open(options)));

it.live("what is not in the tree is not found, under a code of its own", () =>
  Effect.gen(function* () {
    const { layer, server } = yield* service(["run-1"]);
    const { experiment } = yield* Effect.provide(Experiments.find("run-1"), layer);
    assert.strictEqual(experiment.experimentId, "id of run-1");
    const before = server.seen.length;
    for (const [call, code] of [
      [Effect.asVoid(Experiments.find("run-2")), "experiment_not_found"],
      [opened({ slug: "a", folder: "/nowhere" }), "folder_not_found"],
      [opened({ slug: "a", folder: "no-id" }), "folder_not_found"],
    ] as const) {
      const error = yield* Effect.flip(Effect.provide(call, layer));
      assert(error._tag === "MetricsApiRequestError");
      assert.strictEqual(error.reason._tag, "NotFound");
      assert.strictEqual(error.code, code);
    }
    // Nothing was opened.
    assert.strictEqual(server.seen.length, before + 3);
  }),
);

it.live("many experiments are asked for 500 at a time, each id once", () =>
  Effect.gen(function* () {
    const server = yield* serve((turn) => {
      const [{ data, event, messageId: correlationId } = assert.fail()] = envelopesOf(turn);
      const experimentIds = data["experimentIds"] as ReadonlyArray<string>;
      const revisions = experimentIds
        .filter((id) => !id.endsWith("7"))
        .map((experimentId) => ({ experimentId, experimentRevision: 1, seriesRevision: 2 }));
      const found = revisions.map((revision) => ({
        ...revision,
        slug: revision.experimentId,
        description: "",
        meta: {},
        status: "new",
        createdAtMs: 0,
        updatedAtMs: 0,
      }));
      const missingExperimentIds = experimentIds.filter((id) => id.endsWith("7"));
      turn.response.end(
        JSON.stringify([
          {
            correlationId,
            event: `${event}.result`,
            data: { experiments: found, revisions, missingExperimentIds },
          },
        ]),
      );
    });
    const ids = Array.from({ length: 1200 }, (_, i) => `e${i}`);
    yield* Effect.gen(function* () {
      const { experiments, missing } = yield* Experiments.getMany([...ids, "e1"]);
      assert.strictEqual(experiments.length, 1080);
      assert.strictEqual(missing.length, 120);
      assert.strictEqual(experiments[0]!.seriesRevision, 2);
      assert.isNull(experiments[0]!.startedAt);
      assert.deepStrictEqual(
        server.seen.map((turn) => (envelopesOf(turn)[0]!.data["experimentIds"] as []).length),
        [500, 500, 200],
      );
      const { revisions } = yield* Experiments.revisions(ids);
      assert.strictEqual(revisions.length, 1080);
      assert.deepStrictEqual(yield* Experiments.getMany([]), { experiments: [], missing: [] });
      assert.strictEqual(server.seen.length, 6);
    }).pipe(Effect.provide(layerV2("fetch", server)));
  }),
);

it.live("what cannot be is refused before anything is sent, and the place is named", () =>
  Effect.gen(function* () {
    const { layer, server } = yield* service();
    const wrong = [
      [Folders.create({ name: "" }), ["name"]],
      [Folders.create({ name: "n".repeat(201) }), ["name"]],
      [Folders.create({ name: "a", parentId: "" }), ["parentId"]],
      [Folders.rename("f", ""), ["name"]],
      [Folders.rename("..", "a"), ["folderId"]],
      [Folders.move("f", { from: "", to: null }), ["from"]],
      [Folders.make("a"), ["path"]],
      [Folders.make("/"), ["path"]],
      [Experiments.list("run-[9-0]"), ["pattern"]],
      [Experiments.get(""), ["experimentId"]],
      [Experiments.getMany(["a", ""]), ["experimentIds", 1]],
      [Experiments.move("e", { from: null, to: "" }), ["to"]],
      [opened({ slug: "", folder: "/a" }), ["slug"]],
      [opened({ slug: "a", description: "d".repeat(4001) }), ["description"]],
      [opened({ slug: "a", meta: [] as never }), ["meta"]],
    ] as const;
    for (const [call, path] of wrong) {
      const error = yield* Effect.flip(Effect.provide(Effect.asVoid(call), layer));
      assert(error._tag === "MetricsApiRequestError" && error.reason._tag === "InvalidRequest");
      assert.deepStrictEqual(error.reason.path, path as unknown);
    }
    assert.deepStrictEqual(server.seen, []);
  }),
);
