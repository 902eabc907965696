/**
 * The command line with all that it needs beside effect, in a few files, so that it starts fast: what only some of its
 * subcommands need is loaded by these. What it is started by, and the thread of its database, are files of their own,
 * which need nothing at all.
 */
import * as Undici from "@effect/platform-node/Undici";
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build, type Plugin } from "esbuild";

const root = join(import.meta.dirname, "../..");

/** In a file of its own, what a CommonJS package exports has to be named: esbuild does not know what that is. */
const nameUndici: Plugin = {
  name: "name-undici",
  setup: ({ onLoad }) =>
    onLoad({ filter: /platform-node.dist.Undici\.js$/ }, () => {
      const names = Object.keys(Undici.default).filter((name) => name in Undici);
      return {
        contents: `import Undici from "undici"; export default Undici; export const { ${names.join(", ")} } = Undici;`,
      };
    }),
};

/** All that is not `external` is inlined. */
export const bundleCli = (outdir: string, external: Array<string>) =>
  build({
    entryPoints: ["src/cli/bin.ts", "src/cli.ts", "src/server/drivers/sqliteWorker.ts"],
    absWorkingDir: root,
    outdir,
    entryNames: "[name]",
    chunkNames: "cli-[name]-[hash]",
    bundle: true,
    splitting: true,
    platform: "node",
    target: "node22.19",
    format: "esm",
    external,
    // What is inlined from CommonJS packages calls `require` for Node's modules.
    banner: {
      js: 'import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);',
    },
    // A map would hold all of what is inlined once more, and be half of the package.
    sourcemap: false,
    metafile: true,
    plugins: [nameUndici],
    logLevel: "warning",
  });

export const buildCli = async () => {
  const { metafile } = await bundleCli("dist", [
    "effect",
    "effect/*",
    "@effect/sql-pg",
    "@effect/sql-pg/*",
    "hyparquet-writer",
  ]);
  chmodSync("dist/bin.js", 0o755);

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
    ["dist/cli*.js contain code of the following packages.\n", ...notices].join(
      `\n${"-".repeat(80)}\n\n`,
    ),
  );
};
