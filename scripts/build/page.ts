/**
 * The page that the server shows: a script, a stylesheet and an icon, which have a hash of what is in them in their
 * names, and the document that names them. Addresses are relative, so that it works below any path.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { build } from "esbuild";

const root = join(import.meta.dirname, "../..");
const source = join(root, "src/server/page");

export const buildPage = async (target = join(root, "dist/page")) => {
  const { metafile } = await build({
    entryPoints: ["main.ts", "style.css", "icon.svg"].map((file) => join(source, file)),
    absWorkingDir: root,
    outdir: join(target, "assets"),
    entryNames: "[name]-[hash]",
    loader: { ".svg": "copy" },
    bundle: true,
    minify: true,
    platform: "browser",
    // What has them has all that the page is written in.
    target: ["chrome120", "firefox121", "safari17.4"],
    format: "esm",
    metafile: true,
    logLevel: "warning",
  });
  let document = readFileSync(join(source, "index.html"), "utf8");
  for (const [output, { entryPoint }] of Object.entries(metafile.outputs)) {
    if (entryPoint === undefined) throw new Error(`${output} is named nowhere`);
    document = document.replace(`"${basename(entryPoint)}"`, `"./assets/${basename(output)}"`);
  }
  mkdirSync(target, { recursive: true });
  writeFileSync(join(target, "index.html"), document);

  const uplot = join(root, "node_modules/uplot");
  const { name, version } = JSON.parse(readFileSync(join(uplot, "package.json"), "utf8"));
  writeFileSync(
    join(target, "LICENSES.txt"),
    `The script and the stylesheet of the page contain code of ${name} ${version}.\n\n${readFileSync(join(uplot, "LICENSE"), "utf8").trim()}\n`,
  );
};
