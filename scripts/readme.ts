/**
 * Holds every TypeScript block of README.md to its promise: it type-checks as it stands, and runs as a whole program
 * against a reference server on a real port. A block marked `ts test` is run by vitest.
 *
 * Needs a build. `node scripts/readme.ts FILE` does the same for another file.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { run } from "./run.ts";

interface Block {
  readonly heading: string;
  readonly info: string;
  /** Of the opening fence, from 1. */
  readonly line: number;
  readonly code: string;
}

/** The fenced blocks of a Markdown text. */
const fencedBlocks = (markdown: string): Array<Block> => {
  const blocks: Array<Block> = [];
  let heading = "";
  let open: { fence: string; info: string; line: number; code: Array<string> } | undefined;
  markdown.split(/\r?\n/).forEach((text, index) => {
    if (open === undefined) {
      const [, fence, info] = /^ {0,3}(`{3,}|~{3,})\s*(.*?)\s*$/.exec(text) ?? [];
      if (fence !== undefined) open = { fence, info: info ?? "", line: index + 1, code: [] };
      else heading = /^#{1,6}\s+(.*)$/.exec(text)?.[1] ?? heading;
    } else if (text.trim().startsWith(open.fence) && /^\s*(`+|~+)\s*$/.test(text)) {
      blocks.push({ ...open, heading, code: open.code.join("\n") });
      open = undefined;
    } else {
      open.code.push(text);
    }
  });
  if (open !== undefined) throw new Error(`line ${open.line}: the block is never closed`);
  return blocks;
};

const fail = (message: string): never => {
  console.error(message);
  process.exit(1);
};

process.chdir(`${import.meta.dirname}/..`);
const file = process.argv[2] ?? "README.md";
const blocks = fencedBlocks(readFileSync(file, "utf8")).filter(({ info }) =>
  /^(ts|js|tsx|jsx|mts|mjs|typescript|javascript)\b/i.test(info),
);
if (blocks.length === 0) fail(`${file} has no \`\`\`ts block`);
for (const { info, line } of blocks) {
  if (info !== "ts" && info !== "ts test") {
    fail(
      `${file}:${line}: a block is \`ts\` (a whole program) or \`ts test\` (a vitest file), not \`${info}\``,
    );
  }
}

// A folder of the repository, so that the blocks find the package by its name (the build) and effect.
const folder = ".readme";
const pathOf = ({ info, line }: Block) =>
  info === "ts" ? `${folder}/line-${line}.ts` : `${folder}/line-${line}.test.ts`;

rmSync(folder, { recursive: true, force: true });
mkdirSync(folder);
const inFolder = join(process.cwd(), folder);
// What a block keeps among the user's caches, or where it runs, goes with the folder.
process.env["XDG_CACHE_HOME"] = inFolder;
for (const block of blocks) {
  // Every line keeps its number, so that errors point into the README.
  writeFileSync(pathOf(block), `${"\n".repeat(block.line)}${block.code}\n`);
}
const tsconfig = {
  extends: "../tsconfig.json",
  // Without the paths, the package's name means the build.
  compilerOptions: { paths: {} },
  include: [],
  files: blocks.map((block) => relative(folder, pathOf(block))),
};
writeFileSync(`${folder}/tsconfig.json`, JSON.stringify(tsconfig));

const types = spawnSync("tsc", ["-p", folder], { stdio: "inherit" });
if (types.status !== 0)
  fail(`${file}: a block does not type-check (line numbers are those of ${file})`);

let failed = 0;
for (const block of blocks) {
  const command =
    block.info === "ts"
      ? ["node", "../examples/start.ts", resolve(pathOf(block))]
      : ["vitest", "run", "--root", ".", `line-${block.line}.`];
  if (!(await run(`${file}:${block.line} ${block.heading}`, command, inFolder))) failed++;
}
if (failed > 0) fail(`${file}: ${failed} of ${blocks.length} blocks failed`);
rmSync(folder, { recursive: true });
console.log(`${file}: ${blocks.length} blocks type-check and run`);
