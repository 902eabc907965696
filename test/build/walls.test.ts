import { assert, it } from "@effect/vitest";
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

const root = join(import.meta.dirname, "../..");

/** Where a module stands, and what it imports. */
type Import = readonly [folder: string, specifier: string];

/** Those that the linter refuses, each in a file of its own in a project of the same shape. */
const refusedOf = (imports: ReadonlyArray<Import>): ReadonlyArray<Import> => {
  const project = mkdtempSync(join(tmpdir(), "syvain-walls-"));
  try {
    copyFileSync(join(root, "oxlint.config.ts"), join(project, "oxlint.config.ts"));
    symlinkSync(join(root, "node_modules"), join(project, "node_modules"));
    const files = imports.map(([folder, specifier], i) => {
      const file = join(folder, `module${i}.ts`);
      mkdirSync(dirname(join(project, file)), { recursive: true });
      const code = `import type * as X from "${specifier}";\nexport type Y = typeof X;\n`;
      writeFileSync(join(project, file), code);
      return file;
    });
    const oxlint = join(root, "node_modules/.bin/oxlint");
    const { stdout } = spawnSync(process.execPath, [oxlint, "--format", "unix", "src"], {
      cwd: project,
      encoding: "utf8",
    });
    const said = stdout.split("\n").filter((line) => line.includes("no-restricted-imports"));
    return imports.filter((_, i) => said.some((line) => line.startsWith(`${files[i]}:`)));
  } finally {
    rmSync(project, { recursive: true });
  }
};

const everywhereBelow: ReadonlyArray<Import> = [
  "base",
  "login",
  "spool",
  "wire",
  "request",
  "credentials",
  "events",
  "keys",
  "series",
  "runs",
  "ingest",
  "recording",
].flatMap((room) =>
  [
    "../../Experiments.ts",
    "../../index.ts",
    "../../v2/Series.ts",
    "../../testing/index.ts",
    "../../server/store.ts",
    "../../cli/serve.ts",
    "node:fs",
    "effect",
    "effect/http",
    "effect/http-api/HttpApi",
    "ioredis",
  ].map((specifier): Import => [`src/internal/${room}`, specifier]),
);

const walls: ReadonlyArray<Import> = [
  ...everywhereBelow,
  // Nothing knows what is above it.
  ["src/internal/base", "../wire/operation.ts"],
  ["src/internal/login", "../request/config.ts"],
  ["src/internal/spool", "../wire/schema.ts"],
  ["src/internal/spool", "../request/call.ts"],
  ["src/internal/wire", "./v1/index.ts"],
  ["src/internal/wire", "../request/call.ts"],
  ["src/internal/wire/v1", "../../request/call.ts"],
  ["src/internal/request", "../keys/cache.ts"],
  ["src/internal/request", "../login/host.ts"],
  ["src/internal/request", "../events/call.ts"],
  ["src/internal/credentials", "../keys/cache.ts"],
  ["src/internal/events", "../keys/cache.ts"],
  ["src/internal/keys", "../ingest/batches.ts"],
  ["src/internal/series", "../keys/cache.ts"],
  ["src/internal/runs", "../ingest/batches.ts"],
  ["src/internal/ingest", "../recording/sender.ts"],
  ["src/internal/recording", "../login/login.ts"],
  // What is of v2 has files of its own there.
  ["src/internal/recording", "../wire/v2/runs.ts"],
  ["src/internal/recording", "../runs/run.ts"],
  ["src/internal/recording", "../events/call.ts"],
  ["src/internal/a-new-room", "../base/issue.ts"],
  // A generation of the API stands alone, and the pipeline knows none.
  ["src/internal/wire/v1", "../v2/index.ts"],
  ["src/internal/wire/v2", "../v1/index.ts"],
  ["src/internal/request", "../wire/v1/index.ts"],
  ["src/internal/request", "../wire/v2/envelope.ts"],
  ["src/internal/events", "../wire/v1/index.ts"],
  ["src/internal/ingest", "../wire/v2/envelope.ts"],
  // Client and server share the wire and what is below it.
  ["src/server/rules", "../../internal/request/call.ts"],
  ["src/server", "../internal/recording/sender.ts"],
  ["src/server", "../Experiments.ts"],
  ["src/server", "../testing/index.ts"],
  ["src/server", "../cli/serve.ts"],
  ["src/server", "node:fs"],
  ["src/server", "./drivers/sqlite.ts"],
  ["src/server/sql", "../drivers/sqlite.ts"],
  ["src/server/sql", "node:sqlite"],
  ["src/server/sql", "@effect/sql-pg/PgClient"],
  ["src/server/drivers", "../../cli/serve.ts"],
  ["src/server/drivers", "../../Experiments.ts"],
  ["src/server/drivers", "../../internal/request/call.ts"],
  ["src/server/drivers", "better-sqlite3"],
  ["src/testing", "../internal/request/call.ts"],
  ["src/testing", "node:fs"],
  ["src/testing", "../server/drivers/sqlite.ts"],
  ["src", "./server/store.ts"],
  ["src", "./testing/index.ts"],
  ["src", "node:fs"],
  ["src/v2", "../server/store.ts"],
  ["src/v2", "node:fs"],
  ["src/cli", "@effect/platform-node"],
];

const ways: ReadonlyArray<Import> = [
  ["src", "./internal/request/call.ts"],
  ["src", "./ConfigService.ts"],
  ["src/v2", "../internal/events/call.ts"],
  ["src", "effect/http/HttpClient"],
  ["src/internal/recording", "../wire/v1/index.ts"],
  ["src/internal/request", "./server.ts"],
  ["src/internal/events", "../wire/v2/envelope.ts"],
  ["src/internal/keys", "../events/call.ts"],
  ["src/internal/runs", "../keys/experimentToken.ts"],
  ["src/internal/wire/v1", "../schema.ts"],
  ["src/internal/wire/v1", "../../base/issue.ts"],
  ["src/server/v1", "../../internal/wire/v1/index.ts"],
  ["src/server/v1", "../store.ts"],
  ["src/server/v1", "effect/http-api/HttpApi"],
  ["src/server/drivers", "node:sqlite"],
  ["src/server/drivers", "@effect/sql-pg/PgClient"],
  ["src/server/drivers", "../sql/store.ts"],
  ["src/testing", "../server/app.ts"],
  ["src/testing", "../ConfigService.ts"],
  ["src/cli", "node:http"],
  ["src/cli", "../server/drivers/sqlite.ts"],
  ["src/cli", "../testing/MetricsServer.ts"],
];

it("the linter keeps the walls between the rooms, for types as for values", () => {
  assert.deepStrictEqual(refusedOf([...walls, ...ways]), walls);
});
