import { assert } from "@effect/vitest";
import * as Effect from "effect/Effect";
import * as Annotations from "../../src/Annotations.ts";
import * as Experiments from "../../src/Experiments.ts";
import * as Folders from "../../src/Folders.ts";
import * as Metrics from "../../src/Metrics.ts";
import { call, chart, csvOf, describePage, eventually, numbersOf } from "../support/page.ts";

const markup = `"><img src=x onerror=alert(1)><script>alert(2)</script>`;

describePage("a name that is markup", (test) => {
  test("is text wherever it stands", async (world) => {
    await call(
      world,
      Effect.gen(function* () {
        const { folder } = yield* Folders.create({ name: `folder ${markup}` });
        const { experiment } = yield* Experiments.create({
          slug: `run ${markup}`,
          folderId: folder.folderId,
          description: markup,
          metadata: { [`key ${markup}`]: `value ${markup}` },
        });
        yield* Metrics.ingest(
          experiment.id,
          [1, 2].map((step) => ({
            clientEventId: String(step),
            name: `metric ${markup}`,
            value: step,
            step,
            metadata: { [`tag ${markup}`]: `of ${markup}` },
          })),
          { sync: true },
        );
        yield* Annotations.create(experiment.id, { annotation: `note ${markup}` });
        yield* Experiments.updateStatus(experiment.id, "error", {
          error: { name: `name ${markup}`, detail: `detail ${markup}` },
        });
      }),
    );
    const page = await world.show();
    const name = `metric ${markup}`;
    await eventually(
      async () => Object.keys(await numbersOf(page, name)),
      [`run ${markup} · tag ${markup}=of ${markup}`],
    );
    // At the cursor, in every list of choices, in every table.
    await chart(page, name).locator(".plot").focus();
    await page.keyboard.press("Home");
    await chart(page, name).locator(".readout").getByText(`run ${markup}`).waitFor();
    await page.locator(".annotations summary").click();
    await page.getByText(`note ${markup}`, { exact: true }).waitFor();
    for (const [control, value] of [
      ["Group", `run:key ${markup}`],
      ["Colour", `series:tag ${markup}`],
      ["X axis", `metric:${name}`],
    ] as const) {
      await page.getByRole("combobox", { name: control, exact: true }).selectOption(value);
    }
    await page.locator(".legend").getByText(`tag ${markup}=of ${markup}`).waitFor();
    await page.getByRole("radio", { name: "Config" }).check();
    await page.getByLabel("only what differs").uncheck();
    await page.getByText(`value ${markup}`, { exact: true }).waitFor();
    await page.getByRole("radio", { name: "Table" }).check();
    await page.getByRole("cell", { name, exact: true }).waitFor();
    assert.strictEqual(await page.locator("img, script:not([type=module]), iframe").count(), 0);

    await page.reload();
    await page.getByRole("cell", { name, exact: true }).waitFor();
  });

  test("does not become a formula of a spreadsheet", async (world) => {
    await call(
      world,
      Effect.gen(function* () {
        const { experiment } = yield* Experiments.create({ slug: "=HYPERLINK(1)" });
        const event = { clientEventId: "1", name: "@metric", value: -1, step: 1 };
        yield* Metrics.ingest(experiment.id, [event], { sync: true });
      }),
    );
    const page = await world.show();
    await chart(page, "@metric").waitFor();
    const rows = await csvOf(page);
    assert.deepEqual(rows[1]!.slice(0, 5), ["'@metric", "'=HYPERLINK(1)", "", "1", "-1"]);
  });
});

describePage("the page", (test) => {
  test("lets nothing be loaded from elsewhere, framed, or guessed at", async ({ host }) => {
    const document = await fetch(host);
    const policy = document.headers.get("content-security-policy")!;
    assert.notInclude(policy, "unsafe");
    for (const rule of [
      "default-src 'none'",
      "script-src 'self'",
      "frame-ancestors 'none'",
      "require-trusted-types-for 'script'",
    ]) {
      assert.include(policy, rule);
    }
    assert.strictEqual(document.headers.get("x-content-type-options"), "nosniff");
    assert.strictEqual(document.headers.get("referrer-policy"), "no-referrer");
    assert.strictEqual(document.headers.get("cache-control"), "no-cache");
    const named = [...(await document.text()).matchAll(/"(\.\/assets\/[^"]+)"/g)];
    assert.strictEqual(named.length, 3);
    for (const [, file] of named) {
      const asset = await fetch(new URL(file!, host));
      await asset.arrayBuffer();
      assert.strictEqual(asset.status, 200);
      assert.include(asset.headers.get("cache-control"), "immutable");
      assert.strictEqual(asset.headers.get("x-content-type-options"), "nosniff");
      assert.match(asset.headers.get("content-type")!, /^(text\/(javascript|css)|image\/svg)/);
    }
    for (const path of [
      "/assets/no.js",
      "/assets/..%2f..%2fpackage.json",
      "/assets/%2e%2e/index.html",
    ]) {
      const answer = await fetch(host + path);
      await answer.arrayBuffer();
      assert.strictEqual(answer.status, 404, path);
    }
  });

  test("loads nothing from another server", async ({ host, show }) => {
    const page = await show();
    const asked: Array<string> = [];
    page.on("request", (request) => asked.push(request.url()));
    await page.reload();
    await page.getByText("No run has been recorded yet.").waitFor();
    assert.isAbove(asked.length, 3);
    for (const url of asked) assert.strictEqual(new URL(url).origin, host);
  });
});
