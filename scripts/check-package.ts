/**
 * Packs the package, installs the tarball beside effect in an empty project, and looks at what a user would get.
 *
 * `--update` writes down what is public (`exports` of package.json, test/package/api.json) instead of comparing it.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { buildSync } from "esbuild";
import { entries, exportsOf, faces } from "./entries.ts";
import { packAndInstall, readJson, root, sh as run } from "./tarball.ts";

const update = process.argv.includes("--update");
const writeJson = (file: string, value: unknown) =>
  writeFileSync(file, `${JSON.stringify(value, null, 2)}\n`);

const manifest = join(root, "package.json");
const snapshot = join(root, "test/package/api.json");
if (update) writeJson(manifest, { ...readJson(manifest), exports: exportsOf(entries) });
const { name, version, exports } = readJson(manifest);

const { project, tarball, installed } = packAndInstall();

/** Runs a command in that project that must succeed; answers what it printed. */
const sh = (command: string, ...args: Array<string>) => run(project, command, ...args);

/** Runs a module inside the project; answers what it hands to `answer`. */
const evaluate = (code: string) =>
  JSON.parse(
    sh(
      "node",
      "--input-type=module",
      "--eval",
      `const answer = (x) => console.log(JSON.stringify(x));\n${code}`,
    ),
  );

const check = (promise: string, holds: () => void) => {
  try {
    holds();
    console.log(`ok   ${promise}`);
  } catch (error) {
    console.log(`FAIL ${promise}\n${error instanceof Error ? error.message : error}`);
    process.exitCode = 1;
  }
};

const files = readdirSync(installed, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => relative(installed, join(entry.parentPath, entry.name)))
  .toSorted();
/** The command, what it is started by, and the thread of its database: they are Node's. And the page of the server, which is a browser's. */
const page = files.filter((file) => file.startsWith("dist/page/"));
const programs = files.filter(
  (file) => /^dist\/(bin|cli(-.*)?|sqliteWorker)\.js$/.test(file) || page.includes(file),
);
const modules = files.filter((file) => /^dist\/.*\.js$/.test(file) && !programs.includes(file));

const kilobytes = (bytes: number) => `${(bytes / 1000).toFixed(0)} kB`;
const unpacked = files.reduce((sum, file) => sum + statSync(join(installed, file)).size, 0);
console.log(
  `${kilobytes(statSync(tarball).size)} packed, ${kilobytes(unpacked)} unpacked, ${files.length} files`,
);

// -----------------------------------------------------------------------------
// What can be imported
// -----------------------------------------------------------------------------

const specifiers = entries.map(({ subpath }) => subpath);
/** `"."` and `"./Folders"` to what a user writes. */
const specifierOf = (path: string) => name + path.slice(1);

check("every public module of src is exported, and nothing else", () =>
  assert.deepEqual(
    exports,
    exportsOf(entries),
    "if the change is meant: npm run check:package -- --update",
  ),
);

check("the root has every module as a namespace, in Node and in a bundler", () => {
  const rootExports = (file: string) =>
    evaluate(`answer(Object.keys(await import(${JSON.stringify(join(installed, file))})))`);
  assert.deepEqual(rootExports(exports["."].default), faces, "src/index.ts");
  assert.deepEqual(rootExports(exports["."].module), faces);
});

check("the public API is the one written down in test/package/api.json", () => {
  const api = evaluate(`
    const api = {};
    for (const [path, specifier] of ${JSON.stringify(specifiers.map((path) => [path, specifierOf(path)]))}) {
      api[path] = Object.keys(await import(specifier)).sort();
    }
    answer(api);`);
  if (update) writeJson(snapshot, api);
  assert.deepEqual(
    api,
    readJson(snapshot),
    "if the change is meant: npm run check:package -- --update",
  );
});

check("nothing else can be imported", () => {
  const inside = files
    .filter((file) => /\.(js|ts)$/.test(file) && !file.endsWith(".d.ts"))
    .flatMap((file) => [
      `./${file}`,
      `./${file.replace(/^(dist|src)\//, "").replace(/\.[jt]s$/, "")}`,
    ])
    .filter((path) => !specifiers.includes(path));
  const open = evaluate(`
    const open = [];
    for (const specifier of ${JSON.stringify([...new Set(inside)].map(specifierOf))}) {
      try { import.meta.resolve(specifier); open.push(specifier); }
      catch (error) { if (error.code !== "ERR_PACKAGE_PATH_NOT_EXPORTED") throw error; }
    }
    answer(open);`);
  assert.deepEqual(open, []);
});

check("package.json can be imported", () =>
  assert.equal(
    evaluate(
      `answer((await import("${name}/package.json", { with: { type: "json" } })).default.version)`,
    ),
    version,
  ),
);

check("the modules import each other and single modules of effect, nothing of Node", () => {
  const { metafile } = buildSync({
    entryPoints: modules.map((file) => join(installed, file)),
    bundle: true,
    packages: "external",
    format: "esm",
    outdir: project,
    write: false,
    metafile: true,
    absWorkingDir: installed,
  });
  const imports = Object.entries(metafile.inputs).flatMap(([file, input]) =>
    input.imports.filter(({ external }) => external).map(({ path }) => ({ file, path })),
  );
  assert.ok(imports.length > 0);
  const effectModule = /^effect\/([a-z-]+\/)?[A-Z]/;
  assert.deepEqual(
    imports.filter(({ path }) => !effectModule.test(path)),
    [],
  );
});

check("there is one copy of effect", () => {
  const installedPackages = Object.keys(readJson(join(project, "package-lock.json")).packages);
  assert.deepEqual(
    installedPackages.filter((path) => /(^|\/)node_modules\/effect$/.test(path)),
    ["node_modules/effect"],
  );
  assert.deepEqual(installedPackages, ["", "node_modules/effect", `node_modules/${name}`]);
});

// -----------------------------------------------------------------------------
// Types, source maps, command line, metadata
// -----------------------------------------------------------------------------

check(
  "a strict program type-checks, the declarations of the package and of effect included",
  () => {
    cpSync(join(root, "test/package/consumer.ts"), join(project, "consumer.ts"));
    const compilerOptions = {
      target: "ES2022",
      lib: ["ES2023", "DOM", "DOM.Iterable", "ESNext.Disposable"],
      module: "NodeNext",
      types: [],
      strict: true,
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
      skipLibCheck: false,
      noEmit: true,
    };
    writeFileSync(
      join(project, "tsconfig.json"),
      JSON.stringify({ compilerOptions, files: ["consumer.ts"] }),
    );
    sh("tsc", "-p", project);
  },
);

check("every file of dist but the programs has a source map, and every map its sources", () => {
  // What only passes on the names of another file has nothing to map, nor has the bundler's own helper.
  const hasSource = (file: string) =>
    !file.endsWith("/rolldown-runtime.js") &&
    !/^(\s*(\/\*[^]*?\*\/|(import|export)\s[^;]*;))*\s*$/.test(
      readFileSync(join(installed, file), "utf8"),
    );
  const compiled = files
    .filter((file) => /^dist\/.*\.(js|d\.ts)$/.test(file) && !programs.includes(file))
    .filter(hasSource);
  assert.deepEqual(
    compiled.filter((file) => !files.includes(`${file}.map`)),
    [],
    "without a map",
  );
  const missing = compiled.flatMap((file) => {
    const { sources, sourcesContent } = readJson(join(installed, `${file}.map`));
    return (sources as Array<string>).filter(
      (source, i) => !sourcesContent?.[i] && !existsSync(join(installed, dirname(file), source)),
    );
  });
  assert.deepEqual(missing, [], "sources that are not shipped");
});

check("the command answers --version and --help", () => {
  const command = join(project, "node_modules/.bin", name);
  assert.ok(sh(command, "--version").includes(version));
  assert.match(sh(command, "--help"), /\bserve\b/);
});

check("a command that cannot reach the service says so in a sentence", () => {
  const command = join(project, "node_modules/.bin", name);
  const where = ["--host", "http://127.0.0.1:9", "--api-key", "key"];
  const { status, stderr } = spawnSync(command, ["status", ...where], { encoding: "utf8" });
  assert.equal(status, 1);
  assert.match(stderr, /^Auth\.status: .*ECONNREFUSED.*\n$/);
});

check("export names the package that Parquet needs", () => {
  const command = join(project, "node_modules/.bin", name);
  const args = ["export", "run-1", "--output", "run-1.parquet", "--api-key", "key"];
  const { status, stderr } = spawnSync(command, args, { cwd: project, encoding: "utf8" });
  assert.equal(status, 1);
  assert.match(stderr, /^Parquet needs .*: npm install hyparquet-writer@[\d.]+\n$/);
});

check("serve has its page, with all that it names, and the licence of what is in it", () => {
  const document = readFileSync(join(installed, "dist/page/index.html"), "utf8");
  const named = [...document.matchAll(/"\.\/(assets\/[^"]+)"/g)].map(([, file]) => file);
  assert.deepEqual(
    page.map((file) => file.slice("dist/page/".length)),
    ["LICENSES.txt", ...named.toSorted(), "index.html"],
  );
});

check("serve keeps what it is given, and names the package that Postgres needs", () => {
  const command = join(project, "node_modules/.bin", name);
  const serve = (...args: Array<string>) =>
    spawnSync(command, ["serve", "--port", "0", ...args], {
      cwd: project,
      encoding: "utf8",
      timeout: 5000,
    });
  const { stdout, stderr } = serve("--data", "kept");
  assert.equal(stderr, "");
  assert.match(stdout, /Ctrl-C/);
  assert.ok(existsSync(join(project, "kept/metrics.db")));
  const missing = serve("--database", "postgres://127.0.0.1/metrics");
  assert.equal(missing.status, 1);
  assert.match(missing.stderr, /^Postgres needs .*: npm install @effect\/sql-pg@[\d.]+\n$/);
});

check("publint has nothing to say", () => sh("publint", "run", "--strict", tarball));
check("are the types wrong? no", () => sh("attw", "--profile", "esm-only", "--no-color", tarball));
