/** What was ingested is read back as rows, as series and as a catalog. */
import { assert } from "@effect/vitest";
import * as Effect from "effect/Effect";
import * as HttpClient from "effect/http/HttpClient";
import * as HttpClientRequest from "effect/http/HttpClientRequest";
import * as Stream from "effect/Stream";
import { TestClock } from "effect/testing";
import { MetricsServer } from "../../src/testing/index.ts";
import { ask, createExperiment, get, ingest, mint, post, promise } from "./ask.ts";

const event = (id: number, step: number | null, timestamp_ms: number, metadata = {}) => ({
  client_event_id: `${id}`,
  name: "loss",
  value: id,
  step,
  timestamp_ms,
  metadata,
});

/** Two experiments; the values say which event it is. */
const recorded = Effect.gen(function* () {
  const [one, two] = [yield* createExperiment("one"), yield* createExperiment("two")];
  yield* ingest(one, [
    event(1, 2, 50, { split: "train", fold: { k: [1, 2], n: null } }),
    event(2, 1, 40, { split: "valid", fold: { n: null, k: [1, 2] } }),
    event(3, null, 30, { split: "train", fold: 1 }),
    event(4, 1, 20, { fold: "1" }),
    { ...event(5, 1, 40), name: "accuracy" },
  ]);
  yield* TestClock.adjust("1 second");
  yield* ingest(two, [event(6, 0, 10, { split: "valid" }), event(7, 1, 40)]);
  return { one, two };
});

const valuesOf = (path: string) =>
  Effect.map(get(path), ({ rows }) =>
    rows.map((row: { metric_value: number }) => row.metric_value).join(" "),
  );
const q = encodeURIComponent;

promise(
  "a row has its event, its experiment and two times, and what the experiment said then",
  function* () {
    const id = yield* createExperiment("a", { description: "d", metadata: { lr: 1 } });
    const path = `/experiments/${id}/metrics`;
    yield* TestClock.adjust("9 millis");
    yield* ingest(id, [{ name: "é", value: -0.5, metadata: { é: [1] } }, event(2, 3, 5)]);
    yield* post("/experiments", { slug: "a", metadata: { lr: 2 } });
    const [b, a] = (yield* get(path)).rows;
    assert.match(b.event_id, /^[\da-f-]{36}$/);
    assert.deepStrictEqual(b, {
      event_id: b.event_id,
      org_id: "organization",
      experiment_id: id,
      experiment_slug: "a",
      experiment_description: null,
      experiment_metadata_json: null,
      metric_name: "loss",
      metric_value: 2,
      step: 3,
      event_metadata_json: "{}",
      client_timestamp_ms: 5,
      server_timestamp_ms: 9,
    });
    const { step, event_metadata_json, client_timestamp_ms } = a;
    assert.deepStrictEqual(
      [step, event_metadata_json, client_timestamp_ms],
      [null, '{"é":[1]}', 9],
    );
    yield* ingest(id, [event(3, 4, 0)]);
    const { rows } = yield* get(`${path}?include_experiment_meta_as_of=true`);
    assert.deepStrictEqual(
      rows.map((row: Record<string, string>) => [
        row["experiment_description"],
        row["experiment_metadata_json"],
      ]),
      [
        ["d", '{"lr":1}'],
        ["", '{"lr":2}'],
        ["d", '{"lr":1}'],
      ],
    );
  },
);

promise("a client_event_id is stored once in its experiment: the first stays", function* () {
  const { one, two } = yield* recorded;
  for (const id of [one, two]) {
    const data = [event(1, 0, 0), { ...event(1, 9, 9), name: "other" }];
    assert.deepStrictEqual((yield* ingest(id, data)).data, { ok: true, mode: "queued" });
  }
  assert.strictEqual(yield* valuesOf(`/experiments/${one}/metrics?metric_name=loss`), "4 2 1 3");
  assert.strictEqual(yield* valuesOf(`/experiments/${two}/metrics`), "1 6 7");
});

promise(
  "rows are filtered within inclusive bounds and sorted, null steps last, ties by time and arrival",
  function* () {
    const { one } = yield* recorded;
    for (const [query, values] of [
      ["", "4 2 5 1 3"],
      ["sort_direction=desc", "1 5 2 4 3"],
      ["sort_by=client_timestamp", "4 3 2 5 1"],
      ["sort_by=client_timestamp,step&sort_direction=desc", "1 5 2 3 4"],
      ["sort_by=server_timestamp", "1 2 3 4 5"],
      ["sort_by=server_timestamp&sort_direction=desc", "5 4 3 2 1"],
      ["metric_name=accuracy", "5"],
      ["metric_name=nope", ""],
      ["metric_name=loss&limit=2", "4 2"],
      ["metric_name=loss&step=1", "4 2"],
      ["from_step=2", "1"],
      ["metric_name=loss&to_step=1", "4 2"],
      ["metric_name=loss&from_step=-1&to_step=99", "4 2 1"],
      ["metric_name=loss&from_time=30&to_time=40", "2 3"],
      ["metadata_key=split", "2 1 3"],
      ["metadata_key=split&metadata_value=train", "1 3"],
      ["metadata_key=split&metadata_value=", ""],
      ["metadata_key=fold&metadata_value=1", "4"],
      ["metadata_key=fold&metadata_value_json=1", "3"],
      [`metadata_key=fold&metadata_value_json=${q('"1"')}`, "4"],
      [`metadata_key=fold&metadata_value_json=${q('{"n": null, "k": [1, 2]}')}`, "2 1"],
      [`metadata_key=fold&metadata_value_json=${q('{"n": null, "k": [2, 1]}')}`, ""],
      ["metadata_key=toString", ""],
    ] as const) {
      assert.strictEqual(yield* valuesOf(`/experiments/${one}/metrics?${query}`), values, query);
    }
    for (const [query, name] of [
      ["metadata_value=a", "metadata_key"],
      ["metadata_key=a&metadata_value=a&metadata_value_json=1", "metadata_value"],
      ["metadata_key=a&metadata_value_json=no", "metadata_value_json"],
    ] as const) {
      const answer = yield* ask("GET", `/experiments/${one}/metrics?${query}`);
      assert.match(answer.message!, new RegExp(`^query ${name}: expected`));
    }
  },
);

promise("rows are 1,000 unless a limit says so, and 10,000 at most", function* () {
  const id = yield* createExperiment("a");
  for (let batch = 0; batch < 11; batch++) {
    yield* ingest(
      id,
      Array.from({ length: 1000 }, (_, i) => event(batch * 1000 + i, i, 0)),
    );
  }
  assert.lengthOf((yield* get(`/experiments/${id}/metrics`)).rows, 1000);
  assert.lengthOf((yield* get(`/experiments/${id}/metrics?limit=10001`)).rows, 10_000);
});

promise("rows of several series are sorted together, and each comes once", function* () {
  const { one, two } = yield* recorded;
  const series = [
    { experiment_id: two, metric_name: "loss" },
    { experiment_id: one, metric_name: "loss", metadata_key: "split", metadata_value: "train" },
    { experiment_id: one, metric_name: "loss", metadata_key: "fold", metadata_value_json: "1" },
  ];
  const query = series.map((one) => `series=${q(JSON.stringify(one))}`).join("&");
  for (const [rest, values] of [
    ["", "6 7 1 3"],
    ["&sort_by=series,client_timestamp&sort_direction=desc", "1 3 7 6"],
    ["&from_step=1&limit=2", "7 1"],
  ] as const) {
    assert.strictEqual(yield* valuesOf(`/metrics?${query}${rest}`), values);
  }
});

promise(
  "the catalog has each metric with its keys, and the values of a key in order of arrival",
  function* () {
    const { one, two } = yield* recorded;
    const loss = { metric_name: "loss", metadata_keys: ["fold", "split"] };
    const accuracy = { metric_name: "accuracy", metadata_keys: [] };
    const path = `/experiments/${one}/catalog`;
    assert.deepStrictEqual(yield* get(path), { metrics: [accuracy, loss] });
    assert.deepStrictEqual(yield* get(`${path}?limit=1`), { metrics: [accuracy] });
    const { metadata } = yield* get(`${path}/loss?key=fold&key=none&key=fold&limit=2`);
    const fold = { key: "fold", values: [{ k: [1, 2], n: null }, 1], value_count: 3 };
    const keys = [fold, { key: "none", values: [], value_count: 0 }];
    assert.deepStrictEqual(metadata, { metric_name: "loss", scanned_event_count: 4, keys });
    const split = { key: "split", values: ["train", "valid"], value_count: 2 };
    assert.deepStrictEqual((yield* get(`${path}/loss`)).metadata.keys[0], split);
    const experimentIds = [two, one, two];
    assert.deepStrictEqual(yield* post("/query/metric-catalog", { experimentIds }), [
      { experimentId: two, metricName: "loss", metadataKeys: ["split"] },
      { experimentId: one, metricName: "accuracy", metadataKeys: [] },
      { experimentId: one, metricName: "loss", metadataKeys: ["fold", "split"] },
    ]);
  },
);

const byStep = { axis: "step", direction: "asc" };
const query = (series: ReadonlyArray<object>, order: object = byStep) =>
  post("/query/series", { series, order, stream: false });

promise("series are one batch for each metric and metadata, in columns", function* () {
  const experimentId = yield* createExperiment("a");
  yield* ingest(experimentId, [
    event(1, null, 30, { split: "train" }),
    event(2, 1, 20, { split: "train" }),
    event(3, 1, 10, { split: "train" }),
    event(4, 0, 40, { b: { c: [1, null] }, a: 7 }),
    event(5, 2, 5, { a: 7, b: { c: [1, null] } }),
  ]);
  const [train, other, ...rest] = yield* query([{ experimentId }, { experimentId }]);
  const { metadataHash } = train;
  assert.deepStrictEqual(train, {
    experimentId,
    metricName: "loss",
    metadataHash,
    metadata: { split: "train" },
    data: { steps: [1, 1, null], timestamp: [10, 20, 30], value: [3, 2, 1] },
  });
  assert.notStrictEqual(other.metadataHash, metadataHash);
  assert.deepStrictEqual(other.metadata, { b: '{"c":[1,null]}', a: "7" });
  assert.deepStrictEqual([other.data.value, rest], [[4, 5], []]);
  for (const [axis, direction, values] of [
    ["step", "desc", [2, 3, 1]],
    ["timestamp", "asc", [3, 2, 1]],
    ["timestamp", "desc", [1, 2, 3]],
  ] as const) {
    const [batch] = yield* query([{ experimentId }], { axis, direction });
    assert.deepStrictEqual([batch.metadataHash, batch.data.value], [metadataHash, values]);
  }
});

promise("series are narrowed by metric and by filters, all of which hold", function* () {
  const { one: experimentId } = yield* recorded;
  for (const [selection, values] of [
    [{ metricName: "accuracy" }, [5]],
    [{ metricName: "none" }, []],
    [{ metadataFilter: [{ key: "split" }] }, [1, 2, 3]],
    [{ metadataFilter: [{ key: "split", value: "valid" }] }, [2]],
    [{ metadataFilter: [{ key: "fold", value: "1" }] }, [3, 4]],
    [{ metadataFilter: [{ key: "fold", value: "1" }, { key: "split" }] }, [3]],
    [{ metadataFilter: [{ key: "toString" }] }, []],
  ] as const) {
    const batches: Array<{ data: { value: Array<number> } }> = yield* query([
      { experimentId, ...selection },
    ]);
    assert.deepStrictEqual(
      batches.flatMap(({ data }) => data.value),
      [...values],
    );
  }
});

promise(
  "series stream a batch a line, each on its own, and at the end how many there were",
  function* () {
    const { one, two } = yield* recorded;
    const series = [{ experimentId: one }, { experimentId: two, metricName: "loss" }];
    const { host, apiKey } = yield* MetricsServer.MetricsServer;
    const response = yield* HttpClientRequest.post(`${host}/api/v1/query/series`).pipe(
      HttpClientRequest.bearerToken(apiKey),
      HttpClientRequest.bodyJsonUnsafe({ series, order: byStep, stream: true }),
      HttpClient.execute,
    );
    const type = "application/vnd.syvain.metric-series+ndjson";
    assert.strictEqual(response.headers["content-type"], type);
    const chunks = yield* Stream.runCollect(Stream.decodeText(response.stream));
    assert.deepStrictEqual(chunks, [
      ...(yield* query(series)).map((batch: object) => `${JSON.stringify(batch)}\n`),
      '{"kind":"complete","batchCount":7,"rowCount":7}\n',
    ]);
  },
);

promise("a long line is sent in pieces as it is read, and is one line all the same", function* () {
  const id = yield* createExperiment("long");
  const { token } = yield* mint(id);
  const count = 30_000;
  for (let from = 0; from < count; from += 1000) {
    const data = Array.from({ length: 1000 }, (_, i) => ({
      client_event_id: `${from + i}`,
      name: "m",
      value: (from + i) / 7,
      step: from + i,
      timestamp_ms: 1e12 + from + i,
    }));
    yield* ask("POST", `/experiments/${id}/ingest`, { bearer: token, body: { data } });
  }
  const series = [{ experimentId: id }];
  const { host, apiKey } = yield* MetricsServer.MetricsServer;
  const response = yield* HttpClientRequest.post(`${host}/api/v1/query/series`).pipe(
    HttpClientRequest.bearerToken(apiKey),
    HttpClientRequest.bodyJsonUnsafe({ series, order: byStep, stream: true }),
    HttpClient.execute,
  );
  const chunks = yield* Stream.runCollect(Stream.decodeText(response.stream));
  assert.isAbove(chunks.length, 5);
  for (const chunk of chunks) assert.isBelow(chunk.length, 300_000);
  const [line, end, none] = chunks.join("").split("\n");
  assert.deepStrictEqual([JSON.parse(line!)], yield* query(series));
  assert.deepStrictEqual(JSON.parse(end!), { kind: "complete", batchCount: 1, rowCount: count });
  assert.strictEqual(none, "");
});
