/** Folders are a tree, experiments lie in it, and each experiment has one slug and one status. */
import { assert } from "@effect/vitest";
import * as Effect from "effect/Effect";
import { TestClock } from "effect/testing";
import { ask, createExperiment, createFolder, get, ingest, mint, post, promise } from "./ask.ts";

type Records = ReadonlyArray<Record<string, unknown>>;
const pick = (all: Records, field: string) => all.map((one) => one[field]);
const uuid = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/;

promise("a folder has a path of names and of ids, which follow it when it moves", function* () {
  const top = yield* createFolder("models");
  const body = { name: "mamba", parent_id: top };
  const { status, data } = yield* ask("POST", "/folders", { body });
  const id = data.folder.folder_id;
  assert.match(id, uuid);
  const parent_id_path = [top];
  const folder = { folder_id: id, org_id: "organization", name: "mamba", parent_id_path };
  assert.deepStrictEqual(
    [status, data],
    [201, { folder: { ...folder, path_name: "/models/mamba" } }],
  );
  const other = yield* createFolder("a");
  yield* ask("PATCH", `/folders/${top}`, { body: { name: "nets", parent_id: other } });
  const moved = (yield* get(`/folders/${id}`)).folder;
  assert.deepStrictEqual([moved.path_name, moved.parent_id_path], ["/a/nets/mamba", [other, top]]);
  assert.deepStrictEqual(pick((yield* get("/folders")).folders, "name"), ["a", "nets", "mamba"]);
  const back = yield* ask("PATCH", `/folders/${top}`, { body: { parent_id: null } });
  assert.deepStrictEqual([back.status, back.data.folder.path_name], [200, "/nets"]);
  assert.lengthOf((yield* get("/folders?path=/models")).folders, 0);
});

promise("a folder shows what lies right inside it", function* () {
  const top = yield* createFolder("top");
  const [, inner] = [yield* createFolder("b", top), yield* createFolder("a", top)];
  yield* createFolder("deep", inner);
  yield* createExperiment("in", { folder_id: top });
  yield* createExperiment("deeper", { folder_id: inner });
  const { folder, folders, experiments } = yield* get(`/folders/${top}`);
  assert.deepStrictEqual(pick(folders, "name"), ["a", "b"]);
  assert.deepStrictEqual(pick(experiments, "slug"), ["in"]);
  assert.deepStrictEqual(experiments[0].folder, folder);
});

promise("an experiment begins as created, with what it was given", function* () {
  const folder_id = yield* createFolder("a");
  yield* TestClock.adjust("1 second");
  const body = { slug: "run é", description: "d", metadata: { camelCase: [1, null] } };
  const { status, data } = yield* ask("POST", "/experiments", { body: { ...body, folder_id } });
  const { id } = data.experiment;
  assert.match(id, uuid);
  assert.deepStrictEqual(
    [status, data.experiment],
    [
      201,
      {
        ...body,
        id,
        org_id: "organization",
        folder: (yield* get(`/folders/${folder_id}`)).folder,
        url: `/experiments/${id}`,
        status: "created",
        error_name: null,
        error_detail: null,
        created_at_ms: 1000,
        updated_at_ms: 1000,
        started_at_ms: null,
        done_at_ms: null,
        last_heartbeat_at_ms: null,
        last_event_at_ms: null,
      },
    ],
  );
  assert.deepStrictEqual(yield* get(`/experiments/${id}`), data);
});

promise(
  "a slug that is taken opens the experiment again, which moves out of no folder only",
  function* () {
    const [one, two] = [yield* createFolder("one"), yield* createFolder("two")];
    const first = yield* post("/experiments", { slug: "a", description: "old" });
    yield* TestClock.adjust("1 second");
    const open = (rest: object) => ask("POST", "/experiments", { body: { slug: "a", ...rest } });
    const { status, data } = yield* open({ metadata: { x: 1 } });
    const changed = { description: "", metadata: { x: 1 }, updated_at_ms: 1000 };
    assert.deepStrictEqual(
      [status, data],
      [200, { experiment: { ...first.experiment, ...changed } }],
    );
    for (const folder of [{ folder_id: one }, { folder_id: two }, {}, { folder_id: null }]) {
      assert.strictEqual((yield* open(folder)).data.experiment.folder.name, "one");
    }
  },
);

promise(
  "running says when it started, done and error when it ended, and done clears the error",
  function* () {
    const id = yield* createExperiment("a");
    yield* TestClock.adjust("1 second");
    for (const [body, expected] of [
      [{ status: "running" }, ["running", 1000, null, null, null]],
      [{ status: "error", error: { name: "X", detail: "é\n" } }, ["error", 1000, 1000, "X", "é\n"]],
      [{ status: "error" }, ["error", 1000, 1000, "Error", null]],
      [
        { status: "done", timestamp_ms: 1500, error: { name: "X" } },
        ["done", 1000, 1500, null, null],
      ],
    ] as const) {
      const { status, data } = yield* ask("POST", `/experiments/${id}`, { body });
      const { started_at_ms, done_at_ms, error_name, error_detail, updated_at_ms } =
        data.experiment;
      const shown = [data.experiment.status, started_at_ms, done_at_ms, error_name, error_detail];
      assert.deepStrictEqual([status, shown, updated_at_ms], [200, expected, 1000]);
    }
  },
);

promise("an experiment moves into a folder and out of it", function* () {
  const folder_id = yield* createFolder("a");
  const path = `/experiments/${yield* createExperiment("a")}`;
  const move = (folder_id: string | null) => ask("PATCH", path, { body: { folder_id } });
  assert.strictEqual((yield* move(folder_id)).data.experiment.folder.name, "a");
  assert.strictEqual((yield* move("x")).outcome, "404 folder_not_found");
  assert.isNull((yield* move(null)).data.experiment.folder);
});

promise(
  "experiments are listed by last update, and by status, slug, part of it and time",
  function* () {
    const ids: Array<string> = [];
    for (const slug of ["Run-1", "run-2", "other"]) {
      ids.push(yield* createExperiment(slug));
      yield* TestClock.adjust("1 second");
    }
    yield* post(`/experiments/${ids[0]}`, { status: "running" });
    for (const [query, expected] of [
      ["", "Run-1 other run-2"],
      ["?status=running", "Run-1"],
      ["?status=no+such", ""],
      ["?slug=run-2", "run-2"],
      ["?slug=run", ""],
      ["?search=RUN", "Run-1 run-2"],
      ["?from=1000", "other run-2"],
      ["?from=0&to=1000", "Run-1 run-2"],
      ["?from=-1&limit=1", "Run-1"],
      ["?limit=99999", "Run-1 other run-2"],
    ] as const) {
      const { experiments } = yield* get(`/experiments${query}`);
      assert.strictEqual(pick(experiments, "slug").join(" "), expected, query);
    }
  },
);

promise("annotations come newest first, and say with what experiment they were made", function* () {
  const id = yield* createExperiment("a");
  const { token } = yield* mint(id);
  const path = `/experiments/${id}/annotations`;
  const annotate = (annotation: string) => post(path, { annotation, metadata: { n: 1 } }, token);
  const first = yield* annotate("first ☃");
  assert.match(first.annotation.id, uuid);
  const annotation = {
    experiment_id: id,
    annotation: "first ☃",
    metadata: { n: 1 },
    created_at_ms: 0,
  };
  assert.deepStrictEqual(first.annotation, { id: first.annotation.id, ...annotation });
  assert.deepStrictEqual([first.experiment.id, first.experiment.last_event_at_ms], [id, 0]);
  yield* annotate("second");
  yield* TestClock.adjust("5 millis");
  yield* annotate("third");
  for (const [query, expected] of [
    ["", "third, second, first ☃"],
    ["?limit=1", "third"],
    ["?from=0&to=4", "second, first ☃"],
    ["?from=5&to=5", "third"],
  ] as const) {
    const { annotations } = yield* get(path + query);
    assert.strictEqual(pick(annotations, "annotation").join(", "), expected);
  }
});

promise("an event says when the last one came, an empty ingestion does not", function* () {
  const id = yield* createExperiment("a");
  yield* TestClock.adjust("7 millis");
  const last = Effect.map(
    get(`/experiments/${id}`),
    ({ experiment }) => experiment.last_event_at_ms,
  );
  yield* ingest(id, []);
  assert.isNull(yield* last);
  yield* ingest(id, [{ name: "a", value: 1, timestamp_ms: 1 }]);
  assert.strictEqual(yield* last, 7);
});
