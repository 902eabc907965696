import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import { writeFileSync } from "node:fs";
import { progressBar } from "../../src/cli/progressBar.ts";
import { canonical } from "../../src/internal/base/clientEventId.ts";
import * as Experiments from "../../src/v2/Experiments.ts";
import * as Runs from "../../src/v2/Runs.ts";
import * as Series from "../../src/v2/Series.ts";
import { type Served, served } from "../support/command.ts";

let me: Served;
beforeAll(async () => {
  me = await served();
});
afterAll(() => me.end());

const write = (name: string, ...lines: ReadonlyArray<string>) => {
  writeFileSync(me.file(name), lines.map((line) => `${line}\n`).join(""));
  return me.file(name);
};

const idOf = (slug: string) =>
  Effect.map(Experiments.find(slug), ({ experiment }) => experiment.experimentId);

/** All points, as lines. */
const stored = (slug: string) =>
  me.do(
    Effect.map(Effect.flatMap(idOf(slug), Series.read), (series) =>
      series.flatMap(({ name, metadata, steps, values }) =>
        steps.map((step, i) => `${name} ${canonical(metadata)} ${step} ${values[i]}`),
      ),
    ),
  );

describe("syvain-metrics-effect ingest", () => {
  it("stores a CSV file of one metric a row, and nothing twice when it is sent again", async () => {
    const file = write(
      "long.csv",
      "\ufeffname,step,value,timestamp,split,metadata",
      "loss,0,3.5,1700000000000,train,",
      'loss,0,4e-1,2023-11-14T22:13:20.500Z,,"{""split"":""val"",""n"":1}"',
      "",
      'loss,1,2.5,,train,""',
      'loss,1,2.5,,train,""',
    );
    const { code, stdout, stderr } = await me.run("ingest", "long", file);
    assert.strictEqual(stdout, "4 points are in long.\n");
    assert.strictEqual(stderr, "");
    assert.strictEqual(code, 0);
    const lines = [
      'loss {"split":"train"} 0 3.5',
      'loss {"split":"train"} 1 2.5',
      'loss {"split":"train"} 1 2.5',
      'loss {"n":"1","split":"val"} 0 0.4',
    ];
    assert.deepStrictEqual(await stored("long"), lines);
    const again = await me.run("ingest", "long", file, "--json");
    assert.deepInclude(JSON.parse(again.stdout), { slug: "long", acknowledged: 4, invalid: [] });
    assert.deepStrictEqual(await stored("long"), lines);
    const [, val] = await me.do(Effect.flatMap(idOf("long"), Series.read));
    assert.deepStrictEqual([...val!.timestampsMs], [1_700_000_000_500]);
  });

  it("stores a CSV file of a column for each metric, empty cells left out", async () => {
    const file = write("wide.csv", "step,loss,accuracy", "0,1,0.5", "1,0.5,", "2,,0.75");
    await me.run("ingest", "wide", file);
    assert.deepStrictEqual(await stored("wide"), [
      "accuracy {} 0 0.5",
      "accuracy {} 2 0.75",
      "loss {} 0 1",
      "loss {} 1 0.5",
    ]);
  });

  it("stores JSON lines of both kinds, from stdin", async () => {
    const { stdout } = await me.runWith(
      '{"name":"loss","value":1,"step":0,"metadata":{"split":"val"},"messageId":"mine"}\n\n{"step":1,"a":1,"b":2}',
      "ingest",
      "json",
      "-",
      "--format",
      "jsonl",
      "--folder",
      "/",
    );
    assert.strictEqual(stdout, "3 points are in json.\n");
    assert.deepStrictEqual(await stored("json"), [
      "a {} 1 1",
      "b {} 1 2",
      'loss {"split":"val"} 0 1',
    ]);
  });

  it("leaves description and meta of a run as they are", async () => {
    const run = { slug: "kept", description: "words", meta: { lr: 0.1, deep: { x: [null] } } };
    await me.do(Runs.open(run));
    await me.run("ingest", "kept", write("kept.jsonl", '{"step":0,"loss":1}'));
    const { experiment } = await me.do(Effect.flatMap(idOf("kept"), Experiments.get));
    assert.deepInclude(experiment, { description: run.description, meta: run.meta });
  });

  it("names the lines that are wrong, and sends nothing of such a file", async () => {
    const file = write(
      "bad.csv",
      "name,step,value,metadata",
      "loss,0,1,",
      "loss,1,NaN,",
      "loss,-1,1,",
      "löss,2,1,",
      "loss,3,1,[1]",
      "loss,3",
    );
    const { code, stdout, stderr } = await me.run("ingest", "bad", file);
    assert.strictEqual(
      stderr,
      `${file}, line 3: the value is "NaN", not a finite number; line 4: the step is "-1", not a whole number from 0; ` +
        'line 5: the name is "löss", not 1 to 256 characters of printable ASCII; ' +
        'line 6: the metadata is "[1]", not a JSON object; line 7: there are 2 cells for 4 columns. Nothing was sent.\n',
    );
    assert.strictEqual(stdout, "");
    assert.strictEqual(code, 1);
    assert.strictEqual((await me.run("show", "bad")).code, 1);
  });

  for (const [what, name, lines, says] of [
    ["a quote that never ends", "quote.csv", ["step,a", '0,"1'], /line \d+: Quote Not Closed/],
    ["a column that is there twice", "twice.csv", ["step,a,a", "0,1,2"], /two columns "a"/],
    ["no column of steps", "none.csv", ["a,b", "1,2"], /line 1: there is no column step/],
    [
      "no JSON",
      "no.jsonl",
      ["{", "[]", '{"a":1}'],
      /line 1: it is not JSON; line 2: it is not a JSON object; line 3: there is no step/,
    ],
    [
      "a time that is none",
      "time.jsonl",
      ['{"step":0,"a":1,"timestamp":"soon"}'],
      /line 1: the timestamp is "soon"/,
    ],
    ["an end that says nothing", "metrics.txt", ["x"], /does not say what it is: add --format/],
  ] as const) {
    it(`refuses ${what} in a sentence`, async () => {
      const { code, stderr } = await me.run("ingest", "bad", write(name, ...lines));
      assert.match(stderr, says);
      assert.notMatch(stderr, /^\s+at /m);
      assert.strictEqual(code, 1);
    });
  }

  it("says so when the file is not there", async () => {
    const { code, stderr } = await me.run("ingest", "bad", "/nowhere.csv");
    assert.match(stderr, /^\/nowhere\.csv cannot be read: ENOENT.*\n$/);
    assert.strictEqual(code, 1);
  });

  it("says of stdin how much before the wrong line was sent", async () => {
    const rows = Array.from({ length: 1200 }, (_, i) => `${i},1`).join("\n");
    const { code, stderr } = await me.runWith(
      `step,a\n${rows}\nx,1\n`,
      "ingest",
      "part",
      "-",
      "--format",
      "csv",
    );
    assert.match(
      stderr,
      /^stdin, line 1202: the step is "x".*\. 1,000 points before it were sent\.\n$/,
    );
    assert.strictEqual(code, 1);
    assert.lengthOf(await stored("part"), 1000);
  });
});

describe("its progress", () => {
  const rows = (from: number) =>
    Array.from({ length: 500 }, (_, i) => `{"step":${from + i},"a":1}\n`).join("");
  const args = ["ingest", "progress", "-", "--format", "jsonl"];

  /** Types rows until it is there, or for as long as `wanted` says. */
  const feed = async (started: ReturnType<Served["startInTerminal"]>, wanted: () => boolean) => {
    for (let at = 0; !wanted(); at += 500) {
      started.type(rows(at));
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };

  it("is one line that changes on a terminal", async () => {
    const started = me.startInTerminal(...args);
    await feed(started, () => started.output.stdout.includes("\r\x1b[2KSending "));
    started.type("\x03");
    const { code } = await started.ended;
    assert.match(started.output.stdout, /Sending [\d,]+ points/);
    assert.strictEqual(code, 130);
  });

  it("is a line now and then elsewhere", async () => {
    const started = me.startOpen(...args);
    await feed(started, () => started.output.stderr !== "");
    started.kill("SIGINT");
    const { code, stderr } = await started.ended;
    assert.match(stderr, /^Sending: [\d,]+ points\n/);
    assert.strictEqual(code, 130);
  });

  const shown = (isTTY: boolean, seconds: number, quiet = false) => {
    let text = "";
    let time = 0;
    const out = { isTTY, write: (chunk: unknown) => (text += String(chunk)).length > 0 };
    const bar = progressBar("Sending", { quiet, unit: "points" }, out, () => time);
    for (let done = 0; done <= seconds * 100; done++, time += 10) bar.show(done, seconds * 100);
    bar.end();
    return text;
  };

  it("is full where there is more than was counted", () => {
    let text = "";
    const out = { isTTY: true, write: (chunk: unknown) => (text += String(chunk)).length > 0 };
    let time = 0;
    const bar = progressBar("Sending", { quiet: false, unit: "points" }, out, () => time);
    time = 1000;
    bar.show(3, 2);
    assert.include(text, `${"█".repeat(30)} 100 % (3 of 2)`);
  });

  it("is not there for what is over within a second", () => {
    assert.strictEqual(shown(true, 0.9) + shown(false, 0.9), "");
  });

  it("is not there where it is not wanted", () => {
    assert.strictEqual(shown(true, 9, true) + shown(false, 9, true), "");
  });

  it("ends with what there is, and does not blink", () => {
    const frames = shown(true, 2).split("\r\x1b[2K").slice(1);
    assert.lengthOf(frames, 21);
    assert.strictEqual(frames.at(-1), `Sending ${"█".repeat(30)} 100 % (200 of 200)\n`);
    assert.strictEqual(shown(false, 2), "Sending: 100 of 200 points\n");
  });
});
