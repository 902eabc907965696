import { assert, describe, it } from "@effect/vitest";
import { splice, total, within } from "../../src/server/page/buckets.ts";
import { nearest, nextPlace } from "../../src/server/page/cursor.ts";
import { type Curve, toCurve } from "../../src/server/page/curve.ts";
import { gapsBefore } from "../../src/server/page/gaps.ts";
import { merge, placeWidth } from "../../src/server/page/grouping.ts";
import { extentOfY, logTicks, zoomed } from "../../src/server/page/scale.ts";
import type { Series } from "../../src/server/page/series.ts";
import { smooth } from "../../src/server/page/smoothing.ts";
import type { ViewBuckets } from "../../src/internal/wire/view.ts";

/** Events one by one, a second apart for each step. */
const events = (points: ReadonlyArray<readonly [step: number, value: number]>): ViewBuckets => {
  const steps = points.map(([step]) => step);
  const values = points.map(([, value]) => value);
  const times = steps.map((step) => step * 1000);
  return {
    count: steps.map(() => 1),
    min: values,
    max: values,
    mean: values,
    last: values,
    firstStep: steps,
    lastStep: steps,
    firstTime: times,
    lastTime: times,
  };
};

const at = (steps: ReadonlyArray<number>) => events(steps.map((step) => [step, step]));
const range = (from: number, to: number, by = 1) =>
  Array.from({ length: Math.ceil((to - from) / by) }, (_, i) => from + i * by);

const seriesOf = (
  buckets: ViewBuckets,
  metadata: Readonly<Record<string, string>> = {},
  width = 0,
): Series => ({
  run: "run",
  name: "name",
  metadata,
  metadataKey: JSON.stringify(metadata),
  width,
  count: total(buckets),
  from: 0,
  to: 0,
  buckets,
});

const curveOf = (buckets: ViewBuckets): Curve =>
  toCurve(seriesOf(buckets), { axis: "step", start: 0, xs: [] })!;

const gapsOf = (steps: ReadonlyArray<number>) =>
  [...gapsBefore(at(steps), "step")].flatMap((gap, i) => (gap === 1 ? [steps[i]] : []));

describe("a gap", () => {
  it("is where a step is missing of those that are recorded one by one, or each tenth", () => {
    assert.deepEqual(gapsOf(range(0, 20)), []);
    assert.deepEqual(gapsOf([...range(0, 10), ...range(11, 20)]), [11]);
    assert.deepEqual(gapsOf([...range(0, 100, 10), ...range(150, 300, 10)]), [150]);
  });

  it("is what is much wider than usual, where distances differ", () => {
    const uneven = range(0, 60).map((i) => i * 7 + ((i * 5) % 4));
    assert.deepEqual(gapsOf(uneven), []);
    const last = uneven.at(-1)!;
    assert.deepEqual(gapsOf([...uneven, last + 12]), []);
    assert.deepEqual(gapsOf([...uneven, last + 100, last + 107]), [last + 100]);
    // Recorded at powers of two: it is meant so.
    assert.deepEqual(gapsOf(range(0, 12).map((power) => 2 ** power)), []);
  });

  it("is not told from a few points", () => {
    assert.deepEqual(gapsOf([0, 1, 50]), []);
  });

  it("is seen between buckets, as it is between events", () => {
    const bucket = (from: number) => ({ from, to: from + 7 });
    const all = [0, 8, 16, 24, 80, 88].map(bucket);
    const buckets: ViewBuckets = {
      ...at(all.map(({ from }) => from)),
      count: all.map(() => 8),
      lastStep: all.map(({ to }) => to),
    };
    assert.deepEqual([...gapsBefore(buckets, "step")], [0, 0, 0, 0, 1, 0]);
  });
});

describe("smoothing", () => {
  it("leaves what is flat as it is, from the first point on", () => {
    assert.deepEqual([...smooth([0, 1, 2], [4, 4, 4], 0.9, 2)], [4, 4, 4]);
  });

  it("begins at the first value, and leans to none", () => {
    const [first, second] = smooth([0, 1], [0, 1], 0.5, 100);
    assert.strictEqual(first, 0);
    // One hundredth of the line behind: the first counts half as much as the second.
    assert.closeTo(second!, 2 / 3, 1e-12);
  });

  it("looks the same at every resolution", () => {
    const value = (x: number) => Math.sin(x / 50);
    const fine = range(0, 1000);
    const coarse = range(0, 1000, 10);
    const [a, b] = [fine, coarse].map((x) => smooth(x, x.map(value), 0.8, 1000));
    for (const [i, x] of coarse.entries()) {
      if (x >= 200) assert.closeTo(b![i]!, a![x]!, 0.12, `at ${x}`);
    }
  });
});

describe("a mean of runs", () => {
  it("counts each run the same, and its band holds all of them", () => {
    const merged = merge(
      [
        curveOf(
          events([
            [0, 1],
            [1, 2],
          ]),
        ),
        curveOf(
          events([
            [0, 3],
            [1, 6],
          ]),
        ),
      ],
      0,
    );
    assert.deepEqual([...merged.y], [2, 4]);
    assert.deepEqual([...merged.low], [1, 2]);
    assert.deepEqual([...merged.high], [3, 6]);
    assert.deepEqual([...merged.count], [2, 2]);
  });

  it("takes a run that is recorded less often as the line that it is drawn as", () => {
    const often = curveOf(
      events([
        [0, 0],
        [5, 0],
        [10, 0],
      ]),
    );
    const seldom = curveOf(
      events([
        [0, 0],
        [10, 20],
      ]),
    );
    assert.deepEqual([...merge([often, seldom], 0).y], [0, 5, 10]);
  });

  it("does not go on where a run has ended, nor across its gap", () => {
    const long = curveOf(at(range(0, 30)));
    const short = curveOf(
      events([...range(0, 10), ...range(20, 25)].map((x) => [x, x + 100] as const)),
    );
    const { x, y } = merge([long, short], 0);
    assert.deepEqual([...x], range(0, 30));
    assert.deepEqual(
      [...y],
      range(0, 30).map((step) => (step < 10 || (step >= 20 && step < 25) ? step + 50 : step)),
    );
  });

  it("of points that are never at the same time is one over spans of time", () => {
    const a = curveOf(events(range(0, 3000, 3).map((x) => [x, 1])));
    const b = curveOf(events(range(1, 3000, 3).map((x) => [x, 3])));
    const { count, y } = merge([a, b], placeWidth([a, b]));
    assert.isBelow(y.length, 400);
    assert.strictEqual(
      count.reduce((sum, one) => sum + one, 0),
      2000,
    );
    for (const value of y) assert.strictEqual(value, 2);
  });
});

describe("one metric over another", () => {
  const over = (xs: ReadonlyArray<Series>, ys: Series) =>
    toCurve(ys, { axis: "metric", start: 0, xs });

  it("has a point for each step that both have, in the order of x", () => {
    const xs = seriesOf(
      events([
        [1, 30],
        [2, 20],
        [4, 10],
      ]),
    );
    const ys = seriesOf(
      events([
        [1, 1],
        [2, 2],
        [3, 3],
        [4, 4],
      ]),
    );
    const curve = over([xs], ys)!;
    assert.deepEqual([...curve.x], [10, 20, 30]);
    assert.deepEqual([...curve.y], [4, 2, 1]);
  });

  it("takes the series of the same metadata, and none where it cannot be known", () => {
    const [train, test] = ["train", "test"].map((split, i) =>
      seriesOf(events([[1, i]]), { split }),
    );
    const y = (metadata: Readonly<Record<string, string>>) => seriesOf(events([[1, 5]]), metadata);
    assert.deepEqual([...over([train!, test!], y({ split: "test" }))!.x], [1]);
    assert.isUndefined(over([train!, test!], y({})));
    assert.deepEqual([...over([train!], y({}))!.x], [0]);
  });

  it("compares what is in buckets of one width", () => {
    const xs = seriesOf(events(range(0, 16).map((step) => [step, step * 10])));
    const ys = seriesOf({ ...at([0, 8]), count: [8, 8], lastStep: [7, 15], mean: [1, 2] }, {}, 8);
    assert.deepEqual([...over([xs], ys)!.x], [35, 115]);
  });
});

describe("what grew", () => {
  it("takes the place of what was there from its cursor on, and nothing else", () => {
    const spliced = splice(
      at([0, 1, 2, 3]),
      events([
        [2, 20],
        [3, 30],
        [4, 40],
      ]),
      "step",
      2,
    );
    assert.deepEqual(spliced.firstStep, [0, 1, 2, 3, 4]);
    assert.deepEqual(spliced.mean, [0, 1, 20, 30, 40]);
    const detail = splice(at([0, 8, 16, 24]), at(range(8, 24)), "step", 8, 23);
    assert.deepEqual(detail.firstStep, [0, ...range(8, 24), 24]);
    assert.deepEqual(within(at([1, 2, 2, 3, 4]), "step", 2, 3).firstStep, [2, 2, 3]);
  });
});

describe("an axis", () => {
  it("that is logarithmic has powers of ten, and round numbers where there is not even one", () => {
    assert.deepEqual(logTicks([0.5, 2e6], 8), [1, 10, 100, 1000, 1e4, 1e5, 1e6]);
    assert.deepEqual(logTicks([1, 1000], 12), [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000]);
    assert.deepEqual(logTicks([52, 58], 4), [52, 54, 56, 58]);
  });

  it("holds the band, and on a logarithmic one what is above zero", () => {
    const lines = [
      {
        ...curveOf(
          events([
            [0, -5],
            [1, 1],
            [2, 100],
          ]),
        ),
        label: "",
        part: "",
        color: 0,
        dash: 0,
        runs: [],
        smoothed: undefined,
      },
    ];
    const [low, high] = extentOfY(lines, [0, 2], true)!;
    assert.isAbove(low, 0.1);
    assert.isBelow(low, 1);
    assert.isAbove(high, 100);
    assert.isBelow(extentOfY(lines, [0, 2], false)![0], -5);
  });

  it("is enlarged around a place", () => {
    assert.deepEqual(zoomed([0, 100], 0.5, 0.5, false), [25, 75]);
    assert.deepEqual(zoomed([0, 100], 0.5, 0, false), [0, 50]);
    const [from, to] = zoomed([1, 100], 0.5, 0.5, true);
    assert.closeTo(from, Math.sqrt(10), 1e-9);
    assert.closeTo(to, 10 ** 1.5, 1e-9);
  });
});

describe("a cursor", () => {
  const lines = [{ x: Float64Array.of(0, 10, 20) }, { x: Float64Array.of(5, 10) }];

  it("goes from point to point of all lines, and stays in what is seen", () => {
    const walk = (direction: 1 | -1, extent: readonly [number, number]) => {
      const places: Array<number> = [];
      let place = nextPlace(lines, undefined, direction, extent);
      while (place !== undefined) {
        places.push(place);
        place = nextPlace(lines, place, direction, extent);
      }
      return places;
    };
    assert.deepEqual(walk(1, [0, 20]), [0, 5, 10, 20]);
    assert.deepEqual(walk(-1, [0, 20]), [20, 10, 5, 0]);
    assert.deepEqual(walk(1, [4, 12]), [5, 10]);
    assert.deepEqual(walk(-1, [4, 12]), [10, 5]);
  });

  it("is at the point that is nearest", () => {
    assert.deepEqual(
      [-5, 4, 6, 14, 99].map((x) => nearest(lines[0]!, x)),
      [0, 0, 1, 1, 2],
    );
  });
});
