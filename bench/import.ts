/**
 * How long a cold import takes in a fresh Node process: of this library, of what it needs of effect, and of the SDKs.
 * Prints a table.
 *
 * `npm run build && npm ci --prefix bench/peers && node bench/import.ts [rounds]`; medians of 20 rounds, the
 * contenders taking turns.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { loadedBy } from "./support/modules.ts";
import { heading, median, row } from "./support/contender.ts";

const rounds = Number(process.argv[2] ?? 20);

const root = "syvain-metrics-effect";
const one = "syvain-metrics-effect/Experiments";
const three = ["effect/Effect", "effect/http/HttpClient", "effect/Schema"];

const here = import.meta.dirname;
const peers = join(here, "peers");

const contenders = [
  { name: "effect: `Effect`, `http/HttpClient`, `Schema`", imports: three, from: here },
  { name: "effect: all that one module names", imports: loadedBy(one).named, from: here },
  { name: "`syvain-metrics-effect/Experiments`", imports: [one], from: here },
  { name: "effect: all that the root names", imports: loadedBy(root).named, from: here },
  { name: "`syvain-metrics-effect`", imports: [root], from: here },
  { name: "`effect`, the barrel", imports: ["effect"], from: here },
  { name: "`@anthropic-ai/sdk`", imports: ["@anthropic-ai/sdk"], from: peers },
  { name: "`openai`", imports: ["openai"], from: peers },
  { name: "`stripe`", imports: ["stripe"], from: peers },
].map(({ name, imports, from }) => {
  // A file of static imports, as a program has them.
  const folder = mkdtempSync(join(from, ".import-"));
  process.on("exit", () => rmSync(folder, { recursive: true }));
  const file = join(folder, "main.mjs");
  writeFileSync(
    file,
    imports.map((specifier) => `import ${JSON.stringify(specifier)};\n`).join(""),
  );
  return { name, file, milliseconds: [] as Array<number>, files: 0 };
});

const program = `
  let files = 0;
  if (process.argv[2] === "count") {
    const { registerHooks } = await import("node:module");
    registerHooks({ load: (url, context, next) => (files++, next(url, context)) });
  }
  const start = performance.now();
  await import(process.argv[1]);
  console.log(files === 0 ? performance.now() - start : files - 1);
`;
const run = (file: string, ...more: ReadonlyArray<string>): number =>
  Number(
    execFileSync(process.execPath, ["--input-type=module", "--eval", program, file, ...more], {
      encoding: "utf8",
    }),
  );

for (const contender of contenders) contender.files = run(contender.file, "count");
for (let round = 0; round < rounds; round++) {
  for (const { file, milliseconds } of contenders) milliseconds.push(run(file));
}

const base = contenders[0]!;

console.log(`${availableParallelism()} cores, Node ${process.versions.node}, ${rounds} rounds\n`);
heading("import", "files", "ms, median", "least", "over the first, round by round");
for (const { name, files, milliseconds } of contenders) {
  const ratios = milliseconds.map((ms, round) => ms / base.milliseconds[round]!);
  row(
    name,
    files,
    median(milliseconds).toFixed(0),
    Math.min(...milliseconds).toFixed(0),
    `${((median(ratios) - 1) * 100).toFixed(0)} %`,
  );
}
