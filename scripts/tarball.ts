/** The package as a user gets it: packed, and installed beside effect in an empty project. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export const root = join(import.meta.dirname, "..");
export const readJson = (file: string) => JSON.parse(readFileSync(file, "utf8"));

const { name, version, devDependencies } = readJson(join(root, "package.json"));

/** Runs a command that must succeed; answers what it printed. */
export const sh = (cwd: string, command: string, ...args: ReadonlyArray<string>): string => {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, encoding: "utf8" });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`${command} ${args.join(" ")} failed\n${stdout}\n${stderr}`);
  return stdout;
};

/** The project lasts as long as this process. */
export const packAndInstall = () => {
  const project = mkdtempSync(join(tmpdir(), `${name}-`));
  process.on("exit", () => rmSync(project, { recursive: true, force: true }));

  // Its prepack script is what builds.
  const packed = spawnSync("npm", ["pack", "--silent", "--pack-destination", project], {
    cwd: root,
    stdio: "inherit",
  });
  if (packed.status !== 0) process.exit(1);
  const tarball = join(project, `${name}-${version}.tgz`);

  writeFileSync(join(project, "package.json"), JSON.stringify({ private: true, type: "module" }));
  sh(
    project,
    "npm",
    "install",
    "--silent",
    "--ignore-scripts",
    "--prefer-offline",
    tarball,
    `effect@${devDependencies.effect}`,
  );
  return { project, tarball, installed: join(project, "node_modules", name) };
};
