/**
 * Runs test/runtimes/conformance.ts with the packed package on one runtime after the other, against the reference
 * server on a port. Prints a table.
 *
 * `node scripts/runtimes.ts [--strict] [names…]`; without names, all. A runtime comes from npm when it is asked for;
 * Chromium is the system's. What cannot be had is skipped, and says why; `--strict` makes that a failure.
 */
import { execFile as execFileWithCallback, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { promisify } from "node:util";
import { build, type BuildOptions } from "esbuild";
import type { Place, Report } from "../test/runtimes/conformance.ts";
import { startGateway } from "../test/runtimes/gateway.ts";
import { packAndInstall, root, sh } from "./tarball.ts";

const execFile = promisify(execFileWithCallback);
const strict = process.argv.includes("--strict");
const asked = process.argv.slice(2).filter((argument) => !argument.startsWith("--"));

// -----------------------------------------------------------------------------
// What runs
// -----------------------------------------------------------------------------

const { project, installed } = packAndInstall();

/** The conformance program, and an end of it for each kind of runtime. */
const bundle = async (end: string, options: BuildOptions): Promise<string> => {
  const { outputFiles } = await build({
    stdin: {
      contents: `import { conformance } from ${JSON.stringify(join(root, "test/runtimes/conformance.ts"))};\n${end}`,
      loader: "ts",
      resolveDir: project,
    },
    bundle: true,
    write: false,
    format: "esm",
    // The package's name means what was installed, as it does to a user.
    nodePaths: [join(project, "node_modules")],
    tsconfigRaw: {},
    ...options,
  });
  return outputFiles![0]!.text;
};

// -----------------------------------------------------------------------------
// Runtimes
// -----------------------------------------------------------------------------

const cache = join(root, "node_modules/.cache/runtimes");

/** A package from npm, in a folder of its own; answers the folder. */
const install = (spec: string): string => {
  const folder = join(cache, spec.replace("/", "+"));
  if (existsSync(join(folder, "done"))) return folder;
  mkdirSync(folder, { recursive: true });
  const allowScripts = { node: true, bun: true, deno: true, workerd: true, sharp: true };
  writeFileSync(join(folder, "package.json"), JSON.stringify({ private: true, allowScripts }));
  sh(folder, "npm", "install", "--silent", "--no-audit", "--no-fund", spec);
  writeFileSync(join(folder, "done"), "");
  return folder;
};

const load = (folder: string, name: string) => createRequire(join(folder, "package.json"))(name);

interface Runtime {
  readonly version: string;
  readonly run: (place: Place) => Promise<Report>;
}

/** A command that runs a module and prints the report. */
const command = (binary: string, ...args: ReadonlyArray<string>): Runtime => ({
  version: sh(project, binary, "--version")
    .trim()
    .split("\n")[0]!
    .replace(/^(deno )?v?(\S+).*/, "$2"),
  run: async (place) => {
    const file = join(project, "conformance.mjs");
    const end = `console.log(JSON.stringify(await conformance(${JSON.stringify(place)})));`;
    writeFileSync(file, await bundle(end, { packages: "external" }));
    // The gateway is of this process, which must not stand still meanwhile.
    const { stdout, stderr } = await execFile(binary, [...args, file], {
      cwd: project,
      timeout: 120_000,
    });
    if (!stdout.startsWith("{")) throw new Error(stderr || stdout || "it said nothing");
    return JSON.parse(stdout);
  },
});

const binaryOf = (spec: string, name: string) => join(install(spec), "node_modules/.bin", name);

const chromium = async (): Promise<Runtime> => {
  const executablePath = ["/usr/bin/chromium", "/usr/bin/chromium-browser"].find(existsSync);
  if (executablePath === undefined) throw new Error("there is no Chromium on this system");
  const { chromium } = load(install("playwright-core@1.65.1"), "playwright-core");
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
  return {
    version: browser.version(),
    run: async (place) => {
      try {
        const page = await browser.newPage();
        await page.goto(`${place.origin}/page.html`);
        return await page.evaluate((place: Place) => Object(globalThis).conformance(place), place);
      } finally {
        await browser.close();
      }
    },
  };
};

const workerd = (): Runtime => {
  const folder = install("miniflare@4.20260730.0");
  const { Miniflare } = load(folder, "miniflare");
  return {
    version: sh(folder, join(folder, "node_modules/.bin/workerd"), "--version")
      .trim()
      .replace(/^workerd /, ""),
    run: async (place) => {
      const end = `export default { fetch: async (request) => Response.json(await conformance(await request.json())) };`;
      const worker = new Miniflare({
        modules: true,
        script: await bundle(end, { platform: "browser" }),
        compatibilityDate: "2026-07-01",
      });
      try {
        const answer = await worker.dispatchFetch("http://worker/", {
          method: "POST",
          body: JSON.stringify(place),
        });
        return await answer.json();
      } finally {
        await worker.dispose();
      }
    },
  };
};

const runtimes: Record<string, () => Runtime | Promise<Runtime>> = {
  "node-22": () => command(binaryOf("node@22.19.0", "node")),
  "node-24": () => command(process.execPath),
  "node-26": () => command(binaryOf("node@26.10.0", "node")),
  bun: () => command(binaryOf("bun@1.4.5", "bun"), "run"),
  deno: () => command(binaryOf("deno@2.9.6", "deno"), "run", "--allow-all", "--quiet"),
  chromium,
  workerd,
};

// -----------------------------------------------------------------------------
// In turn
// -----------------------------------------------------------------------------

const server = spawn(process.execPath, [
  join(installed, "dist/bin.js"),
  "serve",
  "--memory",
  "--port",
  "0",
]);
process.on("exit", () => server.kill());
let said = "";
server.stdout.on("data", (chunk) => (said += chunk));
while (!said.includes("Ctrl-C")) await once(server.stdout, "data");
const [, host, apiKey] = /SYVAIN_METRICS_HOST=(\S+) SYVAIN_METRICS_API_KEY=(\S+)/.exec(said)!;

const script = await bundle("globalThis.conformance = conformance;", { platform: "browser" });
const gateway = await startGateway(host!, {
  "/page.html": `<!doctype html><script type="module" src="/conformance.js"></script>`,
  "/conformance.js": script,
});

const row = (...cells: ReadonlyArray<string | number>) => console.log(`| ${cells.join(" | ")} |`);
row("runtime", "version", "checks passed", "seconds");
row("---", "---", "---", "---");
const complaints: Array<string> = [];
for (const [name, start] of Object.entries(runtimes)) {
  if (asked.length > 0 && !asked.includes(name)) continue;
  const started = performance.now();
  try {
    const runtime = await start();
    const namesItself = name !== "chromium" && name !== "workerd";
    const { passed, failed } = await runtime.run({
      origin: gateway.origin,
      apiKey: apiKey!,
      namesItself,
    });
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    row(name, runtime.version, `${passed.length} of ${passed.length + failed.length}`, seconds);
    complaints.push(...failed.map((failure) => `${name}: ${failure}`));
  } catch (error) {
    row(name, "-", "skipped", "-");
    const why = error instanceof Error ? error.message : String(error);
    (strict ? complaints : { push: console.error }).push(`${name} was skipped: ${why}`);
  }
}
gateway.stop();
server.kill();
for (const complaint of complaints) console.error(complaint);
process.exit(complaints.length === 0 ? 0 : 1);
