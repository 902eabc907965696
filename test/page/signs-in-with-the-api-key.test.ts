import { assert } from "@effect/vitest";
import { describePage, eventually } from "../support/page.ts";

describePage("the page", (test) => {
  test("asks for the key, refuses a wrong one with a sentence, and keeps the right one for the session", async ({
    browser,
    host,
    key,
    open,
  }) => {
    const page = await open();
    await page.goto(host);
    const field = page.getByLabel("API key");
    for (const wrong of ["ak_org_wrong", "schlüssel"]) {
      await field.fill(wrong);
      await page.getByRole("button", { name: "Sign in" }).click();
      await page.getByRole("alert").getByText("This is not the API key of this server.").waitFor();
      assert.strictEqual(await page.evaluate(() => sessionStorage.length), 0);
      assert.strictEqual(await page.getByRole("navigation").count(), 0);
      await field.fill("");
    }
    await field.fill(` ${key}\n`);
    await page.keyboard.press("Enter");
    await page.getByRole("navigation", { name: "Runs" }).waitFor();

    await page.reload();
    await page.getByRole("navigation", { name: "Runs" }).waitFor();
    assert.strictEqual(await page.evaluate(() => localStorage.length), 0);
    assert.strictEqual(await page.evaluate(() => document.cookie), "");
    assert.strictEqual(browser.contexts().length, 1);

    await page.getByRole("button", { name: "Sign out" }).click();
    await field.waitFor();
    await page.reload();
    await field.waitFor();
  });

  test("takes a key from behind the # of its address, and out of it at once", async ({
    host,
    key,
    open,
  }) => {
    const page = await open();
    const asked: Array<string> = [];
    page.on("request", (request) => asked.push(request.url()));
    await page.goto(`${host}/#t=config&key=${key}`);
    await page.getByRole("navigation", { name: "Runs" }).waitFor();
    assert.notInclude(page.url(), key);
    assert.isTrue(await page.getByRole("radio", { name: "Config" }).isChecked());
    for (const url of asked) assert.notInclude(url.split("#")[0], key);

    // A wrong one that is pasted into the same tab is refused as any other.
    await page.evaluate(() => {
      location.hash = "key=ak_org_wrong";
    });
    await page.getByText("The server does not take this key").waitFor();
    assert.notInclude(page.url(), "wrong");
  });

  test("of another tab has to be told the key", async ({ host, key, open, show }) => {
    await (await show()).getByRole("navigation", { name: "Runs" }).waitFor();
    const other = await open();
    await other.goto(host);
    await eventually(async () => other.getByLabel("API key").isVisible(), true);
    assert.isAbove(key.length, 0);
  });
});
