/** Events of API v2 are answered one by one, in their order; a refusal is of one event and touches no other. */
import { assert } from "@effect/vitest";
import {
  apiKey,
  ask,
  event,
  metric,
  onEachStore,
  one,
  open,
  outcome,
  send,
  tell,
} from "../support/bothApis.ts";

onEachStore("a batch has as many replies as events, each with the id it answers", function* () {
  const replies = yield* send([
    event("folder.create", { name: "a", parentFolderId: null }, "first"),
    event("folder.create", { name: "a", parentFolderId: null }, "0"),
    event("custom.event", {}, "tree"),
    event("folder.create", { name: 7, parentFolderId: null }),
    event("folder.create", { name: "b", parentFolderId: "nowhere" }),
    event("foldertree.read", {}, "last"),
  ]);
  assert.deepStrictEqual(replies.map(outcome), [
    "syvain.v2.folder.created",
    "409 folder_already_exists",
    "400 unknown_event",
    "422 invalid_data",
    "404 folder_not_found",
    "syvain.v2.foldertree.read",
  ]);
  assert.deepStrictEqual(
    [0, 1, 2, 5].map((i) => replies[i]!.correlationId),
    ["first", "0", "tree", "last"],
  );
  // Who was slower is told which folder there is.
  const { folderId } = replies[0]!.data;
  assert.deepStrictEqual(replies[1]!.data["details"], { folderId });
  assert.strictEqual(replies[1]!.data["retryable"], false);
  assert.deepStrictEqual(replies[5]!.data, {
    experiments: [],
    folders: [{ folderId, name: "a", experiments: [], folders: [] }],
  });
});

onEachStore(
  "the events of a run are applied in order, wrong metrics alone are refused",
  function* () {
    const run = yield* open("run", { meta: { lr: 0.1, n: { l: [1, null] } } });
    const other = yield* open("other");
    const replies = yield* tell(
      run,
      ["start"],
      metric(0, 1),
      metric(-1, 2),
      metric(1, 0.5, { meta: { split: 7 } }),
      metric(2, 0.25),
      ["metric", { experimentId: other.experimentId, step: 0, metricName: "m", metricValue: 1 }],
      ["annotate", { annotation: "checkpoint", meta: { step: 2 } }],
      ["annotate", { annotation: "", meta: {} }],
      ["annotate", { annotation: "plain", meta: {} }],
      ["done"],
    );
    assert.deepStrictEqual(replies.map(outcome), [
      "syvain.v2.experiment.started",
      "syvain.v2.experiment.metricRecorded",
      "422 invalid_data",
      "422 invalid_data",
      "syvain.v2.experiment.metricRecorded",
      "422 invalid_data",
      "syvain.v2.experiment.annotated",
      "422 invalid_data",
      "syvain.v2.experiment.annotated",
      "syvain.v2.experiment.done",
    ]);
    assert.include(String(replies[2]!.data["message"]), "data step: expected");
    assert.include(String(replies[3]!.data["message"]), "data meta.split: expected");

    const { experimentId } = run;
    const [record, annotations, catalog] = yield* send([
      event("query.experiment", { experimentId }),
      event("query.annotations", { experimentId }),
      event("query.catalog", { experimentId }),
    ]);
    const { experiment } = record!.data as { experiment: Record<string, unknown> };
    assert.deepInclude(experiment, {
      slug: "run",
      meta: { lr: 0.1, n: { l: [1, null] } },
      status: "done",
      error: null,
    });
    // Of one millisecond the last that came is the first.
    const all = annotations!.data["annotations"] as ReadonlyArray<Record<string, unknown>>;
    assert.deepStrictEqual(
      all.map(({ annotation, meta }) => [annotation, meta]),
      [
        ["plain", {}],
        ["checkpoint", { step: 2 }],
      ],
    );
    assert.deepStrictEqual(catalog!.data, {
      experimentId,
      series: [{ seriesName: "loss", metadata: [] }],
    });
  },
);

onEachStore("a message id is stored once, within a request and over requests", function* () {
  const run = yield* open("run");
  const points = [metric(0, 1, { id: "a" }), metric(1, 2, { id: "b" }), metric(2, 3, { id: "a" })];
  const first = yield* tell(run, ...points);
  const again = yield* tell(run, ...points, metric(3, 4, { id: "c" }));
  for (const reply of [...first, ...again]) {
    assert.strictEqual(outcome(reply), "syvain.v2.experiment.metricRecorded");
  }
  const { data } = yield* one("query.revisions", { experimentIds: [run.experimentId] });
  assert.deepInclude((data["revisions"] as ReadonlyArray<object>)[0], { seriesRevision: 3 });
});

onEachStore("a move is refused where someone else was faster", function* () {
  const { experimentId } = yield* open("run");
  const folder = function* (name: string) {
    const { data } = yield* one("folder.create", { name, parentFolderId: null });
    return data["folderId"] as string;
  };
  const [a, b] = [yield* folder("a"), yield* folder("b")];
  const move = (fromFolderId: string | null, toFolderId: string | null) =>
    event("folderexperiment.move", { experimentId, fromFolderId, toFolderId });
  const nest = (folderId: string, fromFolderId: string | null, toFolderId: string | null) =>
    event("folder.move", { folderId, fromFolderId, toFolderId });
  const replies = yield* send([
    move(null, a),
    move(null, b),
    move(a, "nowhere"),
    move(a, b),
    nest(b, null, a),
    nest(b, null, a),
    nest(a, null, b),
    nest(b, a, null),
    event("folder.rename", { folderId: b, name: "a" }),
    event("folder.rename", { folderId: b, name: "c" }),
  ]);
  assert.deepStrictEqual(replies.map(outcome), [
    "syvain.v2.folderexperiment.moved",
    "409 experiment_folder_move_conflict",
    "404 folder_not_found",
    "syvain.v2.folderexperiment.moved",
    "syvain.v2.folder.moved",
    "409 folder_move_conflict",
    "400 folder_inside_itself",
    "syvain.v2.folder.moved",
    "409 folder_already_exists",
    "syvain.v2.folder.renamed",
  ]);
  assert.deepStrictEqual((yield* one("foldertree.read", {})).data, {
    experiments: [],
    folders: [
      { folderId: a, name: "a", experiments: [], folders: [] },
      { folderId: b, name: "c", experiments: [{ experimentId, slug: "run" }], folders: [] },
    ],
  });
});

onEachStore("revisions grow with what they are of, and with nothing else", function* () {
  const run = yield* open("run");
  const { experimentId } = run;
  const revisions = function* () {
    const { data } = yield* one("query.revisions", { experimentIds: [experimentId, "nowhere"] });
    assert.deepStrictEqual(data["missingExperimentIds"], ["nowhere"]);
    const [found] = data["revisions"] as ReadonlyArray<Record<string, number>>;
    return { record: found!["experimentRevision"]!, series: found!["seriesRevision"]! };
  };
  let before = yield* revisions();
  const grows = function* (what: "record" | "series" | undefined) {
    const now = yield* revisions();
    assert.strictEqual(now.record > before.record, what === "record", "experimentRevision");
    assert.strictEqual(now.series > before.series, what === "series", "seriesRevision");
    before = now;
  };
  yield* tell(run, metric(0, 1, { id: "a" }));
  yield* grows("series");
  yield* tell(run, metric(0, 1, { id: "a" }));
  yield* grows(undefined);
  for (const told of [
    ["annotate", { annotation: "a", meta: {} }],
    ["start"],
    ["error", { error: "boom", meta: {} }],
    ["done"],
  ] as const) {
    yield* tell(run, told);
    yield* grows("record");
  }
  yield* open("run", { description: "again" });
  yield* grows("record");
  yield* open("other");
  yield* one("query.experiment", { experimentId });
  yield* grows(undefined);

  const { data } = yield* one("query.experiments", { experimentIds: [experimentId, "x"] });
  const [record] = data["experiments"] as ReadonlyArray<object>;
  assert.deepInclude(record, {
    experimentId,
    description: "again",
    experimentRevision: before.record,
    seriesRevision: before.series,
  });
  assert.deepStrictEqual(data["missingExperimentIds"], ["x"]);
});

onEachStore("a request that fits no envelope is refused as a whole", function* () {
  const refused = function* (body: unknown, expected: string, path = "/api/v2/events") {
    const { status, text } = yield* ask("POST", path, { body });
    assert.include(`${status} ${JSON.parse(text).error.message}`, expected);
  };
  yield* refused("{", "400 body: expected valid JSON");
  yield* refused({}, "422 body: expected an array of 1 to 1000 envelopes");
  yield* refused([], "422 body: expected an array of 1 to 1000 envelopes");
  const events = Array.from({ length: 1001 }, () => event("foldertree.read", {}));
  yield* refused(events, "422 body: expected an array of 1 to 1000 envelopes");
  yield* refused([7], "422 body [0]: expected an envelope");
  yield* refused([{ event: "e", data: {} }], "422 body [0] messageId: expected");
  yield* refused([{ messageId: "m", event: "e" }], "422 body [0] data: expected a JSON object");
  yield* refused([{ ...event("e", {}), more: 1 }], "422 body [0] more: expected no field");
  yield* refused([event("e", {})], "404 there is no /api/v2/events/", "/api/v2/events/");
  const series = "/api/v2/query/series";
  yield* refused([event("query.experimentseries", {})], "422 body: expected an envelope", series);
  yield* refused(event("foldertree.read", {}), "422 body event: expected", series);

  const wrong = yield* ask("GET", "/api/v2/events");
  assert.deepStrictEqual([wrong.status, wrong.headers.get("allow")], [405, "POST"]);
  const text = { "content-type": "text/plain" };
  const plain = yield* ask("POST", "/api/v2/events", { body: "[]", headers: text });
  assert.strictEqual(plain.status, 415);
  const status = yield* ask("GET", "/api/v2/auth/status", { bearer: apiKey });
  assert.deepStrictEqual(JSON.parse(status.text), {
    data: {
      auth: { kind: "api_key" },
      organization: { id: "organization", name: "Reference" },
    },
    error: null,
  });
});
