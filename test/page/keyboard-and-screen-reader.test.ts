import { assert } from "@effect/vitest";
import * as Effect from "effect/Effect";
import type { Page } from "playwright-core";
import { chart, describePage, eventually, record, type World } from "../support/page.ts";

const recordRun = (world: World, slug: string, add = 0) =>
  record(world, { slug }, (recorder) =>
    Effect.gen(function* () {
      for (let step = 0; step <= 100; step += 10) {
        yield* recorder.metric("loss", step / 1000 + add, { step });
      }
      yield* recorder.annotation("a note");
    }),
  );

/** What has the focus, as a screen reader would say it. */
const focused = (page: Page) =>
  page.evaluate(() => {
    const element = document.activeElement!;
    const named = element.getAttribute("aria-label") ?? element.closest("label")?.textContent;
    return (named ?? element.textContent ?? "").trim();
  });

describePage("with the keyboard alone one", (test) => {
  test("gets from the key to a chart, and reads its points", async (world) => {
    await recordRun(world, "first");
    await recordRun(world, "second", 1);
    const page = await world.open();
    await page.goto(world.host);
    // The field has the focus already.
    await page.keyboard.type(world.key);
    await page.keyboard.press("Enter");
    await chart(page, "loss").locator("[aria-label*='2 lines']").waitFor();
    await page.keyboard.press("Tab");
    assert.strictEqual(await focused(page), "To the charts");
    await page.keyboard.press("Enter");
    await page.keyboard.press("Tab");
    assert.match(await focused(page), /^loss: 2 lines, step 0 to 100\. Arrow keys/);

    const spoken = () => chart(page, "loss").getByRole("status").textContent();
    const press = async (key: string, words: string) => {
      await page.keyboard.press(key);
      assert.strictEqual(await spoken(), words, key);
    };
    await press("ArrowRight", "step 0; second 1; first 0");
    await press("ArrowRight", "step 10; second 1.01; first 0.01");
    await press("End", "step 100; second 1.1; first 0.1; second: a note; first: a note");
    await press("ArrowLeft", "step 90; second 1.09; first 0.09");
    await press("Home", "step 0; second 1; first 0");

    const label = () => chart(page, "loss").locator(".plot").getAttribute("aria-label");
    const zoomed = (range: string) =>
      eventually(async () => /step (\d+ to \d+)/.exec((await label()) ?? "")?.[1], range);
    await page.keyboard.press("Escape");
    await page.keyboard.press("+");
    await zoomed("25 to 75");
    await page.keyboard.press("Shift+ArrowRight");
    await zoomed("35 to 85");
    await press("ArrowRight", "step 40; second 1.04; first 0.04");
    await page.keyboard.press("Escape");
    await page.keyboard.press("-");
    await zoomed("10 to 110");
    await page.keyboard.press("0");
    await zoomed("0 to 100");
  });

  test("reaches every control, each of which has a name and shows that it has the focus", async (world) => {
    await recordRun(world, "run");
    const page = await world.show();
    await chart(page, "loss").locator("[aria-label*='1 line']").waitFor();
    const controls = await page
      .locator("a, button:not(:disabled), input, select, summary, [tabindex='0']")
      .evaluateAll((all) => all.filter((one) => (one as HTMLElement).offsetParent !== null).length);
    const reached = new Set<string>();
    await page.evaluate(() => document.body.focus());
    for (let i = 0; i < controls + 5; i++) {
      await page.keyboard.press("Tab");
      const name = await focused(page);
      if (await page.evaluate(() => document.activeElement === document.body)) break;
      assert.notStrictEqual(name, "");
      reached.add(name);
      const isSeen = await page.evaluate(() => {
        const element = document.activeElement!;
        const shown = [element, element.nextElementSibling].filter((one) => one !== null);
        return shown.some((one) => getComputedStyle(one).outlineStyle !== "none");
      });
      assert.isTrue(isSeen, name);
    }
    for (const name of [
      "Charts",
      "Zoom in",
      "Save what is seen as CSV",
      "Sign out",
      "Metrics",
      "X axis",
      "log y",
      "Smoothing",
      "Group",
      "Colour",
      "Filter runs",
      "Status of the runs",
      "run, done",
      "Hide run",
      "Show none",
      "Numbers",
    ]) {
      assert.isTrue(
        [...reached].some((one) => one.startsWith(name)),
        `${name}, of ${[...reached].join(" | ")}`,
      );
    }
  });

  test("keeps the focus where it is while a run writes", async (world) => {
    await recordRun(world, "run");
    const page = await world.show();
    const box = page.getByRole("checkbox", { name: "run, done" });
    await chart(page, "loss").locator("[aria-label*='1 line']").waitFor();
    await box.focus();
    await page.keyboard.press("Space");
    await page.getByText("1 run, 0 shown.").waitFor();
    await page.keyboard.press("Space");
    await page.getByText("1 run, 1 shown.").waitFor();
    await recordRun(world, "another");
    await page.getByText("2 runs").waitFor();
    assert.isTrue(await box.evaluate((one) => one === document.activeElement));
  });
});

describePage("for a screen reader the page", (test) => {
  test("has landmarks, headings, and a table for what a chart shows", async (world) => {
    await recordRun(world, "run");
    const page = await world.show();
    await chart(page, "loss").locator("[aria-label*='1 line']").waitFor();
    await chart(page, "loss").locator("summary").click();
    const tree = await page.locator("body").ariaSnapshot();
    for (const part of [
      "- banner",
      '- navigation "Runs"',
      "- main",
      '- heading "Syvain Metrics" [level=1]',
      '- region "loss"',
      '- heading "loss" [level=2]',
      '- table "loss, in numbers"',
      '- rowheader "run"',
      '- columnheader "Last"',
      '- checkbox "run, done" [checked]',
      '- group "Zoom"',
    ]) {
      assert.include(tree, part);
    }
    assert.strictEqual(await page.locator("html").getAttribute("lang"), "en");
  });
});
