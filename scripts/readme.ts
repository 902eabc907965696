/**
 * Holds every TypeScript block of README.md and docs/*.md to its promise: it type-checks as it stands, and runs as a
 * whole program against a reference server of its own. Needs a build. `node scripts/readme.ts FILE…` does some files.
 *
 * A block is ` ```ts `, and may say more behind that:
 *
 * - `test`: a file of tests, which vitest runs.
 * - `fails`: its exit code is 1.
 * - `redis`: it needs a Redis at `REDIS_URL`, and is skipped where there is no `redis-server`.
 * - `proxy`: the server has a name that nothing resolves, and is reached through the proxy at `HTTPS_PROXY` alone.
 *
 * A ` ```text ` block right below a program is what it prints. A program runs twice, since a reader's second run has
 * to work like the first. Ids, times of day and ports may differ; nothing else may. A ` ```text without a key ` block
 * below that is what it prints where no key is set, with exit code 1.
 */
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer";
import * as NodeRuntime from "@effect/platform-node/NodeRuntime";
import { Console, Context, Effect, Layer, Redacted } from "effect";
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { builtinModules } from "node:module";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { MetricsServer } from "syvain-metrics-effect/testing";
import { certificateFile, remoteHost, serveProxy } from "../test/support/proxy.ts";
import { isMissing, RedisServer } from "../test/support/redisServer.ts";
import { type Block, blocksOf } from "./markdown.ts";
import { execute, type Ran } from "./run.ts";

process.chdir(`${import.meta.dirname}/..`);
/** A folder of the repository, so that the blocks find the package by its name (the build) and effect. */
const folder = join(process.cwd(), ".readme");
const folderOf = ({ file, line }: Block) => `${file}.${line}`;
const fileOf = (block: Block) =>
  `${folderOf(block)}/block${block.words.includes("test") ? ".test" : ""}.ts`;
const title = ({ file, line }: Block) => `${file}:${line}`;

/** Each line of a block has the number that it has in the text, so an error can be said to be there. */
const inText = (output: string): string =>
  output
    .replaceAll(
      /(?:file:\/\/)?[^\s'"(]*?(?:\.readme\/)([^\s'"(]+\.md)\.\d+\/block(?:\.test)?\.ts/g,
      "$1",
    )
    .replaceAll(/\.md\((\d+),(\d+)\)/g, ".md:$1:$2");

// -----------------------------------------------------------------------------
// Before they run
// -----------------------------------------------------------------------------

const words = ["test", "fails", "redis", "proxy"];

/** What is wrong with a block as it stands. */
const wrongBlock = (block: Block): string | undefined => {
  const unknown = block.words.filter((word) => !words.includes(word));
  if (block.language !== "ts") return `a block is \`ts\`, not \`${block.language}\``;
  if (unknown.length > 0)
    return `\`ts ${unknown.join(" ")}\` is not known: ${words.join(", ")} are`;
  const imported = [...block.code.matchAll(/\bfrom "([^"./][^"]*)"/g)]
    .map(([, name]) => name!)
    .filter((name) => !name.startsWith("node:") && !builtinModules.includes(name))
    .map((name) => /^(?:@[^/]+\/)?[^/]+/.exec(name)![0]);
  const missing = imported.find((name) => !block.installed.has(name));
  if (missing !== undefined) return `${missing} is imported, and no \`npm install\` above has it`;
  return undefined;
};

const typesAreRight = (blocks: ReadonlyArray<Block>): boolean => {
  const tsconfig = {
    extends: "../tsconfig.json",
    // Without the paths, the package's name means the build.
    compilerOptions: { paths: {} },
    include: [],
    files: blocks.map(fileOf),
  };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(tsconfig));
  const { status, stdout } = spawnSync("tsc", ["-p", folder, "--pretty", "false"], {
    encoding: "utf8",
  });
  if (status !== 0) console.error(inText(stdout));
  return status === 0;
};

// -----------------------------------------------------------------------------
// Running
// -----------------------------------------------------------------------------

const varying: ReadonlyArray<readonly [RegExp, string]> = [
  [/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, "<id>"],
  [/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "<time>"],
  [/\d\d:\d\d:\d\d\.\d{3}/g, "<time>"],
  [/\(#\d+\)/g, "(#<fiber>)"],
  [/(127\.0\.0\.1|localhost):\d+/g, "$1:<port>"],
];

const normalised = (output: string): string =>
  varying
    .reduce((text, [pattern, name]) => text.replaceAll(pattern, name), output)
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n")
    .trim();

interface Run {
  readonly name: string;
  readonly env: NodeJS.ProcessEnv;
  readonly exitCode: number;
  readonly printed: Block["printed"];
}

const runsOf = ({ printed, printedWithoutKey, words }: Block, key: string): ReadonlyArray<Run> => {
  const env = { SYVAIN_METRICS_API_KEY: key };
  const exitCode = words.includes("fails") ? 1 : 0;
  return [
    ...["first run", "second run"].map((name) => ({ name, env, exitCode, printed })),
    ...(printedWithoutKey === undefined
      ? []
      : [{ name: "without a key", env: {}, exitCode: 1, printed: printedWithoutKey }]),
  ];
};

/** What is wrong with what came of a run. */
const wrongRun = (run: Run, file: string, { code, output }: Ran): string | undefined => {
  if (code !== run.exitCode) return `exit code ${code}, not ${run.exitCode}`;
  const { printed } = run;
  if (printed === undefined) return undefined;
  return normalised(printed.text) === normalised(output)
    ? undefined
    : `what it prints is not what ${file}:${printed.line} shows`;
};

/** Where a program finds the server at `origin`. */
const placeOf = ({ words }: Block, origin: string) =>
  Effect.gen(function* () {
    if (!words.includes("proxy")) return { SYVAIN_METRICS_HOST: origin };
    const { url } = yield* serveProxy({ origin, credentials: "me:secret" });
    return {
      SYVAIN_METRICS_HOST: remoteHost,
      HTTPS_PROXY: url,
      NODE_EXTRA_CA_CERTS: certificateFile,
    };
  });

/** All runs of a program, on a server of its own. */
const runProgram = (block: Block, env: NodeJS.ProcessEnv) =>
  Effect.gen(function* () {
    const server = yield* MetricsServer.MetricsServer;
    const cwd = join(folder, folderOf(block));
    const place = yield* placeOf(block, server.host);
    for (const run of runsOf(block, Redacted.value(server.apiKey))) {
      const ran = yield* Effect.promise(() =>
        execute(["node", "block.ts"], {
          cwd,
          env: {
            ...env,
            // What it keeps among the user's files goes with the folder.
            XDG_CACHE_HOME: cwd,
            XDG_CONFIG_HOME: cwd,
            ...place,
            ...run.env,
          },
        }),
      );
      const output = inText(stripVTControlCharacters(ran.output));
      const wrong = wrongRun(run, block.file, { ...ran, output });
      yield* Console.log(
        `${wrong === undefined ? "ok  " : "FAIL"} ${title(block)} ${block.heading}, ${run.name} (${ran.seconds} s)`,
      );
      if (wrong !== undefined) {
        yield* Console.log(`${wrong}. It printed:\n${output}`);
        return false;
      }
    }
    return true;
  }).pipe(
    Effect.scoped,
    Effect.provide(
      MetricsServer.layerHttp().pipe(
        Layer.provide(NodeHttpServer.layer(createServer, { port: 0, host: "127.0.0.1" })),
      ),
    ),
  );

/** All tests in one run of vitest. */
const runTests = (blocks: ReadonlyArray<Block>) =>
  Effect.gen(function* () {
    if (blocks.length === 0) return true;
    const files = blocks.map((block) => `${folderOf(block)}/`);
    const ran = yield* Effect.promise(() =>
      execute(["vitest", "run", "--root", ".", ...files], { cwd: folder }),
    );
    const ok = ran.code === 0;
    const names = blocks.map(title).join(", ");
    yield* Console.log(`${ok ? "ok  " : "FAIL"} ${names}, tests (${ran.seconds} s)`);
    if (!ok) yield* Console.log(inText(stripVTControlCharacters(ran.output)));
    return ok;
  });

// -----------------------------------------------------------------------------
// All of it
// -----------------------------------------------------------------------------

const files =
  process.argv.length > 2
    ? process.argv.slice(2)
    : [
        "README.md",
        ...readdirSync("docs")
          .filter((name) => name.endsWith(".md"))
          .map((name) => `docs/${name}`),
      ];

const main = Effect.gen(function* () {
  const readme = blocksOf("README.md", readFileSync("README.md", "utf8"));
  // Who reads a page of docs has followed the README.
  const known = new Set(readme.at(-1)?.installed);
  const blocks = files.flatMap((file) =>
    file === "README.md" ? readme : blocksOf(file, readFileSync(file, "utf8"), known),
  );
  const wrong = blocks.flatMap((block) => {
    const why = wrongBlock(block);
    return why === undefined ? [] : [`${title(block)}: ${why}`];
  });
  if (blocks.length === 0) wrong.push("there is no block");
  if (wrong.length > 0) return wrong;

  rmSync(folder, { recursive: true, force: true });
  for (const block of blocks) {
    mkdirSync(join(folder, folderOf(block)), { recursive: true });
    writeFileSync(join(folder, fileOf(block)), `${"\n".repeat(block.line)}${block.code}\n`);
  }
  if (!typesAreRight(blocks)) return ["a block does not type-check"];

  const { NODE_OPTIONS, PATH, HOME } = process.env;
  const env: NodeJS.ProcessEnv = {
    NODE_OPTIONS,
    PATH,
    HOME,
    NO_COLOR: "1",
    // All of them load the same modules.
    NODE_COMPILE_CACHE: join(folder, "cache"),
  };
  const needRedis = blocks.filter(({ words }) => words.includes("redis"));
  const url =
    needRedis.length === 0 || isMissing
      ? undefined
      : Context.get(yield* Layer.build(RedisServer.layer), RedisServer).url;
  if (url !== undefined) env["REDIS_URL"] = url;
  else
    for (const block of needRedis) yield* Console.log(`skip ${title(block)}: no redis-server here`);

  const runnable = blocks.filter(({ words }) => url !== undefined || !words.includes("redis"));
  const isTest = ({ words }: Block) => words.includes("test");
  const tests = runnable.filter(isTest);
  const checks = runnable
    .filter((block) => !isTest(block))
    .map((block) => Effect.map(runProgram(block, env), (ok) => (ok ? [] : [title(block)])));
  const failed = yield* Effect.all(
    [Effect.map(runTests(tests), (ok) => (ok ? [] : tests.map(title))), ...checks],
    { concurrency: 2 },
  );
  const names = failed.flat();
  if (names.length > 0) return [`failed: ${names.join(", ")}`];
  rmSync(folder, { recursive: true });
  yield* Console.log(`${runnable.length} of ${blocks.length} blocks type-check and run`);
  return [];
});

NodeRuntime.runMain(
  Effect.gen(function* () {
    const wrong = yield* Effect.scoped(main);
    for (const line of wrong) yield* Console.error(line);
    if (wrong.length > 0) process.exitCode = 1;
  }),
);
