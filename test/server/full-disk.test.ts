/** A disk that is full, or that nothing can be written to: real ones, small, in a namespace of their own. */
import { assert, describe, it, onTestFinished } from "@effect/vitest";
import { spawnSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, rmSync, unlinkSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cli } from "../support/build.ts";
import { call, listening, runProgram } from "../support/serving.ts";

const isMissing =
  spawnSync("unshare", ["-rm", "mount", "-t", "tmpfs", "tmpfs", tmpdir()]).status !== 0;

/** The command on a disk of its own, which is gone with it. */
const serveOn = (options: string, directory: string, prepare = ":") =>
  runProgram(
    "unshare",
    "-rm",
    "sh",
    "-c",
    `mount -t tmpfs -o ${options} tmpfs "$1" && ${prepare} && exec "$2" "$3" serve --port 0 --data "$1/data" --api-key key`,
    "sh",
    directory,
    process.execPath,
    cli,
  );

const temporary = (): string => {
  const directory = mkdtempSync(join(tmpdir(), "full-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
};

/** Takes all room that is left. */
const fill = (file: string): void => {
  const descriptor = openSync(file, "w");
  for (let size = 65_536; size >= 1;) {
    try {
      writeSync(descriptor, new Uint8Array(size));
    } catch {
      size >>= 1;
    }
  }
  closeSync(descriptor);
};

describe.skipIf(isMissing)("a server whose disk", () => {
  it("is full says so, keeps what it has acknowledged, and takes again when there is room", async () => {
    const directory = temporary();
    const server = await listening(serveOn("size=8m", directory));
    onTestFinished(() => void server.child.kill("SIGKILL"));
    // The disk as that process sees it.
    const filler = join(`/proc/${server.child.pid}/root`, directory, "filler");
    const api = { host: server.host, key: "key" };
    const { experiment } = (await call(api, "POST", "/experiments", { slug: "full" })).data;
    const path = `/experiments/${experiment.id}`;
    const { token } = (await call(api, "POST", `${path}/ingestion-keys`, { name: "k" })).data;
    const acknowledged: Array<number> = [];
    let batch = 0;
    /** The same batch again until it is taken. */
    const send = async () => {
      const data = Array.from({ length: 500 }, (_, i) => ({
        client_event_id: `${batch}/${i}`,
        name: "loss",
        value: batch,
        step: i,
      }));
      const headers = { "idempotency-key": `${batch}` };
      const answer = await call(
        { ...api, key: token },
        "POST",
        `${path}/ingest`,
        { data },
        headers,
      );
      if (answer.status === 200) acknowledged.push(batch++);
      return answer;
    };
    const stored = async () => {
      const series = [{ experimentId: experiment.id }];
      const order = { axis: "step", direction: "asc" };
      const { data } = await call(api, "POST", "/query/series", { series, order, stream: false });
      return (data[0]?.data.value ?? []).toSorted((a: number, b: number) => a - b);
    };
    const expected = () => acknowledged.flatMap((one) => Array.from({ length: 500 }, () => one));

    let messages = 0;
    const v2 = (path: string, bearer: string, events: ReadonlyArray<object>) =>
      fetch(`${api.host}/api/v2${path}`, {
        method: "POST",
        headers: { authorization: `Bearer ${bearer}`, "content-type": "application/json" },
        body: JSON.stringify(events.map((event) => ({ messageId: `${messages++}`, ...event }))),
      }).then((response) => response.json());
    const experimentId: string = experiment.id;
    const [opened] = await v2("/events", api.key, [
      {
        event: "syvain.v2.experiment.open",
        data: { slug: experiment.slug, description: "", meta: {} },
      },
    ]);
    /** Of events of v2 each says by itself that there is no room, and that it may be sent again. */
    const tellV2 = async () => {
      const events = [
        {
          event: "syvain.v2.experiment.metric",
          data: { experimentId, metricName: "v2", metricValue: 1, step: 1, meta: {} },
        },
        {
          event: "syvain.v2.experiment.annotate",
          data: { experimentId, annotation: "x".repeat(10_000), meta: {} },
        },
      ];
      const replies = await v2(
        `/experiments/${experimentId}/events`,
        opened.data.experimentToken,
        events,
      );
      return replies.map(({ data }: { data: { status: number; code: string; retryable: true } }) =>
        data.retryable ? `${data.status} ${data.code}` : JSON.stringify(data),
      );
    };

    assert.strictEqual((await send()).status, 200);
    for (let round = 0; round < 3; round++) {
      fill(filler);
      let refused = await send();
      // What the log has already taken from the disk is still to be had.
      for (let i = 0; i < 500 && refused.status === 200; i++) refused = await send();
      assert.strictEqual(refused.status, 507);
      assert.deepStrictEqual(refused.error, {
        message: "there is no room to keep this",
        details: "code=store_full",
      });
      assert.strictEqual((await send()).status, 507);
      assert.deepStrictEqual(await tellV2(), ["507 store_full", "507 store_full"]);
      assert.deepStrictEqual(await stored(), expected());
      unlinkSync(filler);
      for (let i = 0; i < 5; i++) assert.strictEqual((await send()).status, 200);
      assert.strictEqual((await call(api, "POST", "/folders", { name: `${round}` })).status, 201);
      assert.deepStrictEqual(await stored(), expected());
    }
    server.child.kill("SIGTERM");
    const { code } = await server.exit;
    assert.strictEqual(code, 0);
  });

  it("cannot be written to does not start, and says why", async () => {
    const directory = temporary();
    const remount = 'mkdir "$1/data" && mount -o remount,ro "$1"';
    const { code, stderr } = await serveOn("size=1m", directory, remount).exit;
    assert.strictEqual(code, 1);
    assert.strictEqual(
      stderr,
      `Cannot open the data in ${directory}/data: unable to open database file\n`,
    );
  });

  it("is full from the start does not start, and says why", async () => {
    const directory = temporary();
    const filled = 'mkdir "$1/data" && { cat /dev/zero > "$1/filler" 2> /dev/null || true; }';
    const { code, stderr } = await serveOn("size=1m", directory, filled).exit;
    assert.strictEqual(code, 1);
    assert.strictEqual(
      stderr,
      `Cannot open the data in ${directory}/data: database or disk is full\n`,
    );
  });
});
