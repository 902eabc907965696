/** What the released clients send is taken, though another client would write it in another way. */
import { assert } from "@effect/vitest";
import { ask, createExperiment, createFolder, get, ingest, mint, post, promise } from "./ask.ts";

const json = { "content-type": "application/json" };

promise("JSON with \\u escapes is plain UTF-8", function* () {
  yield* post("/folders", '{"name": "\\u00e9 \\u2603 \\ud835\\udd18/%", "parent_id": null}');
  assert.strictEqual((yield* ask("POST", "/folders", { body: { name: "é ☃ 𝔘/%" } })).status, 409);
  assert.strictEqual((yield* get("/folders")).folders[0].path_name, "/é ☃ 𝔘/%");
});

promise("query spaces are + or %20, and a path has slashes around it or none", function* () {
  const id = yield* createFolder("b c", yield* createFolder("a+é"));
  for (const path of ["/a%2B%C3%A9/b+c", "%2Fa%2Bé%2Fb%20c", "a%2B%C3%A9/b+c/"]) {
    const { folders } = yield* get(`/folders?path=${path}`);
    assert.deepStrictEqual([folders.length, folders[0].folder_id], [1, id]);
  }
});

promise("a metric name in a path is percent-encoded", function* () {
  const id = yield* createExperiment("a");
  const name = "é ☃ %2F?#/&";
  yield* ingest(id, [{ client_event_id: "1", name, value: 1, step: null }]);
  const { metadata } = yield* get(`/experiments/${id}/catalog/${encodeURIComponent(name)}`);
  assert.deepStrictEqual(metadata, { metric_name: name, scanned_event_count: 1, keys: [] });
});

promise("GET and DELETE with a content type and no body", function* () {
  const id = yield* createExperiment("a");
  const path = `/experiments/${id}/ingestion-keys`;
  assert.strictEqual((yield* ask("GET", path, { headers: json })).status, 200);
  const key = yield* mint(id);
  assert.strictEqual((yield* ask("DELETE", `${path}/${key.id}`, { headers: json })).status, 200);
});

promise("events without client_event_id and step, each like no other", function* () {
  const id = yield* createExperiment("a");
  const event = { name: "loss", value: 0.5 };
  const { json } = yield* ingest(id, [event, event, { ...event, timestamp_ms: 7, metadata: {} }]);
  assert.deepStrictEqual(json, { data: { ok: true, mode: "queued" }, error: null });
  assert.lengthOf((yield* get(`/experiments/${id}/metrics?sort_by=`)).rows, 3);
});

promise(
  "POST and PATCH without an Idempotency-Key, or with an empty one, act each time",
  function* () {
    const id = yield* createFolder("a");
    for (const [headers, name] of [
      [{}, "b"],
      [{}, "c"],
      [{ "idempotency-key": "" }, "d"],
      [{ "idempotency-key": "" }, "e"],
    ] as const) {
      const { data } = yield* ask("PATCH", `/folders/${id}`, { headers, body: { name } });
      assert.strictEqual(data.folder.name, name);
    }
  },
);

promise("sync=true answers sync, and anything else queued", function* () {
  const id = yield* createExperiment("a");
  for (const [query, mode] of [
    ["", "queued"],
    ["?sync=false", "queued"],
    ["?sync=true", "sync"],
  ] as const) {
    const { status, data } = yield* ingest(id, [], query);
    assert.deepStrictEqual([status, data], [200, { ok: true, mode }]);
  }
});

promise("an experiment and an annotation of nothing but their names", function* () {
  const { experiment } = yield* post("/experiments", { slug: "a" });
  const { description, metadata, folder } = experiment;
  assert.deepStrictEqual([description, metadata, folder], ["", {}, null]);
  const { token } = yield* mint(experiment.id);
  const path = `/experiments/${experiment.id}/annotations`;
  assert.deepStrictEqual((yield* post(path, { annotation: " " }, token)).annotation.metadata, {});
});

promise("a comparison of nothing", function* () {
  assert.deepStrictEqual(yield* get("/metrics"), { rows: [] });
});
