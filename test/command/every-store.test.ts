/** A day's work with the command is the same on every store of the server. */
import { assert, describe, it } from "@effect/vitest";
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import * as Effect from "effect/Effect";
import * as Runs from "../../src/v2/Runs.ts";
import { served } from "../support/command.ts";
import { isMissing, postgresServer } from "../support/postgresServer.ts";

const tensorboard = fileURLToPath(new URL("../fixtures/tensorboard", import.meta.url));

const varying: ReadonlyArray<readonly [RegExp, string]> = [
  [/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, "<id>"],
  [/\d{4}-\d\d-\d\d[T ][\d:.]+(Z| UTC)/g, "<time>"],
  [/http:\/\/127\.0\.0\.1:\d+/g, "<host>"],
  [/\/\S*\/command-\w+/g, "<home>"],
];

/** What a day's work prints. */
const day = async (...args: ReadonlyArray<string>) => {
  const me = await served(...args);
  try {
    const rows = Array.from({ length: 1500 }, (_, i) => `${i},${i % 7},1700000000${i + 100}`);
    writeFileSync(me.file("run.csv"), ["step,loss,timestamp", ...rows].join("\n"));
    cpSync(tensorboard, me.file("tb"), { recursive: true });
    const printed: Array<string> = [];
    for (const command of [
      "status",
      `ingest run-1 ${me.file("run.csv")} --folder /`,
      `ingest run-1 ${me.file("run.csv")}`,
      `import ${me.file("tb")} --prefix tb-`,
      "ls --long",
      "show run-1",
      "show tb-eval/tensors --json",
      "compare run-1 tb-train --metric loss",
      `export run-1 --output ${me.file("out.csv")}`,
      "export tb-train --format jsonl",
    ]) {
      const { code, stdout, stderr } = await me.run(...command.split(" "));
      printed.push(`$ ${command} (${code})\n${stdout}${stderr}`);
    }
    await me.do(Effect.flatMap(Runs.open({ slug: "run-1" }), ({ done }) => done));
    printed.push((await me.run("tail", "run-1", "-n", "3")).stdout);
    printed.push(readFileSync(me.file("out.csv"), "utf8"));
    return printed
      .map((text) =>
        varying.reduce((text, [pattern, name]) => text.replaceAll(pattern, name), text),
      )
      .join("\n");
  } finally {
    await me.end();
  }
};

/** Some thirty processes, three at a time. */
const longer = { timeout: 120_000 };

describe("a day's work with the command", () => {
  it.skipIf(isMissing)("is the same on SQLite, in memory and on Postgres", longer, async () => {
    const url = await (await postgresServer()).newDatabase();
    const [sqlite, memory, postgres] = await Promise.all([
      day(),
      day("--memory"),
      day("--database", url),
    ]);
    assert.notInclude(sqlite, "(1)");
    assert.match(sqlite, /^ {2}loss +1,500 +1499 +1 +0 +6$/m);
    assert.match(sqlite, /^<time> {2}done$/m);
    assert.strictEqual(memory, sqlite);
    assert.strictEqual(postgres, sqlite);
  });
});
