import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import * as Folders from "../../src/v2/Folders.ts";
import * as Runs from "../../src/v2/Runs.ts";
import { type Served, served } from "../support/command.ts";

const hostile = "x\x1b[31m\nred\u202e";

describe("syvain-metrics-effect ls", () => {
  let me: Served;
  beforeAll(async () => {
    me = await served();
    assert.strictEqual((await me.run("ls")).stdout, "/ (empty)\n");
    await me.do(
      Effect.gen(function* () {
        yield* Folders.make("/models/mamba");
        yield* Folders.make("/models/empty");
        yield* Runs.open({ slug: "top" });
        const run = yield* Runs.open({ slug: "run-1", folder: "/models/mamba" });
        yield* run.start;
        yield* Runs.open({ slug: hostile, folder: "/models" });
      }),
    );
  });
  afterAll(() => me.end());

  it("shows folders and experiments as a tree, and nothing that a terminal would obey", async () => {
    const { code, stdout } = await me.run("ls");
    assert.strictEqual(
      stdout,
      `/
├── models/
│   ├── empty/
│   ├── mamba/
│   │   └── run-1
│   └── x\\u001b[31m\\nred\\u202e
└── top
`,
    );
    assert.strictEqual(code, 0);
  });

  it("begins at a folder, and says where each experiment stands", async () => {
    const { stdout } = await me.run("ls", "models/mamba", "--long");
    assert.strictEqual(stdout, "models/mamba\n└── run-1  running\n");
  });

  it("has colours on a terminal", async () => {
    const { stdout } = await me.startInTerminal("ls", "/models/mamba", "-l").ended;
    assert.include(stdout, "└── \x1b[22mrun-1  \x1b[36mrunning\x1b[39m");
  });

  it("is JSON for a program, that names everything as it is", async () => {
    const { stdout } = await me.run("ls", "/models", "--json");
    assert.notInclude(stdout, "\x1b");
    const { experiments, folders } = JSON.parse(stdout);
    assert.deepStrictEqual(
      experiments.map(({ slug, path }: { slug: string; path: string }) => ({ slug, path })),
      [{ slug: hostile, path: `/models/${hostile}` }],
    );
    assert.strictEqual(folders[1].path, "/models/mamba");
    const long = JSON.parse((await me.run("ls", "/models/mamba", "--long", "--json")).stdout);
    assert.strictEqual(long.records[0].status, "running");
  });

  it("says that a folder is not there", async () => {
    const { code, stdout, stderr } = await me.run("ls", "/nowhere");
    assert.strictEqual(stderr, 'There is no folder "/nowhere".\n');
    assert.strictEqual(stdout, "");
    assert.strictEqual(code, 1);
  });
});
