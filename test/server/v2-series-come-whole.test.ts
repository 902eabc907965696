/** Series are answered line by line: columns of at most 10,000 points, how many of each name, how many at all. */
import { assert } from "@effect/vitest";
import * as Effect from "effect/Effect";
import * as Stream from "effect/Stream";
import * as Series from "../../src/v2/Series.ts";
import * as Runs from "../../src/v2/Runs.ts";
import {
  lines,
  metric,
  onEachStore,
  open,
  outcome,
  type Reply,
  tell,
} from "../support/bothApis.ts";

const data = "syvain.v2.query.series.data";
const complete = "syvain.v2.query.experimentseries.series";
const done = "syvain.v2.query.experimentseries.done";

const shapeOf = ({
  event,
  data: { data: columns, ...rest },
}: Reply): { readonly [name: string]: unknown } => ({
  event,
  ...rest,
  ...(columns === undefined ? {} : { steps: (columns as { step: ReadonlyArray<number> }).step }),
});

onEachStore("names and metadata narrow; each name that was asked for is counted", function* () {
  const run = yield* open("run");
  const { experimentId } = run;
  yield* tell(
    run,
    metric(2, 3, { meta: { split: "train", rank: "0" } }),
    metric(0, 1, { meta: { rank: "0", split: "train" } }),
    metric(1, 2, { meta: { split: "val" } }),
    metric(5, 6, { name: "acc" }),
  );
  const loss = { experimentId, seriesName: "loss" };
  const train = { ...loss, metadata: { rank: "0", split: "train" } };
  assert.deepStrictEqual((yield* lines(experimentId)).map(shapeOf), [
    { event: data, ...train, steps: [0, 2] },
    { event: data, ...loss, metadata: { split: "val" }, steps: [1] },
    { event: complete, seriesName: "loss", batches: 2, points: 3 },
    { event: data, experimentId, seriesName: "acc", metadata: {}, steps: [5] },
    { event: complete, seriesName: "acc", batches: 1, points: 1 },
    { event: done, series: 2, batches: 3, points: 4 },
  ]);
  const asked = {
    seriesNames: ["none", "loss", "none"],
    filter: [{ metadataKey: "split", metadataValue: "train" }, { metadataKey: "rank" }],
  };
  const some = yield* lines(experimentId, asked);
  assert.deepStrictEqual(some.map(shapeOf), [
    { event: complete, seriesName: "none", batches: 0, points: 0 },
    { event: data, ...train, steps: [0, 2] },
    { event: complete, seriesName: "loss", batches: 1, points: 2 },
    { event: done, series: 2, batches: 1, points: 2 },
  ]);
  assert.deepStrictEqual(some[1]!.data["data"], {
    step: [0, 2],
    timestampMs: [1000, 1002],
    value: [1, 3],
  });
  assert.deepStrictEqual((yield* lines((yield* open("empty")).experimentId)).map(shapeOf), [
    { event: done, series: 0, batches: 0, points: 0 },
  ]);
  assert.deepStrictEqual((yield* lines("nowhere")).map(outcome), ["404 experiment_not_found"]);
  const wrong = yield* lines(experimentId, { xAxis: "time" });
  assert.deepStrictEqual(wrong.map(outcome), ["422 invalid_data"]);
  const seriesNames = Array.from({ length: 1001 }, (_, i) => `n${i}`);
  assert.deepStrictEqual((yield* lines(experimentId, { seriesNames })).map(outcome), [
    "422 invalid_data",
  ]);
});

onEachStore("equal steps go by time, then by arrival; by time the order is another", function* () {
  const run = yield* open("run");
  const at = (step: number, timestampMs: number, metricValue: number) =>
    ["metric", { timestampMs, step, metricName: "m", metricValue, meta: {} }] as const;
  yield* tell(run, at(1, 30, 0), at(1, 20, 1), at(0, 40, 2), at(1, 20, 3));
  const valuesBy = (xAxis: string) =>
    Effect.map(lines(run.experimentId, { xAxis }), ([first]) => first!.data["data"]);
  assert.deepInclude(yield* valuesBy("step"), { value: [2, 1, 3, 0] });
  assert.deepInclude(yield* valuesBy("timestamp"), { value: [1, 3, 0, 2] });
});

onEachStore("a long series comes in several lines, and our client joins them", function* () {
  const count = 25_000;
  const experimentId = yield* Effect.scoped(
    Effect.gen(function* () {
      const run = yield* Runs.open({ slug: "long" });
      yield* run.metrics(
        Array.from({ length: count }, (_, step) => ({ name: "m", step, value: step / 7 })),
      );
      return run.experimentId;
    }),
  );
  for (const xAxis of ["step", "timestamp"]) {
    const all = yield* lines(experimentId, { xAxis });
    assert.deepStrictEqual(
      all
        .filter(({ event }) => event === data)
        .map((line) => (shapeOf(line)["steps"] as ReadonlyArray<number>).length),
      [10_000, 10_000, 5000],
    );
    assert.deepStrictEqual(all.at(-1)!.data, { series: 1, batches: 3, points: count });
  }
  const [series] = yield* Series.read(experimentId);
  assert.deepStrictEqual(
    series!.steps,
    Array.from({ length: count }, (_, step) => step),
  );
  assert.deepStrictEqual(
    [...series!.values],
    Array.from({ length: count }, (_, i) => i / 7),
  );
  const parts = yield* Stream.runCollect(Series.stream(experimentId));
  assert.deepStrictEqual(
    parts.map(({ values }) => values.length),
    [10_000, 10_000, 5000],
  );
});
