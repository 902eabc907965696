/** A server with a directory: what was acknowledged is there after any end of it. */
import { assert, describe, it, onTestFinished } from "@effect/vitest";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { killAgainAndAgain } from "../support/serverKills.ts";
import { call, run, serve } from "../support/serving.ts";

const temporary = (): string => {
  const directory = mkdtempSync(join(tmpdir(), "serve-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return join(directory, "data");
};

type Server = Awaited<ReturnType<typeof serve>>;

/** Gone when the test is over, whatever becomes of it. */
const until = (server: Server): Server => {
  onTestFinished(() => void server.child.kill("SIGKILL"));
  return server;
};

const start = async (directory: string, ...args: ReadonlyArray<string>) =>
  until(await serve("--data", directory, ...args));

const stop = (server: Server, signal: NodeJS.Signals = "SIGTERM") => {
  server.child.kill(signal);
  return server.exit;
};

const mode = (path: string) => (statSync(path).mode & 0o777).toString(8);

describe("a server with a directory", () => {
  it("makes it at first for its user alone, with a key that it shows once, and keeps all", async () => {
    const directory = temporary();
    const first = await start(directory);
    assert.strictEqual(mode(directory), "700");
    for (const file of readdirSync(directory)) {
      assert.strictEqual(mode(join(directory, file)), "600", file);
    }
    const key = readFileSync(join(directory, "api-key"), "utf8").trim();
    assert.strictEqual(first.key, key);
    assert.match(key, /^ak_org_[\da-f]{48}$/);

    const { data } = await call(first, "POST", "/experiments", {
      slug: "iris",
      metadata: { a: 1 },
    });
    const keys = `/experiments/${data.experiment.id}/ingestion-keys`;
    const minted = (await call(first, "POST", keys, { name: "k" })).data;
    const writer = { host: first.host, key: minted.token };
    const path = `/experiments/${data.experiment.id}`;
    const event = { client_event_id: "1", name: "loss", value: 0.5, step: 1 };
    await call(writer, "POST", `${path}/ingest`, { data: [event] });
    await call(writer, "POST", `${path}/annotations`, { annotation: "half" });
    await call(first, "POST", path, { status: "done" });
    const read = async (server: { host: string; key: string }) =>
      JSON.stringify([
        (await call(server, "GET", path)).data,
        (await call(server, "GET", `${path}/metrics`)).data,
        (await call(server, "GET", `${path}/annotations`)).data,
        (await call(server, "GET", keys)).data,
        (await call(server, "GET", `${path}/catalog/loss`)).data,
      ]);
    const before = await read(first);
    assert.deepInclude(await stop(first), { code: 0, stderr: "" });

    const second = await start(directory);
    assert.notInclude(second.output.stdout, key);
    assert.include(second.output.stdout, `$(cat ${join(directory, "api-key")})`);
    assert.strictEqual(await read({ host: second.host, key }), before);
    // The token opens its experiment still, and the id is known.
    const again = { host: second.host, key: minted.token };
    assert.strictEqual(
      (await call(again, "POST", `${path}/ingest`, { data: [event] })).status,
      200,
    );
    const rows = (await call({ host: second.host, key }, "GET", `${path}/metrics`)).data.rows;
    assert.lengthOf(rows, 1);
    await stop(second);
    const everything = readdirSync(directory)
      .filter((file) => file !== "api-key")
      .map((file) => readFileSync(join(directory, file), "latin1"))
      .join("");
    assert.notInclude(everything, minted.token);
    assert.notInclude(everything, key);
  });

  it("accepts the key it is given from then on", async () => {
    const directory = temporary();
    await stop(await start(directory));
    const given = await start(directory, "--api-key", "my-key");
    assert.notInclude(given.output.stdout, "my-key");
    await stop(given);
    const { host } = await start(directory);
    assert.strictEqual((await call({ host, key: "my-key" }, "GET", "/auth/status")).status, 200);
    assert.strictEqual((await call({ host, key: "my-kex" }, "GET", "/auth/status")).status, 401);
  });

  it("is the only one in it: another says who has it, until that is gone, however it went", async () => {
    const directory = temporary();
    const first = await start(directory);
    const second = await run("serve", "--port", "0", "--data", directory).exit;
    assert.strictEqual(second.code, 1);
    assert.strictEqual(
      second.stderr,
      `${directory} is in use by process ${first.child.pid}, on ${first.host}. Stop that server, or give this one another directory with --data.\n`,
    );
    await stop(first, "SIGKILL");
    await stop(await start(directory));
  });

  it("is not reached by others without a key that someone has", async () => {
    const directory = temporary();
    for (const args of [["--data", directory], ["--memory"]]) {
      const { code, stderr } = await run("serve", "--port", "0", "--host", "0.0.0.0", ...args).exit;
      assert.strictEqual(code, 1);
      assert.match(stderr, /^Others could reach the server on this address: give it a key .*\n$/);
    }
    await stop(await start(directory, "--host", "0.0.0.0", "--api-key", "key"));
    await stop(await start(directory, "--host", "0.0.0.0"));
  });

  it("does not open what is no database, or what a newer version wrote", async () => {
    const directory = temporary();
    await stop(await start(directory));
    const refusal = async () => {
      const { code, stderr } = await run("serve", "--port", "0", "--data", directory).exit;
      assert.strictEqual(code, 1);
      return stderr;
    };
    const database = new DatabaseSync(join(directory, "metrics.db"));
    database.exec("INSERT INTO migrations (migration_id, name) VALUES (1000, 'later')");
    database.close();
    const why = "it was written by a newer version of syvain-metrics-effect";
    assert.strictEqual(await refusal(), `Cannot open the data in ${directory}: ${why}\n`);
    writeFileSync(join(directory, "metrics.db"), "no database, and long enough to be read as one");
    const what = "file is not a database";
    assert.strictEqual(await refusal(), `Cannot open the data in ${directory}: ${what}\n`);
  });

  it("starts on what a start has left that was killed, at whatever moment", async () => {
    const directory = temporary();
    for (let life = 0; life < 6; life++) {
      const server = run("serve", "--port", "0", "--data", directory);
      await new Promise((resolve) => setTimeout(resolve, 200 + Math.random() * 400));
      server.child.kill("SIGKILL");
      await server.exit;
    }
    const { host, output } = await start(directory);
    const key = readFileSync(join(directory, "api-key"), "utf8").trim();
    assert.strictEqual((await call({ host, key }, "GET", "/experiments")).status, 200);
    assert.strictEqual(output.stderr, "");
  });

  it("loses no acknowledged event and no answer, and has none twice, however often it is killed", async () => {
    const directory = temporary();
    const start = (...args: ReadonlyArray<string>) => {
      const server = run("serve", "--data", directory, ...args);
      onTestFinished(() => void server.child.kill("SIGKILL"));
      return server;
    };
    const { acknowledged, stored, foldersKept, foldersMade, wrong, end } = await killAgainAndAgain({
      start,
      kills: 6,
    });
    assert.deepStrictEqual(wrong, []);
    assert.isAbove(acknowledged.length, 1000);
    assert.deepStrictEqual(stored, acknowledged);
    assert.deepStrictEqual(foldersKept, foldersMade);
    assert.deepStrictEqual(end, { code: 0, stderr: "" });
  });
});
