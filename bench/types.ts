/**
 * What the compiler does for a program of ten calls: of this library, and of effect's `HttpApiClient` on a contract
 * written by hand. Prints a table.
 *
 * `npm run build && node bench/types.ts [rounds]`; medians of 5 rounds, the contenders taking turns.
 */
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { heading, median, row } from "./support/contender.ts";

const rounds = Number(process.argv[2] ?? 5);
const compiler = join(import.meta.dirname, "../node_modules/.bin/tsc");
const sources = join(import.meta.dirname, "types");
const folder = mkdtempSync(join(import.meta.dirname, ".types-"));
process.on("exit", () => rmSync(folder, { recursive: true }));

const compilerOptions = {
  target: "ES2022",
  lib: ["ES2023", "DOM", "DOM.Iterable", "ESNext.Disposable"],
  module: "NodeNext",
  types: [],
  strict: true,
  exactOptionalPropertyTypes: true,
  skipLibCheck: true,
};
const tsc = (name: string, file: string, options: object): string => {
  const project = join(folder, `${name}.json`);
  writeFileSync(
    project,
    JSON.stringify({ compilerOptions: { ...compilerOptions, ...options }, files: [file] }),
  );
  return execFileSync(compiler, ["-p", project, "--extendedDiagnostics"], { encoding: "utf8" });
};

// The contract as one finds it in a package: its declarations, with nothing left to infer.
tsc("declarations", join(sources, "contract.ts"), {
  declaration: true,
  emitDeclarationOnly: true,
  outDir: folder,
  rootDir: sources,
});
copyFileSync(join(sources, "httpApiClient.ts"), join(folder, "httpApiClient.ts"));

const contenders = [
  ["this library", join(sources, "library.ts")],
  ["`HttpApiClient`, contract in the program", join(sources, "httpApiClient.ts")],
  ["`HttpApiClient`, contract in declarations", join(folder, "httpApiClient.ts")],
].map(([name = "", file = ""], index) => ({
  name,
  check: () => tsc(String(index), file, { noEmit: true }),
  reports: [] as Array<string>,
}));

for (let round = 0; round < rounds; round++) {
  for (const { check, reports } of contenders) reports.push(check());
}

const medianOf = (reports: ReadonlyArray<string>, label: string): number =>
  median(
    reports.map((report) => Number(new RegExp(`^${label}: *([\\d.]+)`, "m").exec(report)?.[1])),
  );

console.log(execFileSync(compiler, ["--version"], { encoding: "utf8" }));
heading("ten calls of", "instantiations", "types", "check, s", "whole run, s");
for (const { name, reports } of contenders) {
  row(
    name,
    medianOf(reports, "Instantiations").toLocaleString("en"),
    medianOf(reports, "Types").toLocaleString("en"),
    medianOf(reports, "Check time").toFixed(3),
    medianOf(reports, "Total time").toFixed(2),
  );
}
