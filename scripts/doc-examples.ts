/**
 * Type-checks every `@example` of the doc comments in src, each as a module of its own, and names the place of a bad
 * one.
 */
import { spawnSync } from "node:child_process";
import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

process.chdir(`${import.meta.dirname}/..`);
/** In the repository, so that the examples find effect. */
const folder = ".doc-examples";
rmSync(folder, { recursive: true, force: true });

const complaints: Array<string> = [];
const files: Array<string> = [];

for (const source of globSync("src/**/*.ts").toSorted()) {
  const lines = readFileSync(source, "utf8").split("\n");
  lines.forEach((line, index) => {
    if (!/^\s*\* @example\b/.test(line)) return;
    const place = `${source}:${index + 1}`;
    const start = lines.findIndex((text, i) => i > index && /^\s*\*\s*\S/.test(text));
    const end = lines.findIndex((text, i) => i > start && /^\s*\* ```$/.test(text));
    if (!/^\s*\* ```ts$/.test(lines[start] ?? "") || end === -1) {
      complaints.push(`${place}: an example is a block of \`\`\`ts`);
      return;
    }
    const code = lines.slice(start + 1, end).map((text) => text.replace(/^\s*\* ?/, ""));
    const file = `${source}.${index + 1}.ts`;
    files.push(file);
    mkdirSync(dirname(`${folder}/${file}`), { recursive: true });
    // Every line keeps its number, so that a complaint is about a line of the source.
    writeFileSync(`${folder}/${file}`, `${"\n".repeat(start + 1)}${code.join("\n")}\n`);
  });
}
if (files.length === 0) complaints.push("src has no @example");

// What an example makes is for its reader.
const compilerOptions = { noUnusedLocals: false };
const tsconfig = { extends: "../tsconfig.json", compilerOptions, include: [], files };
writeFileSync(`${folder}/tsconfig.json`, JSON.stringify(tsconfig));
const { stdout, error } = spawnSync("tsc", ["-p", folder, "--pretty", "false"], {
  encoding: "utf8",
});
if (error !== undefined) throw error;
const bad = stdout
  .split("\n")
  .filter((line) => line !== "")
  .map((line) =>
    line.replace(/^\.doc-examples\/(.+\.ts)\.\d+\.ts\((\d+),\d+\): error TS\d+/, "$1:$2"),
  );
complaints.push(...bad);

if (complaints.length > 0) {
  console.error(complaints.join("\n"));
  process.exit(1);
}
rmSync(folder, { recursive: true });
console.log(`${files.length} examples of doc comments type-check`);
