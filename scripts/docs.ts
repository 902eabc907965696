/**
 * Builds the API reference, docs/api, from the doc comments: by TypeDoc, where a warning counts as an error.
 * A public function without an `@example` is one, too; scripts/doc-examples.ts type-checks those that are there.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { entries } from "./entries.ts";

process.chdir(`${import.meta.dirname}/..`);
/** TypeDoc has its own TypeScript, and so a folder of its own. */
const generator = "scripts/docs";

const run = (command: string, ...args: ReadonlyArray<string>) => {
  const { status, error } = spawnSync(command, args, { stdio: "inherit" });
  if (error !== undefined) throw error;
  if (status !== 0) process.exit(1);
};

// -----------------------------------------------------------------------------
// Pages
// -----------------------------------------------------------------------------

const installed = `${generator}/node_modules/.package-lock.json`;
const lock = `${generator}/package-lock.json`;
if (!existsSync(installed) || statSync(installed).mtimeMs < statSync(lock).mtimeMs) {
  run("npm", "ci", "--prefix", generator, "--no-audit", "--no-fund", "--silent");
}

const temporary = mkdtempSync(join(tmpdir(), "syvain-docs-"));
process.on("exit", () => rmSync(temporary, { recursive: true }));
const json = join(temporary, "api.json");

rmSync("docs/api", { recursive: true, force: true });
run(
  process.execPath,
  `${generator}/node_modules/typedoc/bin/typedoc`,
  "--options",
  `${generator}/typedoc.json`,
  "--logLevel",
  "Warn",
  "--html",
  "docs/api",
  "--json",
  json,
  // The root has the same modules again.
  ...entries
    .filter(({ subpath }) => subpath !== ".")
    .flatMap(({ file }) => ["--entryPoints", `src/${file}.ts`]),
);

// -----------------------------------------------------------------------------
// Examples
// -----------------------------------------------------------------------------

interface Comment {
  readonly blockTags?: ReadonlyArray<{ readonly tag: string }>;
}

interface Reflection {
  readonly name: string;
  readonly kind: number;
  readonly comment?: Comment;
  readonly children?: ReadonlyArray<Reflection>;
  readonly signatures?: ReadonlyArray<{ readonly comment?: Comment }>;
  readonly type?: { readonly declaration?: Reflection };
}

/** TypeDoc's numbers for a module and a namespace. */
const spaces = [2, 4];

const isExample = ({ tag }: { readonly tag: string }) => tag === "@example";

/** The public functions without an example, as a user writes them. */
const withoutExample = (
  { children = [] }: Reflection,
  path: ReadonlyArray<string> = [],
): Array<string> =>
  children.flatMap((child) => {
    const name = [...path, child.name];
    if (spaces.includes(child.kind)) return withoutExample(child, name);
    // A function that can be called in two ways is a constant of such a type.
    const signatures = child.signatures ?? child.type?.declaration?.signatures;
    if (signatures === undefined) return [];
    const comments = [child.comment, ...signatures.map(({ comment }) => comment)];
    return comments.some((comment) => comment?.blockTags?.some(isExample)) ? [] : [name.join(".")];
  });

const missing = withoutExample(JSON.parse(readFileSync(json, "utf8")));
if (missing.length > 0) {
  console.error(`without an @example: ${missing.join(", ")}`);
  process.exit(1);
}
console.log("docs/api: the API reference, without a warning; every function has an example");
