import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import { asyncBufferFromFile, parquetReadObjects } from "hyparquet";
import { once } from "node:events";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import * as Runs from "../../src/v2/Runs.ts";
import { type Served, served } from "../support/command.ts";

const hostile = 'a,"b"\n\x1b[31m';

let me: Served;
beforeAll(async () => {
  me = await served();
  await me.do(
    Effect.gen(function* () {
      const run = yield* Runs.open({ slug: "run-1" });
      const points = [0.1, 1e-300, -3].map((value, step) => ({ name: "loss", value, step }));
      yield* run.metrics([
        ...points,
        ...points.map((point) => ({ ...point, name: 'q"a,b', metadata: { hostile } })),
      ]);
      const long = yield* Runs.open({ slug: "long" });
      yield* long.metrics(
        Array.from({ length: 20_000 }, (_, step) => ({ name: "loss", value: step / 3, step })),
      );
    }),
  );
});
afterAll(() => me.end());

const withoutTimes = (text: string) => text.replaceAll(/\b1\d{12}\b/g, "<ms>");
const metadata = JSON.stringify({ hostile });

/** Passes all on to the server, but the end of an answer with series, where it does something else. */
const passing = async (end: (response: ServerResponse) => void) => {
  const server = createServer(async (request, response) => {
    const body = await text(request);
    const answer = await fetch(`${me.host}${request.url}`, {
      method: request.method!,
      headers: {
        authorization: request.headers.authorization!,
        "content-type": "application/json",
      },
      ...(body === "" ? {} : { body }),
    });
    const whole = await answer.text();
    response.writeHead(answer.status, {
      "content-type": answer.headers.get("content-type")!,
      "content-length": Buffer.byteLength(whole),
    });
    if (!request.url!.endsWith("/series")) return response.end(whole);
    return response.write(whole.slice(0, -50), () => end(response));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    host: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
};

const filesOf = (name: string) => readdirSync(me.home).filter((file) => file.startsWith(name));

describe("syvain-metrics-effect export", () => {
  it("writes CSV on stdout, quoted as RFC 4180 says", async () => {
    const { code, stdout, stderr } = await me.run("export", "run-1");
    const quoted = metadata.replaceAll('"', '""');
    assert.strictEqual(
      withoutTimes(stdout),
      `name,step,timestamp,value,metadata
loss,0,<ms>,0.1,
loss,1,<ms>,1e-300,
loss,2,<ms>,-3,
"q""a,b",0,<ms>,0.1,"${quoted}"
"q""a,b",1,<ms>,1e-300,"${quoted}"
"q""a,b",2,<ms>,-3,"${quoted}"
`,
    );
    assert.strictEqual(stderr, "");
    assert.strictEqual(code, 0);
  });

  it("writes JSON lines into a file, of the metrics that are asked for", async () => {
    const file = me.file("run-1.jsonl");
    const { stdout, stderr } = await me.run("export", "run-1", "-o", file, "--metric", 'q"a,b');
    assert.strictEqual(stdout, "");
    assert.strictEqual(stderr, `3 points are in ${file}.\n`);
    const lines = readFileSync(file, "utf8").trimEnd().split("\n");
    assert.deepStrictEqual(
      lines.map((line) => {
        const { timestamp, ...point } = JSON.parse(line);
        assert.isAbove(timestamp, 1.6e12);
        return point;
      }),
      [0.1, 1e-300, -3].map((value, step) => ({
        name: 'q"a,b',
        step,
        value,
        metadata: { hostile },
      })),
    );
  });

  it("writes Parquet that others read, with the types of its columns", async () => {
    const file = me.file("long.parquet");
    await me.run("export", "long", "--output", file);
    const rows = await parquetReadObjects({ file: await asyncBufferFromFile(file) });
    assert.lengthOf(rows, 20_000);
    const { timestamp, ...last } = rows[19_999]!;
    assert.instanceOf(timestamp, Date);
    assert.deepStrictEqual(last, {
      name: "loss",
      step: 19_999n,
      value: 19_999 / 3,
      metadata: "{}",
    });
  });

  for (const format of ["csv", "jsonl"]) {
    it(`what it writes as ${format}, ingest reads as the same`, async () => {
      const file = me.file(`same.${format}`);
      await me.run("export", "run-1", "--output", file);
      await me.run("ingest", `same-${format}`, file);
      const again = await me.run("export", `same-${format}`, "--format", format);
      assert.strictEqual(again.stdout, readFileSync(file, "utf8"));
    });
  }

  it("leaves no file where there is nothing to write, and an older one as it is", async () => {
    const file = me.file("older.csv");
    writeFileSync(file, "older");
    const { code, stderr } = await me.run("export", "nowhere", "--output", file);
    assert.match(stderr, /there is no experiment "nowhere"/);
    assert.strictEqual(code, 1);
    assert.strictEqual(readFileSync(file, "utf8"), "older");
    const there = await me.run("export", "run-1", "--output", me.file("no/folder.csv"));
    assert.match(there.stderr, /folder\.csv cannot be written: ENOENT.*\n$/);
    assert.strictEqual(there.code, 1);
  });

  it("leaves no file when the answer is cut short, and says so", async () => {
    const { host, close } = await passing((response) => response.destroy());
    const file = me.file("cut.csv");
    const { code, stderr } = await me.run("export", "long", "-o", file, "--host", host);
    assert.match(stderr, /^Series\.stream: .*\n$/);
    assert.strictEqual(code, 1);
    assert.deepStrictEqual(filesOf("cut"), []);
    assert.strictEqual((await me.run("export", "long", "--host", host)).code, 1);
    close();
  });

  it("leaves no file on Ctrl-C", async () => {
    let stall = () => {};
    const stalled = new Promise<void>((resolve) => (stall = resolve));
    const { host, close } = await passing(() => stall());
    const started = me.start("export", "long", "-o", me.file("stopped.csv"), "--host", host);
    await stalled;
    started.kill("SIGINT");
    assert.strictEqual((await started.ended).code, 130);
    assert.deepStrictEqual(filesOf("stopped"), []);
    close();
  });

  it("shows a terminal nothing that it would obey, and no bytes", async () => {
    const { stdout } = await me.startInTerminal("export", "run-1").ended;
    assert.notMatch(stdout, /[^\P{Cc}\r\n]/u);
    const parquet = await me.startInTerminal("export", "run-1", "--format", "parquet").ended;
    assert.include(parquet.stdout, "Parquet is nothing for a terminal");
  });

  it("ends quietly when who reads it has read enough", async () => {
    const { stderr } = await me.shell("{ $0 export long; echo $? >&2; } | head -1 >/dev/null");
    assert.strictEqual(stderr, "0\n");
  });

  it("says so when what it prints cannot be written", async () => {
    for (const command of ["export long", "show run-1"]) {
      const { code, stderr } = await me.shell(`$0 ${command} > /dev/full`);
      assert.match(stderr, /^.*ENOSPC.*\n$/);
      assert.strictEqual(code, 1);
    }
  });
});
