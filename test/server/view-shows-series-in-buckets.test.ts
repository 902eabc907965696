/** The page asks for series in so many points: each bucket says what lies in it, and nothing lies outside. */
import { assert } from "@effect/vitest";
import * as DateTime from "effect/DateTime";
import * as Effect from "effect/Effect";
import type { ViewAnswer, ViewQuery, ViewSeries } from "../../src/internal/wire/view.ts";
import * as Experiments from "../../src/Experiments.ts";
import * as Metrics from "../../src/Metrics.ts";
import { ask, metric, onEachStore, open, tell } from "../support/bothApis.ts";

const path = "/api/view/series";

const view = (body: ViewQuery, headers: Record<string, string> = {}) =>
  Effect.map(ask("POST", path, { body, headers }), ({ status, text }) => {
    assert.strictEqual(status, 200, text);
    return (JSON.parse(text) as ViewAnswer).experiments;
  });

/** Of one experiment. */
const seriesOf = (
  experimentId: string,
  points: number,
  {
    axis = "step",
    ...rest
  }: Partial<ViewQuery["queries"][number]> & { axis?: "step" | "time" } = {},
) =>
  Effect.map(view({ queries: [{ experimentId, ...rest }], axis, points }), ([one]) => one!.series);

const refusal = (body: unknown) =>
  Effect.map(ask("POST", path, { body }), ({ status, text }) => ({
    status,
    message: JSON.parse(text).error.message as string,
  }));

onEachStore(
  "buckets begin at multiples of a power of two, and hold what lies in them",
  function* () {
    const run = yield* open("run");
    const at = (step: number, timestampMs: number, metricValue: number) =>
      ["metric", { timestampMs, step, metricName: "loss", metricValue, meta: { a: "b" } }] as const;
    yield* tell(run, at(7, 70, 1), at(3, 20, -2), at(3, 10, 5), at(12, 90, 4), at(13, 80, 2));
    const expected: ViewSeries = {
      name: "loss",
      metadata: { a: "b" },
      count: 5,
      from: 3,
      to: 13,
      width: 4,
      buckets: {
        count: [2, 1, 2],
        min: [-2, 1, 2],
        max: [5, 1, 4],
        mean: [1.5, 1, 3],
        last: [-2, 1, 2],
        firstStep: [3, 7, 12],
        lastStep: [3, 7, 13],
        firstTime: [10, 70, 80],
        lastTime: [20, 70, 90],
      },
    };
    assert.deepStrictEqual(yield* seriesOf(run.experimentId, 4), [expected]);
    // One on from the last bucket, as a page does that draws a run under way.
    yield* tell(run, at(14, 95, 0), at(16, 99, 9));
    const [more] = yield* seriesOf(run.experimentId, 4, { from: 12, width: 4 });
    assert.deepInclude(more, { count: 7, from: 3, to: 16, width: 4 });
    assert.deepInclude(more!.buckets, { count: [3, 1], last: [0, 9], firstStep: [12, 16] });
    // A range is applied before, so that no bucket holds what lies outside.
    const [part] = yield* seriesOf(run.experimentId, 2, { from: 7, to: 13 });
    assert.deepInclude(part, { count: 7, width: 8 });
    assert.deepInclude(part!.buckets, { count: [1, 2], firstStep: [7, 12], lastStep: [7, 13] });
  },
);

onEachStore("few events are each a bucket of their own, by step as by time", function* () {
  const { experiment } = yield* Experiments.create({ slug: "run" });
  const at = (step: number | undefined, time: number, value: number) => ({
    clientEventId: `${value}`,
    name: "m",
    value,
    timestamp: DateTime.makeUnsafe(time),
    ...(step === undefined ? {} : { step }),
  });
  const events = [
    at(5, 40, 1),
    at(undefined, 30, 2),
    at(5, 20, 3),
    at(1, 60, 4),
    at(undefined, 70, 5),
  ];
  yield* Metrics.ingest(experiment.id, events);
  const [bySteps] = yield* seriesOf(experiment.id, 5);
  assert.deepInclude(bySteps, { count: 3, from: 1, to: 5, width: 0 });
  assert.deepInclude(bySteps!.buckets, { last: [4, 3, 1], firstStep: [1, 5, 5], count: [1, 1, 1] });
  const [byTime] = yield* seriesOf(experiment.id, 5, { axis: "time" });
  assert.deepInclude(byTime, { count: 5, from: 20, to: 70, width: 0 });
  assert.deepInclude(byTime!.buckets, {
    last: [3, 2, 1, 4, 5],
    firstStep: [5, null, 5, 1, null],
    lastStep: [5, null, 5, 1, null],
    firstTime: [20, 30, 40, 60, 70],
  });
  const [inTwo] = yield* seriesOf(experiment.id, 2, { axis: "time" });
  assert.deepInclude(inTwo, { width: 64 });
  assert.deepInclude(inTwo!.buckets, { count: [4, 1], last: [1, 5], firstStep: [1, null] });
  const [later] = yield* seriesOf(experiment.id, 2, { axis: "time", width: 0, from: 40, to: 69.5 });
  assert.deepInclude(later!.buckets, { last: [1, 4] });
});

onEachStore(
  "series come in the order asked for, those that are named, and empty ones too",
  function* () {
    const [one, two] = [yield* open("one"), yield* open("two")];
    yield* tell(
      one,
      metric(1, 1),
      metric(1, 2, { name: "acc" }),
      metric(1, 3, { meta: { a: "1" } }),
    );
    const [first, second, third] = yield* view({
      queries: [
        { experimentId: two.experimentId },
        { experimentId: one.experimentId, seriesNames: ["none", "loss"] },
        { experimentId: one.experimentId, from: 2 },
      ],
      axis: "step",
      points: 2,
    });
    assert.deepStrictEqual(first, { experimentId: two.experimentId, series: [] });
    assert.deepStrictEqual(
      second!.series.map(({ name, metadata }) => [name, metadata]),
      [
        ["loss", {}],
        ["loss", { a: "1" }],
      ],
    );
    assert.lengthOf(third!.series, 3);
    assert.deepInclude(third!.series[0], { count: 1, from: 1, to: 1, width: 0 });
    assert.deepStrictEqual(third!.series[0]!.buckets.count, []);
  },
);

onEachStore("what is wrong is refused before anything is read", function* () {
  const { experimentId } = yield* open("run");
  const queries = [{ experimentId }];
  const good = { queries, axis: "step", points: 10 };
  for (const [body, status, message] of [
    [{ ...good, queries: [{ experimentId: "none" }] }, 404, 'there is no experiment "none"'],
    ["{", 400, "body: expected valid JSON"],
    [{ ...good, axis: "timestamp" }, 422, 'body axis: expected "step" | "time"'],
    [{ ...good, points: 1 }, 422, "body points: expected a value between 2 and 10000"],
    [{ ...good, more: 1 }, 422, "body more: expected no field of this name"],
    [{ ...good, queries: [] }, 422, "body queries: expected 1 to 1000 queries"],
    [
      { ...good, queries: [{ experimentId, width: 3 }] },
      422,
      "body queries[0].width: expected 0 or a power of two",
    ],
  ] as const) {
    assert.deepStrictEqual(yield* refusal(body), { status, message });
  }
  const run = yield* open("run");
  yield* tell(run, metric(0, 1), metric(20_000, 1));
  const wide = yield* refusal({ ...good, queries: [...queries, { experimentId, width: 2 }] });
  assert.deepStrictEqual(wide, {
    status: 422,
    message: "body queries[1].width: expected one of at most 10000 buckets in the range",
  });
  assert.strictEqual((yield* ask("POST", path, { body: good, bearer: null })).status, 401);
  const { status } = yield* ask("POST", path, { body: good, bearer: run.experimentToken });
  assert.strictEqual(status, 403);
  const other = yield* ask("GET", path);
  assert.deepStrictEqual([other.status, other.headers.get("allow")], [405, "POST"]);
});

onEachStore("an answer is packed for a client that takes that and is elsewhere", function* () {
  const run = yield* open("run");
  yield* tell(run, ...Array.from({ length: 500 }, (_, step) => metric(step, step / 3)));
  const body: ViewQuery = {
    queries: [{ experimentId: run.experimentId }],
    axis: "step",
    points: 400,
  };
  const elsewhere = { "x-forwarded-for": "192.0.2.1" };
  const answers = yield* Effect.forEach(
    [
      { ...elsewhere, "accept-encoding": "gzip" },
      { ...elsewhere, "accept-encoding": "identity" },
      { ...elsewhere, "accept-encoding": "gzip;q=0, br" },
      { "accept-encoding": "gzip" },
    ],
    (headers) =>
      Effect.map(
        ask("POST", path, { body, headers }),
        ({ headers, text }) => [headers.get("content-encoding"), text] as const,
      ),
  );
  const [[, text]] = answers as [(typeof answers)[number]];
  assert.deepStrictEqual(answers, [
    ["gzip", text],
    [null, text],
    [null, text],
    [null, text],
  ]);
  assert.lengthOf((JSON.parse(text) as ViewAnswer).experiments[0]!.series[0]!.buckets.mean, 250);
});
