import { assert, describe, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import { readFileSync } from "node:fs";
import type { Page } from "playwright-core";
import { chart, describePage, eventually, record, type World } from "../support/page.ts";

const long = "a-name-that-is-long-without-a-space-in-it-".repeat(4);

const recordRuns = async (world: World) => {
  for (const slug of ["short", long]) {
    await record(world, { slug, metadata: { note: long, nested: { deep: slug } } }, (recorder) =>
      Effect.gen(function* () {
        for (const name of ["loss", `${long}loss`]) {
          yield* recorder.metric(name, 1, { step: 1, metadata: { split: long } });
          yield* recorder.metric(name, 2e9, { step: 1e9, metadata: { split: "train" } });
        }
        yield* recorder.annotation(long);
      }),
    );
  }
};

/** Nothing of the page is beside the screen; a wide table may be moved within its own frame. */
const sideways = (page: Page) =>
  page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

const sizes = {
  "400 pixels wide": { viewport: { width: 400, height: 800 } },
  "320 pixels wide": { viewport: { width: 320, height: 640 } },
  "1280 pixels wide, enlarged twice": {
    viewport: { width: 640, height: 400 },
    deviceScaleFactor: 2,
  },
  "1280 pixels wide": { viewport: { width: 1280, height: 800 } },
};

describePage("on a screen", (test) => {
  for (const [name, options] of Object.entries(sizes)) {
    test(`${name}, everything can be read and reached without scrolling sideways`, async (world) => {
      await recordRuns(world);
      const page = await world.show("", options);
      const isNarrow = options.viewport.width < 768;
      await chart(page, "loss").locator("[aria-label*='4 lines']").waitFor();
      assert.strictEqual(await sideways(page), 0);
      if (isNarrow) {
        for (const opener of ["Runs", "Options"]) {
          await page.getByRole("button", { name: opener }).click();
          assert.strictEqual(await sideways(page), 0, opener);
        }
      }
      await page.getByRole("checkbox", { name: "short, done" }).waitFor();
      await page.getByRole("slider", { name: "Smoothing" }).fill("0.3");
      await page.getByRole("button", { name: "Zoom in" }).click();
      await page.locator(".annotations summary").click();
      await chart(page, "loss").locator("summary").click();
      assert.strictEqual(await sideways(page), 0, "with all open");
      for (const tab of ["Table", "Config"]) {
        await page.getByRole("radio", { name: tab }).check();
        await page.getByRole("table").first().waitFor();
        assert.strictEqual(await sideways(page), 0, tab);
      }
      // A chart that was there before has the width of its place again.
      await page.getByRole("radio", { name: "Charts" }).check();
      await page.setViewportSize({ width: options.viewport.width - 40, height: 700 });
      await eventually(() => sideways(page), 0);
    });
  }

  test("of either scheme has the colours of it, and changes with it", async (world) => {
    await recordRuns(world);
    const page = await world.show("", { colorScheme: "light" });
    await chart(page, "loss").locator("[aria-label*='4 lines']").waitFor();
    const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const light = await background();
    await page.emulateMedia({ colorScheme: "dark" });
    assert.notStrictEqual(await background(), light);
  });
});

// -----------------------------------------------------------------------------
// Contrast: WCAG 2.2, 1.4.3 and 1.4.11
// -----------------------------------------------------------------------------

const stylesheet = readFileSync("src/server/page/style.css", "utf8");

const colorsOf = (css: string) =>
  Object.fromEntries(
    [...css.matchAll(/--([\w-]+):\s*(#[\da-f]{6});/g)].map(([, name, color]) => [name!, color!]),
  );

const luminance = (color: string) => {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const value = Number.parseInt(color.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
};

const contrast = (a: string, b: string) => {
  const [light, dark] = [luminance(a), luminance(b)].toSorted((x, y) => y - x);
  return (light! + 0.05) / (dark! + 0.05);
};

const [lightCss, darkCss] = stylesheet.split("@media (prefers-color-scheme: dark)");
const light = colorsOf(lightCss!);
const schemes = { light, dark: { ...light, ...colorsOf(darkCss!) } };

describe("the colours", () => {
  for (const [scheme, colors] of Object.entries(schemes)) {
    it(`are told apart when it is ${scheme}: text 4.5 to 1, lines and fields 3 to 1`, () => {
      const grounds = ["surface", "ground", "hover"];
      for (const ground of grounds) {
        for (const text of ["ink", "muted", "accent", "bad", "good"]) {
          const ratio = contrast(colors[text]!, colors[ground]!);
          assert.isAtLeast(ratio, 4.5, `${text} on ${ground}`);
        }
      }
      assert.isAtLeast(contrast(colors["accent-ink"]!, colors["accent"]!), 4.5);
      for (const line of ["field", ...Array.from({ length: 10 }, (_, i) => `color-${i}`)]) {
        assert.isAtLeast(contrast(colors[line]!, colors["surface"]!), 3, line);
      }
    });
  }
});
