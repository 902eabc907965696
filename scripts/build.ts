/** Builds dist: the types by `tsc`, the modules, the command line, the page of the server. */
import { spawnSync } from "node:child_process";
import { rmSync } from "node:fs";
import { buildCli } from "./build/cli.ts";
import { buildModules } from "./build/modules.ts";
import { buildPage } from "./build/page.ts";

process.chdir(`${import.meta.dirname}/..`);
rmSync("dist", { recursive: true, force: true });

const { status } = spawnSync("tsc", ["-p", "tsconfig.build.json", "--emitDeclarationOnly"], {
  stdio: "inherit",
});
if (status !== 0) process.exit(1);
await buildModules();
await buildCli();
await buildPage();
