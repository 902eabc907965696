/** Servers on one Postgres are one service. */
import { assert, describe, it, onTestFinished } from "@effect/vitest";
import { call, run, serve } from "../support/serving.ts";
import { isMissing, postgresServer } from "../support/postgresServer.ts";

const start = async (...args: ReadonlyArray<string>) => {
  const server = await serve(...args);
  onTestFinished(() => void server.child.kill("SIGKILL"));
  return server;
};

describe.skipIf(isMissing)("servers on one Postgres", () => {
  it("share key, folders, experiments, tokens, events and answers", async () => {
    const url = await (await postgresServer()).newDatabase();
    // Both make the tables and a key, and one of them has.
    const both = await Promise.all([start("--database", url), start("--database", url)]);
    const [first, second] = both.toSorted((x, y) => y.key.length - x.key.length) as typeof both;
    assert.match(first.key, /^ak_org_[\da-f]{48}$/);
    assert.strictEqual(second.key, "…");
    const [a, b] = [first, second].map(({ host }) => ({ host, key: first.key })) as [
      { host: string; key: string },
      { host: string; key: string },
    ];
    const once = { "idempotency-key": "folder" };
    const made = await call(a, "POST", "/folders", { name: "a" }, once);
    const again = await call(b, "POST", "/folders", { name: "a" }, once);
    assert.deepStrictEqual(again.data, made.data);
    assert.strictEqual(again.headers.get("idempotent-replayed"), "true");
    assert.strictEqual((await call(b, "POST", "/folders", { name: "a" })).status, 409);

    // However many create it at once, there is one.
    const created = await Promise.all(
      Array.from({ length: 12 }, (_, i) =>
        call(i % 2 === 0 ? a : b, "POST", "/experiments", { slug: "iris" }),
      ),
    );
    const ids = new Set(created.map(({ data }) => data.experiment.id));
    assert.strictEqual(ids.size, 1);
    assert.deepStrictEqual(created.map(({ status }) => status).toSorted(), [
      ...Array.from({ length: 11 }, () => 200),
      201,
    ]);
    const path = `/experiments/${[...ids][0]}`;
    const { token } = (await call(a, "POST", `${path}/ingestion-keys`, { name: "k" })).data;

    // Every event goes to both, all at the same time.
    const batches = Array.from({ length: 20 }, (_, batch) =>
      Array.from({ length: 200 }, (_, i) => ({
        client_event_id: `${batch * 100 + i}`,
        name: "loss",
        value: 1,
        step: batch * 100 + i,
        metadata: { part: `${i % 4}` },
      })),
    );
    const answers = await Promise.all(
      batches.flatMap((data, i) =>
        [a, b].map(({ host }) =>
          call(
            { host, key: token },
            "POST",
            `${path}/ingest`,
            { data },
            { "idempotency-key": `${i}` },
          ),
        ),
      ),
    );
    assert.isTrue(answers.every(({ status }) => status === 200));
    const replayed = answers.filter(({ headers }) => headers.get("idempotent-replayed") === "true");
    assert.lengthOf(replayed, 20);
    for (const server of [a, b]) {
      const { metadata } = (await call(server, "GET", `${path}/catalog/loss`)).data;
      assert.strictEqual(metadata.scanned_event_count, 2100);
      const series = [{ experimentId: [...ids][0] }];
      const order = { axis: "step", direction: "asc" };
      const { data } = await call(server, "POST", "/query/series", {
        series,
        order,
        stream: false,
      });
      const steps = data.flatMap((one: { data: { steps: Array<number> } }) => one.data.steps);
      assert.deepStrictEqual(
        steps.toSorted((x: number, y: number) => x - y),
        Array.from({ length: 2100 }, (_, step) => step),
      );
    }
    // Revoked at one, it is refused at the other.
    const [key] = (await call(a, "GET", `${path}/ingestion-keys`)).data.keys;
    await call(a, "DELETE", `${path}/ingestion-keys/${key.id}`);
    const refused = await call({ ...b, key: token }, "POST", `${path}/ingest`, { data: [] });
    assert.strictEqual(refused.status, 401);
    for (const server of [first, second]) server.child.kill("SIGTERM");
    for (const server of [first, second]) assert.strictEqual((await server.exit).code, 0);
  });

  it("say that it is away, and go on when it is back", async () => {
    const postgres = await postgresServer();
    const server = await start("--database", await postgres.newDatabase(), "--api-key", "key");
    const api = { host: server.host, key: "key" };
    const create = (name: string) => call(api, "POST", "/folders", { name });
    assert.strictEqual((await create("before")).status, 201);
    await postgres.stop();
    const away = await create("during");
    assert.strictEqual(away.status, 503);
    assert.deepStrictEqual(away.error, {
      message: "what the server keeps cannot be reached",
      details: "code=store_unavailable",
    });
    assert.strictEqual(away.headers.get("retry-after"), "1");
    assert.strictEqual((await call(api, "GET", "/folders")).status, 503);
    await postgres.start();
    assert.strictEqual((await create("after")).status, 201);
    const { folders } = (await call(api, "GET", "/folders")).data;
    const names = folders.map(({ name }: { name: string }) => name);
    assert.deepStrictEqual(names, ["after", "before"]);
  });

  it("are not reached by others without a key, and need a database that is there", async () => {
    const url = await (await postgresServer()).newDatabase();
    const open = ["--port", "0", "--host", "0.0.0.0", "--database"];
    const unprotected = await run("serve", ...open, url).exit;
    assert.strictEqual(unprotected.code, 1);
    assert.match(unprotected.stderr, /^Others could reach the server on this address: .*\n$/);
    const secret = url.replace("postgres@", "postgres:secret@").replace(/\d+$/, "999");
    const missing = await run("serve", "--port", "0", "--database", secret).exit;
    assert.strictEqual(missing.code, 1);
    assert.match(missing.stderr, /^Cannot use the database: .*"metrics999" does not exist\n$/);
    const wrong = await run("serve", "--port", "0", "--database", "mysql://secret@host").exit;
    assert.strictEqual(wrong.code, 1);
    assert.notInclude(missing.stderr + wrong.stderr, "secret");
  });
});
