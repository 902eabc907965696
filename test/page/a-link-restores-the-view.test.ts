import { assert, describe, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import {
  decode,
  encode,
  initial,
  type View,
  withoutRun,
  withRun,
} from "../../src/server/page/view.ts";
import { chart, describePage, eventually, numbersOf, record, type World } from "../support/page.ts";

const recordRuns = async (world: World, count: number) => {
  for (let run = 0; run < count; run++) {
    await record(world, { slug: `run-${run}`, metadata: { seed: run % 2 } }, (recorder) =>
      Effect.forEach(
        Array.from({ length: 50 }, (_, i) => i + 1),
        (step) =>
          Effect.andThen(
            recorder.metric("loss", 1 / step + run, { step, metadata: { split: "train" } }),
            recorder.metric("accuracy", step + run, { step }),
          ),
        { discard: true },
      ),
    );
  }
};

describePage("a link", (test) => {
  test("shows who follows it what its sender saw", async (world) => {
    await recordRuns(world, 3);
    const page = await world.show();
    await chart(page, "loss").waitFor();
    // Everything is set by hand, as somebody would.
    await page.getByRole("checkbox", { name: "run-1, done" }).uncheck();
    await page.getByRole("button", { name: "Hide run-0" }).click();
    await page.getByRole("searchbox", { name: "Filter runs" }).fill("run");
    await page.getByRole("combobox", { name: "Status of the runs" }).selectOption("done");
    await page.getByRole("combobox", { name: "Order of the runs" }).selectOption("name");
    await page.getByRole("checkbox", { name: "run-1, done" }).check();
    await page.getByRole("searchbox", { name: "Metrics" }).fill("loss");
    await page.getByRole("combobox", { name: "X axis" }).selectOption("metric:accuracy");
    await page.getByRole("checkbox", { name: "log x" }).check();
    await page.getByRole("checkbox", { name: "log y" }).check();
    await page.getByRole("checkbox", { name: "marks" }).uncheck();
    await page.getByRole("slider", { name: "Smoothing" }).fill("0.5");
    await page.getByRole("combobox", { name: "Group" }).selectOption("run:seed");
    await page.getByRole("combobox", { name: "Colour" }).selectOption("series:split");
    await page.getByRole("button", { name: "Zoom in" }).click();
    const state = async (of: typeof page) => ({
      label: await chart(of, "loss").locator(".plot").getAttribute("aria-label"),
      numbers: await numbersOf(of, "loss"),
      legend: await of.locator(".legend li").allTextContents(),
      charts: await of.locator(".chart h2").allTextContents(),
      runs: await of.locator(".run .name").allTextContents(),
      controls: await of
        .locator("select, input:not([type=checkbox], [type=radio])")
        .evaluateAll((all) => all.map((one) => (one as HTMLInputElement).value)),
      checked: await of
        .locator("[type=checkbox], [type=radio]")
        .evaluateAll((all) => all.map((one) => (one as HTMLInputElement).checked)),
    });
    const sent = await state(page);
    assert.deepEqual(sent.charts, ["loss"]);
    assert.deepEqual(sent.runs, ["run-1", "run-2"]);
    assert.isBelow(page.url().length, 200);

    const other = await world.open();
    await other.goto(page.url());
    await other.getByLabel("API key").fill(world.key);
    await other.keyboard.press("Enter");
    await chart(other, "loss").waitFor();
    await eventually(() => state(other), sent);
  });

  test("of the first look names the runs that were chosen for one", async (world) => {
    await recordRuns(world, 7);
    const page = await world.show();
    await page.getByText("7 runs, 5 shown.").waitFor();
    const legend = () => page.locator(".legend li").allTextContents();
    await eventually(async () => (await legend()).length, 5);
    const before = await legend();
    await record(world, { slug: "later" }, (recorder) => recorder.metric("loss", 1, { step: 1 }));
    await page.getByText("8 runs, 5 shown.").waitFor();
    await page.reload();
    await page.getByText("8 runs, 5 shown.").waitFor();
    await eventually(legend, before);
  });

  test("is followed by the page when somebody edits it", async (world) => {
    await recordRuns(world, 1);
    const page = await world.show();
    await chart(page, "loss").waitFor();
    await page.evaluate(() => {
      location.hash += "&t=table&m=acc";
    });
    await page.getByRole("rowheader", { name: "run-0" }).waitFor();
    assert.isTrue(await page.getByRole("radio", { name: "Table" }).isChecked());
  });
});

describe("the address", () => {
  const full: View = {
    tab: "config",
    runs: ["0a1b2c3d", "", "ffffffff"],
    hidden: ["12345678"],
    filter: "a b&c=d#é",
    status: "done",
    sort: "name",
    metrics: "loss/train 100%",
    x: "metric",
    xMetric: "tokens ~ seen",
    logX: true,
    logY: true,
    smoothing: 0.65,
    group: "run:learning rate",
    color: "series:split",
    marks: false,
    zoom: [-0.125, 1_772_442_000_123],
    differences: false,
  };

  it("has every part of a view", () => {
    assert.deepEqual(decode(`#${encode(full)}`), full);
    for (const key of Object.keys(full) as ReadonlyArray<keyof View>) {
      const one = { ...initial, [key]: full[key] };
      assert.deepEqual(decode(encode(one)), one, key);
      assert.notDeepEqual(one, initial, key);
    }
  });

  it("is empty for the view that one begins with, and tells no choice from none", () => {
    assert.strictEqual(encode(initial), "");
    assert.deepEqual(decode("r=").runs, []);
    assert.deepEqual(decode(encode({ ...initial, runs: [] })).runs, []);
    assert.isNull(decode("").runs);
  });

  it("that cannot be read is taken for what can", () => {
    const strange = decode("t=nothing&z=5~1&s=7&x=%&o=&r=<b>.0a1b2c3d&lx=2&unknown=1");
    assert.deepEqual(strange, { ...initial, runs: ["0a1b2c3d"] });
  });

  it("leaves each run its colour when another one goes or comes", () => {
    const three = ["a", "b", "c"].reduce<ReadonlyArray<string>>(withRun, []);
    assert.deepEqual(withoutRun(three, "b"), ["a", "", "c"]);
    assert.deepEqual(withRun(withoutRun(three, "b"), "d"), ["a", "d", "c"]);
    assert.deepEqual(withoutRun(withoutRun(three, "b"), "c"), ["a"]);
    assert.deepEqual(withRun(three, "b"), three);
  });
});
