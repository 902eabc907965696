import { assert, describe, it } from "@effect/vitest";
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const root = join(import.meta.dirname, "../..");
const needed = ["src", "scripts", "package.json", "tsconfig.json", "tsconfig.build.json"];

/** Runs it in a folder; it has to succeed. */
const node = (cwd: string, ...args: ReadonlyArray<string>): string => {
  const path = `${join(root, "node_modules/.bin")}:${process.env["PATH"]}`;
  const env = { ...process.env, PATH: path };
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd,
    env,
    encoding: "utf8",
  });
  assert.strictEqual(status, 0, stdout + stderr);
  return stdout;
};

describe("the build does not look at where the project lies", () => {
  for (const place of ["src/project", "a project", "testing-a-project"]) {
    it(`built in ${place}, every entry can be imported`, ({ onTestFinished }) => {
      const temporary = mkdtempSync(join(tmpdir(), "syvain-build-"));
      onTestFinished(() => rmSync(temporary, { recursive: true }));
      const project = join(temporary, place);
      mkdirSync(project, { recursive: true });
      for (const name of needed) {
        cpSync(join(root, name), join(project, name), { recursive: true });
      }
      symlinkSync(join(root, "node_modules"), join(project, "node_modules"));

      node(project, "scripts/build.ts");

      const { name, exports } = JSON.parse(readFileSync(join(project, "package.json"), "utf8"));
      const entries = Object.keys(exports)
        .filter((subpath) => exports[subpath].default !== undefined)
        .map((subpath) => name + subpath.slice(1));
      assert.include(entries, "syvain-metrics-effect/testing");
      const program = `
        const found = [];
        for (const entry of ${JSON.stringify(entries)}) {
          if (Object.keys(await import(entry)).length > 0) found.push(entry);
        }
        console.log(JSON.stringify(found));`;
      assert.deepStrictEqual(
        JSON.parse(node(project, "--input-type=module", "--eval", program)),
        entries,
      );
    });
  }
});
