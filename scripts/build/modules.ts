/**
 * The modules of dist. What runs lies in three files, since Node takes longer over a file than over what is in it; each public module
 * names its part of them.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { transformSync } from "@babel/core";
import { type OutputChunk, type Plugin, rolldown } from "rolldown";

/** A program that only calls endpoints loads the last; what belongs there needs nothing of the others. */
const parts = [
  {
    name: "recording",
    test: /\/src\/(CircuitBreaker|Collector|DebugLog|MetricReporter|PersistedIngestionKeyCache|RateLimit|Spool|Telemetry)\.ts$|\/src\/internal\/(collector|persisted|reporter|spool)\//,
    priority: 3,
  },
  {
    name: "setup",
    test: /\/src\/(ConfigService|IngestionKeyCache|SyvainMetrics)\.ts$|\/src\/internal\/(credentials\/|lifetime\.ts$)/,
    priority: 2,
  },
  { name: "client", test: /\/src\/(?!index\.ts$|testing)/, priority: 1 },
];

// Bundlers keep a call at the top of a module unless it is marked as pure, and with it every schema of the contract.
// Effect marks its own build in the same way.
const markPureCalls: Plugin = {
  name: "mark-pure-calls",
  renderChunk: (code) => {
    const result = transformSync(code, {
      configFile: false,
      babelrc: false,
      compact: false,
      plugins: ["annotate-pure-calls"],
      sourceMaps: true,
    });
    return { code: result?.code ?? code, map: JSON.stringify(result?.map) };
  },
};

export const buildModules = async () => {
  const modules = readdirSync("src").filter((file) => file.endsWith(".ts") && file !== "cli.ts");
  const bundle = await rolldown({
    input: Object.fromEntries(modules.map((file) => [file.slice(0, -3), `src/${file}`])),
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
    codeSplitting: { groups: parts, includeDependenciesRecursively: false },
    minify: false,
    minifyInternalExports: false,
    comments: { annotation: true, legal: true, jsdoc: false },
    plugins: [markPureCalls],
    sourcemap: true,
    // They are shipped themselves.
    sourcemapExcludeSources: true,
  });

  // A part that needs what it should not would still run, and be slow.
  const known = new Set(["rolldown-runtime", ...parts.map(({ name }) => name)]);
  const strays = output.filter(
    (chunk): chunk is OutputChunk =>
      chunk.type === "chunk" && !chunk.isEntry && !known.has(chunk.name),
  );
  if (strays.length > 0) throw new Error(`a part of its own: ${strays.map(({ name }) => name)}`);

  // Node loads the namespaces of the root ready-made. A bundler drops what it can see is not used, and sees it in this form.
  writeFileSync(
    "dist/namespaces.js",
    readFileSync("src/index.ts", "utf8").replaceAll('.ts";', '.js";'),
  );
};
