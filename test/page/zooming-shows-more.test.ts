import { assert } from "@effect/vitest";
import * as DateTime from "effect/DateTime";
import * as Effect from "effect/Effect";
import type { Page } from "playwright-core";
import * as Annotations from "../../src/Annotations.ts";
import * as Experiments from "../../src/Experiments.ts";
import * as Metrics from "../../src/Metrics.ts";
import {
  call,
  chart,
  csvOf,
  describePage,
  eventually,
  numbersOf,
  type World,
} from "../support/page.ts";

const began = Date.UTC(2026, 2, 2, 9);

/** A run with an event each second, from a minute that is known. */
const ingest = (
  world: World,
  slug: string,
  metadata: Metrics.Metadata,
  names: ReadonlyArray<string>,
  steps: ReadonlyArray<number>,
  valueOf: (step: number) => number,
  offset = 0,
) =>
  call(
    world,
    Effect.gen(function* () {
      const { experiment } = yield* Experiments.create({ slug, metadata });
      yield* Metrics.ingestAll(
        experiment.id,
        names.flatMap((name) =>
          steps.map((step) => ({
            clientEventId: `${name}/${step}`,
            name,
            value: valueOf(step),
            step,
            timestamp: DateTime.makeUnsafe(began + offset + step * 1000),
          })),
        ),
      );
      yield* Annotations.create(experiment.id, {
        annotation: `note of ${slug}`,
        metadata: { step: 50 },
      });
    }),
  );

const upTo = (count: number) => Array.from({ length: count }, (_, step) => step);

const label = (page: Page, name: string) => () =>
  chart(page, name).locator(".plot").getAttribute("aria-label");

/** Presses, moves and lets go, in shares of the width of a chart. */
const drag = async (page: Page, name: string, from: number, to: number) => {
  const box = (await chart(page, name).locator(".u-over").boundingBox())!;
  const y = box.y + box.height / 2;
  await page.mouse.move(box.x + box.width * from, y);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * ((from + to) / 2), y);
  await page.mouse.move(box.x + box.width * to, y);
  await page.mouse.up();
};

/** Whether the address says that a range is zoomed into, give or take some pixels. */
const isZoomed = (page: Page, range: readonly [number, number], pixels: number) => async () => {
  const zoom = (/[#&]z=([^&]*)/.exec(page.url())?.[1] ?? "").split("~").map(Number);
  return range.every((x, i) => Math.abs(zoom[i]! - x) <= pixels);
};

describePage("what is zoomed into", (test) => {
  test("is the same part of every chart, down to each single event", async (world) => {
    await ingest(world, "run", {}, ["a", "b"], upTo(20_000), (step) => (step * 7) % 11);
    const page = await world.show();
    await eventually(async () => (await label(page, "b")())?.includes("step 0 to 19,999"), true);
    assert.isBelow((await csvOf(page)).length, 4000);
    await drag(page, "a", 0.25, 0.5);
    await eventually(isZoomed(page, [5000, 10_000], 200), true);
    const zoom = /step [\d.,]+ to [\d.,]+/;
    await eventually(
      async () => zoom.exec((await label(page, "b")())!)?.[0],
      zoom.exec((await label(page, "a")())!)?.[0],
    );
    // Now by the address, to what can be known exactly.
    await page.evaluate(() => {
      location.hash = location.hash.replace(/z=[^&]*/, "z=12000~12100");
    });
    const exact = upTo(101).map((i) => {
      const [step, value] = [String(12_000 + i), String(((12_000 + i) * 7) % 11)];
      return ["a", "run", "", step, value, value, value, "", "1"];
    });
    await eventually(async () => (await csvOf(page)).filter(([name]) => name === "a"), exact);

    // Held with Shift, the same motion moves it.
    await page.keyboard.down("Shift");
    await drag(page, "b", 0.75, 0.25);
    await page.keyboard.up("Shift");
    await eventually(isZoomed(page, [12_050, 12_150], 2), true);
    await chart(page, "a").locator(".u-over").dblclick();
    await eventually(async () => (await label(page, "a")())?.includes("step 0 to 19,999"), true);
    assert.notInclude(page.url(), "z=");
  });
});

describePage("the x axis", (test) => {
  test("is the step, the time since the start, the time of day, or another metric", async (world) => {
    await ingest(world, "first", {}, ["loss"], upTo(101), (step) => step / 10);
    await ingest(world, "second", {}, ["loss", "seen"], upTo(101), (step) => step * 2, 3_600_000);
    const page = await world.show();
    const numbers = async (slug: string) => (await numbersOf(page, "loss"))[slug]?.slice(4);
    await eventually(() => numbers("second"), ["101", "0", "100"]);
    const choose = (value: string) =>
      page.getByRole("combobox", { name: "X axis" }).selectOption(value);
    await choose("relative");
    // Each run from its own start.
    await eventually(() => numbers("first"), ["101", "0 s", "1:40"]);
    await eventually(() => numbers("second"), ["101", "0 s", "1:40"]);
    await choose("wall");
    const day = (time: string) => `2026-03-02 ${time}.000`;
    await eventually(() => numbers("first"), ["101", day("09:00:00"), day("09:01:40")]);
    await eventually(() => numbers("second"), ["101", day("10:00:00"), day("10:01:40")]);
    await choose("metric:seen");
    await eventually(() => numbers("second"), ["101", "0", "200"]);
    await eventually(() => numbers("first"), undefined);
  });

  test("has the annotations at the steps that they name", async (world) => {
    await ingest(world, "run", {}, ["loss"], upTo(101), (step) => step);
    const page = await world.show();
    await eventually(async () => (await label(page, "loss")())?.includes("1 line"), true);
    const box = (await chart(page, "loss").locator(".u-over").boundingBox())!;
    await page.mouse.move(box.x + box.width / 2, box.y + 20);
    const readout = chart(page, "loss").locator(".readout");
    await readout.getByText("run: note of run").waitFor();
    await readout.getByText("step 50").waitFor();
    await page.mouse.move(box.x + box.width / 4, box.y + 20);
    await readout.getByText("step 25").waitFor();
    assert.strictEqual(await readout.getByText("note of run").count(), 0);
  });
});

describePage("runs that are grouped", (test) => {
  test("by what they have in common are one line, with a band that holds them", async (world) => {
    for (const [slug, rate, value] of [
      ["a", 0.1, 1],
      ["b", 0.1, 3],
      ["c", 0.2, 10],
    ] as const) {
      await ingest(world, slug, { rate }, ["loss"], upTo(11), () => value);
    }
    const page = await world.show("g=run:rate");
    await eventually(() => numbersOf(page, "loss"), {
      "rate=0.1": ["2", "1", "3", "2", "22", "0", "10"],
      "rate=0.2": ["10", "10", "10", "10", "11", "0", "10"],
    });
    assert.deepEqual(await page.locator(".legend li").allTextContents(), ["rate=0.1", "rate=0.2"]);
  });
});
