import { assert } from "@effect/vitest";
import * as Effect from "effect/Effect";
import { chart, csvOf, describePage, eventually, numbersOf, record } from "../support/page.ts";

/** Every value is another one, and none is round. */
const valueOf = (step: number, offset: number) => Math.sin(step / 7) + offset + step / 1000;

const recordCurve = (
  world: Parameters<typeof record>[0],
  slug: string,
  offset: number,
  steps: ReadonlyArray<number>,
) =>
  record(world, { slug, metadata: { offset } }, (recorder) =>
    Effect.forEach(
      steps,
      (step) =>
        recorder.metric("curve", valueOf(step, offset), { step, metadata: { split: "train" } }),
      { discard: true },
    ),
  );

const upTo = (count: number) => Array.from({ length: count }, (_, step) => step);
const rounded = (value: number) => String(Number(value.toPrecision(6)));

describePage("a chart", (test) => {
  test("shows the numbers that a recorder recorded, one by one", async (world) => {
    await recordCurve(world, "first", 1, upTo(60));
    await recordCurve(world, "second", 3, upTo(60));
    const page = await world.show();
    const values = (offset: number) => upTo(60).map((step) => valueOf(step, offset));
    const inNumbers = (offset: number) => {
      const all = values(offset);
      const mean = all.reduce((sum, value) => sum + value, 0) / all.length;
      return [
        ...[all.at(-1)!, Math.min(...all), Math.max(...all), mean].map(rounded),
        "60",
        "0",
        "59",
      ];
    };
    await eventually(() => numbersOf(page, "curve"), {
      "second · split=train": inNumbers(3),
      "first · split=train": inNumbers(1),
    });

    const [head, ...rows] = await csvOf(page);
    assert.deepEqual(head, "metric,name,series,x,value,min,max,smoothed,events".split(","));
    const expected = (slug: string, offset: number) =>
      values(offset).map((value, step) => {
        const text = String(value);
        return ["curve", slug, "split=train", String(step), text, text, text, "", "1"];
      });
    assert.deepEqual(rows, [...expected("second", 3), ...expected("first", 1)]);
  });

  test("has its lines where the numbers are", async (world) => {
    await record(world, { slug: "line" }, (recorder) =>
      Effect.forEach(upTo(101), (step) => recorder.metric("flat", 5, { step }), { discard: true }),
    );
    const page = await world.show();
    await eventually(async () => Object.keys(await numbersOf(page, "flat")), ["line"]);
    // A flat line is in the middle of the chart: its colour is there, from one side to the other, and nowhere else.
    const found = await chart(page, "flat")
      .locator("canvas")
      .evaluate((canvas: HTMLCanvasElement) => {
        const over = canvas.parentElement!.querySelector(".u-over")!;
        const [outer, inner] = [canvas.getBoundingClientRect(), over.getBoundingClientRect()];
        const ratio = canvas.width / outer.width;
        const [left, top] = [(inner.left - outer.left) * ratio, (inner.top - outer.top) * ratio];
        const { data, width } = canvas
          .getContext("2d")!
          .getImageData(left, top, inner.width * ratio, inner.height * ratio);
        const height = data.length / 4 / width;
        let [columns, away] = [0, 0];
        for (let x = 0; x < width; x++) {
          let isHere = false;
          for (let y = 0; y < height; y++) {
            const [red = 0, green = 0, blue = 0, alpha = 0] = data.subarray((y * width + x) * 4);
            if (alpha < 128 || blue < red + 60 || blue < green + 20) continue;
            if (Math.abs(y - height / 2) < 4) isHere = true;
            else away++;
          }
          if (isHere) columns++;
        }
        return { share: Math.round((columns / width) * 100), away };
      });
    assert.deepEqual(found, { share: 100, away: 0 });
  });

  test("has one line for each series of a name, and none for a run that lacks it", async (world) => {
    await record(world, { slug: "both" }, (recorder) =>
      Effect.gen(function* () {
        for (const split of ["train", "test"]) {
          yield* recorder.metric("loss", 1, { step: 1, metadata: { split } });
        }
        yield* recorder.metric("extra", 7, { step: 1 });
      }),
    );
    await record(world, { slug: "one" }, (recorder) => recorder.metric("loss", 2, { step: 1 }));
    const page = await world.show();
    await eventually(
      async () => Object.keys(await numbersOf(page, "loss")).toSorted(),
      ["both · split=test", "both · split=train", "one"],
    );
    await eventually(async () => Object.keys(await numbersOf(page, "extra")), ["both"]);
    await chart(page, "extra").getByText("Not recorded with a step: one").waitFor();
  });

  test("shows every extreme of more points than there are pixels", async (world) => {
    await record(world, { slug: "spikes" }, (recorder) =>
      Effect.forEach(
        upTo(20_000),
        (step) =>
          recorder.metric("noise", step === 12_345 ? 99 : step === 777 ? -50 : step % 3, { step }),
        { discard: true },
      ),
    );
    const page = await world.show();
    await eventually(async () => {
      const [last, min, max, , points, from, to] = (await numbersOf(page, "noise"))["spikes"] ?? [];
      return [last, min, max, points, from, to];
    }, [String(19_999 % 3), "-50", "99", "20,000", "0", "19,999"]);
    const rows = await csvOf(page);
    assert.isBelow(rows.length, 1200);
    const band = rows.slice(1).map(([, , , , , min, max]) => [Number(min), Number(max)]);
    assert.strictEqual(Math.max(...band.map(([, max]) => max!)), 99);
    assert.strictEqual(Math.min(...band.map(([min]) => min!)), -50);
  });
});
