/**
 * The public modules, read off the files: each module that stands in src itself but the command, each folder of src
 * that has an index, and each module of a folder that is a generation of the API. `exports` of package.json is
 * written from this (`npm run check:package -- --update`), and the build, the checks and the docs follow it.
 */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";

export interface Entry {
  /** What `exports` calls it: `"."`, `"./Folders"`, `"./testing"`. */
  readonly subpath: string;
  /** The file below src, and below dist, without its ending. */
  readonly file: string;
}

const src = join(import.meta.dirname, "../src");

const modulesIn = (folder: string): ReadonlyArray<Entry> =>
  readdirSync(join(src, folder)).flatMap((name) => {
    const [, file] = /^(.+)\.ts$/.exec(name) ?? [];
    return file === undefined || file === "index"
      ? []
      : [{ subpath: `./${folder}/${file}`, file: `${folder}/${file}` }];
  });

export const entries: ReadonlyArray<Entry> = readdirSync(src, { withFileTypes: true })
  .flatMap((child): Array<Entry> => {
    if (child.isDirectory()) {
      if (!existsSync(join(src, child.name, "index.ts"))) return [];
      const folder = { subpath: `./${child.name}`, file: `${child.name}/index` };
      return /^v\d+$/.test(child.name) ? [folder, ...modulesIn(child.name)] : [folder];
    }
    const [, file] = /^(.+)\.ts$/.exec(child.name) ?? [];
    if (file === undefined || file === "cli") return [];
    return [{ subpath: file === "index" ? "." : `./${file}`, file }];
  })
  .toSorted((a, b) => (a.subpath < b.subpath ? -1 : 1));

/** The modules that the root has as its namespaces. */
export const faces: ReadonlyArray<string> = entries.flatMap(({ subpath, file }) =>
  subpath === `./${file}` && !file.includes("/") ? [file] : [],
);

/** What `exports` of package.json must be. */
export const exportsOf = (list: ReadonlyArray<Entry>): Record<string, unknown> => ({
  ...Object.fromEntries(
    list.map(({ subpath, file }) => [
      subpath,
      {
        types: `./dist/${file}.d.ts`,
        ...(subpath === "." ? { module: "./dist/namespaces.js" } : {}),
        default: `./dist/${file}.js`,
      },
    ]),
  ),
  "./package.json": "./package.json",
});
