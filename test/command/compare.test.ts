import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import { readFileSync } from "node:fs";
import { stripVTControlCharacters } from "node:util";
import { type Curve, rangesOf, thinned, ticksOf } from "../../src/cli/plot/curve.ts";
import { drawSvg } from "../../src/cli/plot/svg.ts";
import { drawInTerminal } from "../../src/cli/plot/terminal.ts";
import * as Runs from "../../src/v2/Runs.ts";
import { type Served, served } from "../support/command.ts";

const hostile = `<script>alert("1")</script>&\x1b[2J\n\u202e'`;

let me: Served;
beforeAll(async () => {
  me = await served();
  await me.do(
    Effect.gen(function* () {
      for (const [slug, scale] of [
        ["up", 1],
        ["down", -1],
        [hostile, 0],
      ] as const) {
        const run = yield* Runs.open({ slug });
        yield* run.metrics(
          Array.from({ length: 100 }, (_, step) => ({
            name: "loss",
            value: step * scale,
            step,
            ...(scale === 0 ? { metadata: { "<b>": "\x07" } } : {}),
          })),
        );
      }
      yield* Runs.open({ slug: "empty" });
    }),
  );
});
afterAll(() => me.end());

const compare = (...args: ReadonlyArray<string>) => me.run("compare", ...args, "--metric", "loss");

describe("syvain-metrics-effect compare", () => {
  it("has a table and a plot with axes and a legend, in letters where there are no colours", async () => {
    const { code, stdout, stderr } = await compare("up", "down", "up");
    assert.strictEqual(
      stdout,
      `experiment  metadata  points  step  last  min  max   mean
up                       100    99    99    0   99   49.5
down                     100    99   -99  -99    0  -49.5

    │                                                                   aaaaaaaa
    │                                                         aaaaaaaaaa
    │                                               aaaaaaaaaa
    │                                      aaaaaaaaaa
 50 ┤                            aaaaaaaaaaa
    │                   aaaaaaaaaa
    │          aaaaaaaaaa
  0 ┤ aaaaaaaaa
    │bbbbbbbbbb
    │         bbbbbbbbbbb
    │                   bbbbbbbbbb
-50 ┤                            bbbbbbbbbb
    │                                      bbbbbbbbb
    │                                               bbbbbbbbbb
    │                                                         bbbbbbbbb
    │                                                                  bbbbbbbbb
    └┬──────────────┬──────────────┬──────────────┬──────────────┬──────────────
     0             20             40             60             80
     a up
     b down
`,
    );
    assert.strictEqual(stderr, "");
    assert.strictEqual(code, 0);
  });

  it("draws in dots and colours on a terminal", async () => {
    const { stdout } = await me.startInTerminal("compare", "up", "down", "-m", "loss").ended;
    assert.include(stdout, "\x1b[36m⠤\x1b[39m");
    assert.include(stdout, "\x1b[33m⠉\x1b[39m");
    assert.include(stdout, "\x1b[36m⣿\x1b[39m up\r\n");
    const words = stripVTControlCharacters(stdout);
    assert.isAtMost(Math.max(...words.split("\r\n").map((line) => line.length)), 80);
  });

  it("writes SVG that is nothing but a picture, whatever the names are", async () => {
    const file = me.file("loss.svg");
    const { code, stdout } = await compare("up", hostile, "--svg", file);
    assert.strictEqual(code, 0);
    assert.match(
      stdout,
      /^experiment.*\nup .*\n<script>alert\("1"\)<\/script>&\\u001b\[2J\\n\\u202e' .*\n$/,
    );
    const svg = readFileSync(file, "utf8");
    assert.match(svg, /<svg xmlns="[^"]+" width="800" height="540" viewBox="0 0 800 540"/);
    const elements = new Set([...svg.matchAll(/<([a-z]\w*)/g)].map(([, name]) => name));
    assert.deepStrictEqual([...elements].toSorted(), [
      "line",
      "polyline",
      "rect",
      "svg",
      "text",
      "title",
    ]);
    assert.include(
      svg,
      "&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp;\\u001b[2J\\n\\u202e&#39;",
    );
    assert.include(svg, "&lt;b&gt;=\\u0007</text>");
    assert.notMatch(svg, /[^\P{Cc}\n]|href|style|url\(/u);
    assert.strictEqual([...svg.matchAll(/<polyline/g)].length, 2);
  });

  it("is CSV or JSON for a program", async () => {
    const { stdout } = await compare("up", hostile, "--csv");
    const cell = `"${hostile.replaceAll('"', '""')}"`;
    assert.include(stdout, "slug,name,step,timestamp,value,metadata\nup,loss,0,");
    assert.include(stdout, `\n${cell},loss,99,`);
    const { metric, series } = JSON.parse((await compare("down", "--json")).stdout);
    assert.strictEqual(metric, "loss");
    assert.deepStrictEqual(series, [
      {
        slug: "down",
        metadata: {},
        points: 100,
        lastStep: 99,
        last: -99,
        min: -99,
        max: 0,
        mean: -49.5,
      },
    ]);
  });

  it("says which has no such metric, and which is not there", async () => {
    const { code, stderr } = await compare("up", "empty", "--json");
    assert.strictEqual(stderr, 'empty has no metric "loss".\n');
    assert.strictEqual(code, 0);
    const nothing = await compare("empty");
    assert.include(nothing.stderr, "There is nothing to compare.\n");
    assert.strictEqual(nothing.code, 1);
    const nowhere = await compare("up", "nowhere");
    assert.strictEqual(nowhere.stderr, 'There is no experiment "nowhere".\n');
    assert.strictEqual(nowhere.code, 1);
  });
});

describe("what is drawn", () => {
  const curve = (xs: ReadonlyArray<number>, ys: ReadonlyArray<number>): Curve => ({
    label: "run",
    xs,
    ys,
  });

  it("hides no peak of a long curve, and invents none", () => {
    const xs = Array.from({ length: 1_000_000 }, (_, i) => i);
    const ys = xs.map((x) => (x === 123_456 ? 9 : x === 777_777 ? -9 : Math.sin(x)));
    const { xs: kept, ys: shown } = thinned(curve(xs, ys), { min: 0, max: 999_999 }, 500);
    assert.isBelow(kept.length, 2100);
    assert.include(shown, 9);
    assert.include(shown, -9);
    assert.deepStrictEqual([kept[0], kept.at(-1)], [0, 999_999]);
    assert.deepStrictEqual(
      kept,
      kept.toSorted((a, b) => a - b),
    );
    for (const [i, x] of kept.entries()) assert.strictEqual(shown[i], ys[x]);
  });

  for (const [what, xs, ys] of [
    ["one point", [5], [1e300]],
    ["a level line", [0, 1], [7, 7]],
    ["the largest numbers", [0, 1, 2], [-Number.MAX_VALUE, 0, Number.MAX_VALUE]],
    ["the smallest numbers", [0, 1], [0, 5e-324]],
  ] as const) {
    it(`has finite places for ${what}`, () => {
      const size = { columns: 40, rows: 8, hasColours: false };
      assert.match(drawInTerminal([curve(xs, ys)], size).join("\n"), /[\u2801-\u28ff]/);
      assert.notMatch(drawSvg([curve(xs, ys)], { title: "x", x: "step" }), /NaN|Infinity/);
    });
  }

  it("has round numbers on its axes", () => {
    assert.deepStrictEqual(
      ticksOf({ min: 0.1, max: 0.72 }, 8),
      [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7],
    );
    assert.deepStrictEqual(ticksOf({ min: -120, max: 260 }, 4), [-100, 0, 100, 200]);
    const { x, y } = rangesOf([curve([1, 2], [3, 3]), curve([0], [-4])]);
    assert.deepStrictEqual(
      [x, y],
      [
        { min: 0, max: 2 },
        { min: -4, max: 3 },
      ],
    );
  });
});
