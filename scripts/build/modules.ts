/**
 * The modules of dist. What runs lies in a few files, since Node takes longer over a file than over what is in it; each
 * public module names its part of them.
 */
import { writeFileSync } from "node:fs";
import { relative, resolve, sep } from "node:path";
import { type NodePath, type PluginObj, transformSync, types as t } from "@babel/core";
import { type OutputChunk, type Plugin, rolldown } from "rolldown";
import { entries, faces } from "../entries.ts";

/**
 * The files that modules are joined into, and which modules of src go there, as files or rooms; "client" has all others
 * that programs share. Each needs nothing but those after it, so a program that only calls endpoints loads the last
 * alone.
 */
const parts: ReadonlyArray<readonly [name: string, members: ReadonlyArray<string>]> = [
  ["recordingV2", ["internal/recording/pointsV2.ts", "internal/recording/uplinkV2.ts"]],
  [
    "v2",
    [
      "v2/",
      "internal/events/",
      "internal/keys/experimentToken.ts",
      "internal/runs/",
      "internal/series/columns.ts",
      "internal/wire/v2/",
    ],
  ],
  [
    "recording",
    [
      "Collector.ts",
      "MetricReporter.ts",
      "PersistedIngestionKeyCache.ts",
      "Spool.ts",
      "Telemetry.ts",
      "internal/ingest/eventWriter.ts",
      "internal/keys/persisted.ts",
      "internal/keys/sealed.ts",
      "internal/recording/",
      "internal/spool/",
    ],
  ],
  [
    "setup",
    [
      "ConfigService.ts",
      "IngestionKeyCache.ts",
      "SyvainMetrics.ts",
      "internal/credentials/",
      "internal/keys/memory.ts",
      "internal/login/",
    ],
  ],
  ["client", [...faces.map((face) => `${face}.ts`), "internal/"]],
];
const names = parts.map(([name]) => name);

/** By its path below src and nothing above that, so that it does not matter where the project lies. */
const partOf = (module: string): string | null => {
  const path = relative(resolve("src"), module).replaceAll(sep, "/");
  const isMember = (member: string) =>
    member.endsWith("/") ? path.startsWith(member) : path === member;
  return parts.find(([, members]) => members.some(isMember))?.[0] ?? null;
};

/**
 * Puts a value at the top of a module into a function called at once, where there is a spread, a template or a property
 * in it: to esbuild each of these can do anything, and it keeps what is around it, whether that is marked as pure or
 * not.
 */
const wrapValues: PluginObj = {
  visitor: {
    VariableDeclarator: (declarator) => {
      const value = declarator.get("init");
      if (declarator.parentPath.parentPath?.isProgram() !== true || !value.isExpression()) return;
      let isOpaque = false;
      const found = (path: NodePath) => {
        isOpaque = true;
        path.stop();
      };
      declarator.traverse({
        // What is in these runs later.
        Function: (path) => path.skip(),
        Class: (path) => path.skip(),
        SpreadElement: found,
        TemplateLiteral: (path) => {
          if (path.node.expressions.length > 0) found(path);
        },
        MemberExpression: (path) => {
          const object = path.get("object");
          const isOfModule =
            object.isIdentifier() &&
            path.scope.getBinding(object.node.name)?.path.isImportNamespaceSpecifier() === true;
          if (path.key !== "callee" && !isOfModule) found(path);
        },
      });
      if (!isOpaque) return;
      value.replaceWith(t.callExpression(t.arrowFunctionExpression([], value.node), []));
      value.skip();
    },
  },
};

// Bundlers keep a call at the top of a module unless it is marked as pure, and with it every schema of the contract.
// Effect marks its own build in the same way.
const markPureCalls: Plugin = {
  name: "mark-pure-calls",
  renderChunk: (code) => {
    const result = transformSync(code, {
      configFile: false,
      babelrc: false,
      compact: false,
      plugins: [wrapValues, "annotate-pure-calls"],
      sourceMaps: true,
    });
    return { code: result?.code ?? code, map: JSON.stringify(result?.map) };
  },
};

/** A part that needs one before it would be slow, or stop at the import; so would one that nobody asked for. */
const checkParts = (chunks: ReadonlyArray<OutputChunk>) => {
  for (const { name, isEntry, imports } of chunks) {
    const rank = names.indexOf(name);
    if (isEntry || name === "rolldown-runtime") continue;
    if (rank === -1) throw new Error(`a part of its own: ${name}`);
    const needed = names.findIndex((part) => imports.includes(`internal/${part}.js`));
    if (needed !== -1 && needed < rank) throw new Error(`${name} needs ${names[needed]}`);
  }
};

export const buildModules = async () => {
  const bundle = await rolldown({
    input: Object.fromEntries(entries.map(({ file }) => [file, resolve(`src/${file}.ts`)])),
    external: /^effect\//,
    platform: "neutral",
    tsconfig: false,
    transform: { target: "es2022" },
    // The modules are joined and nothing more: what may be dropped, the bundler of a program decides.
    treeshake: false,
    optimization: { inlineConst: false },
    preserveEntrySignatures: "allow-extension",
  });
  const { output } = await bundle.write({
    dir: "dist",
    chunkFileNames: "internal/[name].js",
    codeSplitting: {
      groups: names.map((name) => ({ name, test: (module: string) => partOf(module) === name })),
      includeDependenciesRecursively: false,
    },
    minify: false,
    minifyInternalExports: false,
    comments: { annotation: true, legal: true, jsdoc: false },
    plugins: [markPureCalls],
    sourcemap: true,
    // They are shipped themselves.
    sourcemapExcludeSources: true,
  });
  checkParts(output.filter((chunk) => chunk.type === "chunk"));

  // Node loads the namespaces of the root ready-made. A bundler drops what it can see is not used, and sees it in this
  // form.
  writeFileSync(
    "dist/namespaces.js",
    faces.map((face) => `export * as ${face} from "./${face}.js";\n`).join(""),
  );
};
