/** What an import loads, in a fresh process that sees the build, as a user's does. */
import { execFileSync } from "node:child_process";

export interface Loaded {
  /** Files of this package. */
  readonly own: ReadonlyArray<string>;
  /** Modules of effect. */
  readonly effect: ReadonlyArray<string>;
  /** Files of anything else. */
  readonly other: ReadonlyArray<string>;
  /** The modules of effect that this package names in its imports. */
  readonly named: ReadonlyArray<string>;
}

const root = `${import.meta.dirname}/../..`;

const program = `
  import { registerHooks } from "node:module";
  const files = new Set(), named = new Set();
  registerHooks({
    resolve(specifier, context, next) {
      const resolved = next(specifier, context);
      files.add(resolved.url);
      if (specifier.startsWith("effect/") && !context.parentURL.includes("/node_modules/")) named.add(specifier);
      return resolved;
    },
  });
  await import(process.argv[1]);
  console.log(JSON.stringify({ files: [...files], named: [...named].sort() }));
`;

export const loadedBy = (specifier: string): Loaded => {
  const answer = execFileSync(
    process.execPath,
    ["--input-type=module", "--eval", program, specifier],
    { cwd: root, encoding: "utf8" },
  );
  const { files, named } = JSON.parse(answer) as {
    readonly files: ReadonlyArray<string>;
    readonly named: ReadonlyArray<string>;
  };
  const within = (folder: string) =>
    files.filter((file) => file.includes(folder)).map((file) => file.split(folder)[1]!);
  const own = "/dist/";
  const effect = "/node_modules/effect/dist/";
  return {
    own: files
      .filter((file) => !file.includes("/node_modules/"))
      .map((file) => file.split(own)[1] ?? file),
    effect: within(effect),
    other: files.filter((file) => file.includes("/node_modules/") && !file.includes(effect)),
    named,
  };
};
