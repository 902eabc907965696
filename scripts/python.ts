/** Pythons that can make virtual environments. */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

// Those of pyenv are there without being on the path as what they are.
const pyenv = join(process.env["PYENV_ROOT"] ?? join(homedir(), ".pyenv"), "versions");

/** In the order in which they are tried. */
export const pythons: ReadonlyArray<string> = [
  "python3.13",
  "python3.12",
  "python3.11",
  "python3.10",
  "python3",
  ...(existsSync(pyenv) ? readdirSync(pyenv).toSorted() : []).map((version) =>
    join(pyenv, version, "bin/python3"),
  ),
];

/** One of Python 3.`minor` or newer. A name may be there without a Python behind it, and a Python without `venv`. */
export const findPython = (minor: number): string | undefined =>
  pythons.find((name) => {
    const canMake = `import ensurepip, sys, venv; sys.exit(sys.version_info < (3, ${minor}))`;
    return spawnSync(name, ["-c", canMake]).status === 0;
  });
