/** The page of docs about the command: what a block shows is what the commands above it print, in order, in one shell. */
import { assert, describe, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { fencesOf } from "../../scripts/markdown.ts";
import { quoted } from "../../src/internal/base/shellQuote.ts";
import * as Runs from "../../src/v2/Runs.ts";
import { served } from "../support/command.ts";
import { cli } from "../support/build.ts";
import { runProgram } from "../support/serving.ts";

const page = fileURLToPath(new URL("../../docs/command.md", import.meta.url));
const tensorboard = fileURLToPath(new URL("../fixtures/tensorboard", import.meta.url));

/** Ids, times, ports and directories are others each time. */
const varying: ReadonlyArray<readonly [RegExp, string]> = [
  [/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, "<id>"],
  [/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC/g, "<time>"],
  [/\b1\d{12}\b/g, "<ms>"],
  [/127\.0\.0\.1:\d+/g, "127.0.0.1:<port>"],
  [/\/\S*\/\.config/g, "<home>/.config"],
];
const normalised = (text: string) =>
  varying.reduce((text, [pattern, name]) => text.replaceAll(pattern, name), text.trim());

describe("docs/command.md", () => {
  it("shows what the commands print", { timeout: 120_000 }, async () => {
    const me = await served();
    try {
      await me.do(
        Effect.gen(function* () {
          const run = yield* Runs.open({ slug: "run-0", folder: "/" });
          yield* run.metrics([1, 0.75, 0.5].map((value, step) => ({ name: "loss", value, step })));
          yield* run.annotate("half way");
          yield* run.done;
        }),
      );
      mkdirSync(me.file("bin"));
      const shim = me.file("bin/syvain-metrics-effect");
      writeFileSync(shim, `#!/bin/sh\nexec ${quoted(process.execPath)} ${quoted(cli)} "$@"\n`);
      chmodSync(shim, 0o755);
      const env = {
        PATH: `${me.file("bin")}:${process.env["PATH"]}`,
        HOME: me.home,
        API_KEY: me.key,
        SERVER: me.host,
        TENSORBOARD: tensorboard,
      };
      const fences = fencesOf(page, readFileSync(page, "utf8").split("\n"));
      let checked = 0;
      for (const [i, { info, line, text }] of fences.entries()) {
        const below = fences[i + 1];
        if (info !== "sh" || below === undefined || !/^text( exit 1)?$/.test(below.info)) continue;
        const set = Object.entries(env).map(([name, value]) => `export ${name}=${quoted(value)}`);
        const script = [`cd ${quoted(me.home)}`, ...set, "exec 2>&1", text].join("\n");
        const { code, stdout } = await runProgram("env", "-i", "sh", "-c", script).exit;
        assert.strictEqual(normalised(stdout), normalised(below.text), `docs/command.md:${line}`);
        assert.strictEqual(code, below.info.endsWith("1") ? 1 : 0, `docs/command.md:${line}`);
        checked++;
      }
      assert.isAbove(checked, 10);
    } finally {
      await me.end();
    }
  });

  it("names every command", () => {
    const commands = [...readFileSync(cli, "utf8").matchAll(/^ {2}(\w+): async \(\) =>/gm)];
    assert.isAbove(commands.length, 10);
    const text = readFileSync(page, "utf8");
    for (const [, name] of commands) {
      assert.match(text, new RegExp(`(syvain-metrics-effect |\`)${name}\\b`));
    }
  });
});
