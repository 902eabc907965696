import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import { stripVTControlCharacters } from "node:util";
import * as Runs from "../../src/v2/Runs.ts";
import { type Served, served } from "../support/command.ts";

describe("syvain-metrics-effect show", () => {
  let me: Served;
  beforeAll(async () => {
    me = await served();
    await me.do(
      Effect.gen(function* () {
        const run = yield* Runs.open({
          slug: "run-1",
          description: "two\nlines",
          meta: { lr: 0.5, "\x1b]0;title\x07": "x\x9b", nested: { a: [1] } },
        });
        yield* run.start;
        yield* run.metrics(
          [3, 1, 2].flatMap((value, step) => [
            { name: "loss", value, step, metadata: { split: "train" } },
            { name: "loss", value: value / 3, step, metadata: { split: "val" } },
          ]),
        );
        yield* run.metrics([{ name: "accuracy", value: 0.25, step: 7 }]);
        yield* run.annotate("a \x1b[2J note", { meta: { path: "a.pt" } });
        yield* run.error("ValueError: boom\x07");
      }),
    );
  });
  afterAll(() => me.end());

  const normal = (text: string) =>
    text
      .replaceAll(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC/g, "<time>")
      .replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, "<id>");

  it("has record, config, metrics and annotations on one screen, and nothing that a terminal would obey", async () => {
    const { code, stdout } = await me.run("show", "run-1");
    assert.strictEqual(
      normal(stdout),
      `/run-1  error
  id           <id>
  description  two\\nlines
  error        ValueError: boom\\u0007
  created      <time>
  started      <time>
  done         <time>
  last event   <time>

Config
  lr                    0.5
  \\u001b]0;title\\u0007  x\\u009b
  nested                {"a":[1]}

Metrics
  metric    metadata     points  step      last       min   max
  accuracy                    1     7      0.25      0.25  0.25
  loss      split=train       3     2         2         1     3
  loss      split=val         3     2  0.666667  0.333333     1

Annotations
  <time>  a \\u001b[2J note {"path":"a.pt"}
`,
    );
    assert.strictEqual(code, 0);
  });

  it("has nothing on a terminal but colours and words", async () => {
    const { stdout } = await me.startInTerminal("show", "run-1").ended;
    assert.include(stdout, "\x1b[31merror\x1b[39m");
    assert.notMatch(stripVTControlCharacters(stdout), /[^\P{Cc}\r\n]/u);
  });

  it("is JSON for a program, with all digits", async () => {
    const { experiment, path, metrics, annotations } = JSON.parse(
      (await me.run("show", "run-1", "--json")).stdout,
    );
    assert.strictEqual(path, "/run-1");
    assert.strictEqual(experiment.meta.lr, 0.5);
    assert.match(experiment.startedAt, /^\d{4}-.*Z$/);
    assert.deepStrictEqual(metrics[2], {
      name: "loss",
      metadata: { split: "val" },
      points: 3,
      lastStep: 2,
      last: 2 / 3,
      min: 1 / 3,
      max: 1,
      mean: 2 / 3,
    });
    assert.strictEqual(annotations[0].annotation, "a \x1b[2J note");
  });

  it("says that there is no such experiment", async () => {
    const { code, stderr } = await me.run("show", "no\x1bwhere");
    assert.match(stderr, /^Experiments\.find: there is no experiment "no\\u001bwhere" .*\n$/);
    assert.strictEqual(code, 1);
  });
});
