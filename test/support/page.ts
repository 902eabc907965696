/** The page in a real browser, on a real server, and what records to that. */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import * as FetchHttpClient from "effect/http/FetchHttpClient";
import * as Layer from "effect/Layer";
import { readFileSync } from "node:fs";
import type { Browser, BrowserContextOptions, Locator, Page } from "playwright-core";
import * as Collector from "../../src/Collector.ts";
import * as Spool from "../../src/Spool.ts";
import * as SyvainMetrics from "../../src/SyvainMetrics.ts";
import { launch, noBrowser } from "./browser.ts";
import { serve } from "./serving.ts";

// -----------------------------------------------------------------------------
// Tests
// -----------------------------------------------------------------------------

export interface World {
  readonly host: string;
  readonly key: string;
  readonly browser: Browser;
  /** A page of its own, in a session of its own. What goes wrong in it fails the test. */
  readonly open: (options?: BrowserContextOptions) => Promise<Page>;
  /** The page at its address, signed in. */
  readonly show: (hash?: string, options?: BrowserContextOptions) => Promise<Page>;
}

/** Whatever the browser complains of: an error of the page, and what the content security policy kept it from. */
const complaintsOf = (page: Page): Array<string> => {
  const complaints: Array<string> = [];
  page.on("pageerror", (error) => void complaints.push(error.stack ?? error.message));
  page.on("dialog", (dialog) => {
    complaints.push(`a dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on("console", (message) => {
    const text = message.text();
    // A request that was refused shows as an error, as it should.
    if (message.type() === "error" && !text.startsWith("Failed to load resource")) {
      complaints.push(text);
    }
  });
  return complaints;
};

const inBrowser = async (browser: Browser, body: (world: World) => Promise<void>) => {
  const server = await serve("--memory");
  const complaints: Array<Array<string>> = [];
  const open: World["open"] = async (options = {}) => {
    const context = await browser.newContext({ locale: "en", timezoneId: "UTC", ...options });
    const page = await context.newPage();
    complaints.push(complaintsOf(page));
    return page;
  };
  const { host, key } = server;
  try {
    await body({
      host,
      key,
      browser,
      open,
      show: async (hash = "", options) => {
        const page = await open(options);
        await page.goto(`${host}/#key=${key}${hash === "" ? "" : `&${hash}`}`);
        return page;
      },
    });
    assert.deepEqual(complaints.flat(), []);
  } finally {
    for (const context of browser.contexts()) await context.close();
    server.child.kill("SIGTERM");
    await server.exit;
  }
};

/** Tests of the page. Where there is no browser they are skipped, and say so; on CI they fail. */
export const describePage = (
  name: string,
  tests: (test: (title: string, body: (world: World) => Promise<void>) => void) => void,
): void => {
  if (noBrowser !== undefined) console.warn(`Skipped: "${name}": ${noBrowser}`);
  describe.skipIf(noBrowser !== undefined)(name, () => {
    let browser: Browser | undefined;
    beforeAll(async () => {
      browser = await launch();
    });
    afterAll(() => browser?.close());
    tests((title, body) => it(title, () => inBrowser(browser!, body), 60_000));
  });
};

// -----------------------------------------------------------------------------
// Recording
// -----------------------------------------------------------------------------

const clientOf = ({ host, key }: Pick<World, "host" | "key">) =>
  SyvainMetrics.layer({ apiKey: key, host }).pipe(Layer.provideMerge(FetchHttpClient.layer));

type Client = Layer.Success<ReturnType<typeof clientOf>>;

/** Calls of the client, on the server of a test. */
export const call = <A, E>(
  world: Pick<World, "host" | "key">,
  effect: Effect.Effect<A, E, Client>,
): Promise<A> => Effect.runPromise(Effect.provide(effect, clientOf(world)));

/** A recorder of its own, as in a job, until `body` is done. */
export const record = (
  world: Pick<World, "host" | "key">,
  input: Collector.ExperimentInput,
  body: (recorder: Collector.Recorder) => Effect.Effect<void, unknown>,
): Promise<void> =>
  Effect.runPromise(
    Effect.gen(function* () {
      const recorder = yield* Collector.experiment(input);
      yield* recorder.run(body(recorder));
      yield* recorder.flushOrFail;
    }).pipe(
      Effect.scoped,
      Effect.provide(
        Collector.layer({ interval: "50 millis" }).pipe(
          Layer.provide(Spool.layerMemory()),
          Layer.provide(clientOf(world)),
        ),
      ),
    ),
  );

// -----------------------------------------------------------------------------
// Looking
// -----------------------------------------------------------------------------

export const chart = (page: Page, name: string): Locator =>
  page.getByRole("region", { name, exact: true });

/** What one chart says of itself in numbers: each row by its name, as the page writes it. */
export const numbersOf = async (
  page: Page,
  name: string,
): Promise<Record<string, ReadonlyArray<string>>> => {
  const details = chart(page, name).locator("details");
  if ((await details.getAttribute("open")) === null) await details.locator("summary").click();
  const rows = details.locator("tbody tr");
  await rows.first().waitFor();
  return Object.fromEntries(
    await rows.evaluateAll((all) =>
      all.map((row) => [
        row.querySelector("th")?.textContent ?? "",
        [...row.querySelectorAll("td")].map((cell) => cell.textContent ?? ""),
      ]),
    ),
  );
};

/** Looks again and again until it is as it should be; in the end it says what it is. */
export const eventually = async <A>(look: () => Promise<A>, expected: A): Promise<void> => {
  const until = performance.now() + 20_000;
  for (;;) {
    const found = await look();
    try {
      assert.deepEqual(found, expected);
      return;
    } catch (error) {
      if (performance.now() > until) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
};

/** What the page saves as CSV, as rows of cells. */
export const csvOf = async (page: Page): Promise<ReadonlyArray<ReadonlyArray<string>>> => {
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: "Save what is seen as CSV" }).click(),
  ]);
  const text = readFileSync(await download.path(), "utf8");
  return text
    .trimEnd()
    .split("\r\n")
    .map((line) => line.split(","));
};
