import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest";
import * as DateTime from "effect/DateTime";
import * as Effect from "effect/Effect";
import { NewPoints } from "../../src/cli/newPoints.ts";
import * as Runs from "../../src/v2/Runs.ts";
import type { Series } from "../../src/v2/Series.ts";
import { type Served, served } from "../support/command.ts";

let me: Served;
beforeAll(async () => {
  me = await served();
});
afterAll(() => me.end());

const write = (slug: string, f: (run: Runs.Run) => Effect.Effect<unknown, unknown>) =>
  me.do(Effect.flatMap(Runs.open({ slug }), f));

const at = (second: number) => DateTime.makeUnsafe(1_700_000_000_000 + second * 1000);
const points = (from: number, to: number, metadata = {}) =>
  Array.from({ length: to - from }, (_, i) => {
    const step = from + i;
    return { name: "loss", value: step / 2, step, metadata, timestamp: at(step) };
  });

describe("syvain-metrics-effect tail", () => {
  it("prints what was, then what comes, and ends with the run", async () => {
    await write("live", (run) =>
      Effect.andThen(run.start, run.metrics(points(0, 20, { split: "val" }))),
    );
    const tail = me.start("tail", "live", "--interval", "0.05", "-n", "2");
    await tail.printed("step 19");
    await write("live", (run) => run.metrics(points(20, 22)));
    await tail.printed("step 21");
    await write("live", (run) => run.annotate("half\x1b[2J way"));
    await tail.printed("half");
    await write("live", (run) => Effect.andThen(run.metrics(points(22, 23)), run.done));
    const { code, stdout, stderr } = await tail.ended;
    assert.deepStrictEqual(
      stdout
        .replaceAll(/202[^3]-.*? UTC/g, "<now>")
        .split("\n")
        .filter((line) => line !== "<now>  running"),
      [
        "2023-11-14 22:13:39 UTC  loss split=val  step 19  9.5",
        "2023-11-14 22:13:40 UTC  loss  step 20  10",
        "2023-11-14 22:13:41 UTC  loss  step 21  10.5",
        "<now>  half\\u001b[2J way",
        "2023-11-14 22:13:42 UTC  loss  step 22  11",
        "<now>  done",
        "",
      ],
    );
    assert.strictEqual(stderr, "");
    assert.strictEqual(code, 0);
  });

  it("is JSON for a program, a line for each thing that happens", async () => {
    await write("failed", (run) =>
      run.start.pipe(
        Effect.andThen(run.metrics(points(0, 1))),
        Effect.andThen(run.error("ValueError: boom")),
      ),
    );
    const { code, stdout } = await me.run("tail", "failed", "--json");
    const [metric, end, ...more] = stdout.trimEnd().split("\n");
    assert.deepStrictEqual(JSON.parse(metric!), {
      type: "metric",
      timestamp: "2023-11-14T22:13:20.000Z",
      name: "loss",
      metadata: {},
      step: 0,
      value: 0,
    });
    assert.deepInclude(JSON.parse(end!), {
      type: "status",
      status: "error",
      error: "ValueError: boom",
    });
    assert.lengthOf(more, 0);
    assert.strictEqual(code, 0);
  });

  it("ends with 130 on Ctrl-C", async () => {
    await write("waits", (run) => Effect.andThen(run.start, run.metrics(points(0, 1))));
    const shell = me.startInTerminal("tail", "waits");
    await shell.printed("step 0");
    shell.type("\x03");
    const { code, stdout } = await shell.ended;
    assert.include(stdout, "\x1b[36mrunning\x1b[39m");
    assert.strictEqual(code, 130);
  });

  it("ends quietly when who reads it has read enough", async () => {
    const reader = me.shell("{ $0 tail waits --interval 0.05; echo $? >&2; } | head -1");
    // It notices when it has something to say.
    const writes = async (step: number) => {
      await write("waits", (run) => run.metrics(points(step, step + 1)));
      return false;
    };
    let last = writes(1);
    for (let step = 2; !(await Promise.race([reader.then(() => true), last])); step++) {
      last = writes(step);
    }
    await last;
    assert.strictEqual((await reader).stderr, "0\n");
  });
});

describe("points that are new", () => {
  const columns = (...steps: ReadonlyArray<number>): Series => ({
    experimentId: "id",
    name: "loss",
    metadata: {},
    steps,
    timestampsMs: Float64Array.from(steps, (step) => step * 10),
    values: Float64Array.from(steps),
  });
  const stepsOf = (found: ReturnType<NewPoints["of"]>) => found.map(({ step }) => step);

  it("are found wherever they stand, each once", () => {
    const seen = new NewPoints();
    assert.deepStrictEqual(stepsOf(seen.of([columns(1, 3, 3, 5)])), [1, 3, 3, 5]);
    assert.deepStrictEqual(stepsOf(seen.of([columns(1, 3, 3, 5)])), []);
    assert.deepStrictEqual(stepsOf(seen.of([columns(0, 1, 2, 3, 3, 3, 5, 6)])), [0, 2, 3, 6]);
    assert.deepStrictEqual(
      stepsOf(seen.of([columns(0, 1, 2, 3, 3, 3, 5, 6), { ...columns(4), metadata: { a: "b" } }])),
      [4],
    );
  });
});
