/**
 * Builds dist: the modules with `tsc`, then the command line as one file, so that it starts fast and needs nothing
 * installed beside effect.
 */
import { spawnSync } from "node:child_process";
import { chmodSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import { transformSync } from "@babel/core";
import { build } from "esbuild";

process.chdir(`${import.meta.dirname}/..`);
rmSync("dist", { recursive: true, force: true });

const { status } = spawnSync("tsc", ["-p", "tsconfig.build.json"], { stdio: "inherit" });
if (status !== 0) process.exit(1);

// Bundlers keep a call at the top of a module unless it is marked as pure, and with it every schema of the contract.
// Effect marks its own build in the same way.
for (const file of readdirSync("dist", { recursive: true, encoding: "utf8" })) {
  if (!file.endsWith(".js")) continue;
  const result = transformSync(readFileSync(`dist/${file}`, "utf8"), {
    filename: file,
    configFile: false,
    babelrc: false,
    compact: false,
    plugins: ["annotate-pure-calls"],
    // Of tsc's comments only the address of the old map would be wrong.
    shouldPrintComment: (comment) => !comment.startsWith("# sourceMappingURL"),
    sourceMaps: true,
    inputSourceMap: JSON.parse(readFileSync(`dist/${file}.map`, "utf8")),
  });
  writeFileSync(`dist/${file}`, `${result?.code}\n//# sourceMappingURL=${basename(file)}.map\n`);
  writeFileSync(`dist/${file}.map`, JSON.stringify(result?.map));
}

const { metafile } = await build({
  entryPoints: ["src/cli.ts"],
  outfile: "dist/cli.js",
  bundle: true,
  platform: "node",
  target: "node22.19",
  format: "esm",
  external: ["effect", "effect/*"],
  // What is inlined from CommonJS packages calls `require` for Node's modules.
  banner: {
    js: 'import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);',
  },
  sourcemap: true,
  metafile: true,
  logLevel: "warning",
});
chmodSync("dist/cli.js", 0o755);

// The licenses of what was inlined go with it.
const inlined = Object.keys(metafile.inputs).flatMap((file) => {
  const [folder] = /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file) ?? [];
  return folder === undefined ? [] : [folder];
});
const notices = [...new Set(inlined)].toSorted().map((folder) => {
  const { name, version } = JSON.parse(readFileSync(`${folder}/package.json`, "utf8"));
  return `${name} ${version}\n\n${readFileSync(`${folder}/LICENSE`, "utf8").trim()}\n`;
});
writeFileSync(
  "dist/cli.LICENSES.txt",
  ["dist/cli.js contains code of the following packages.\n", ...notices].join(
    `\n${"-".repeat(80)}\n\n`,
  ),
);
