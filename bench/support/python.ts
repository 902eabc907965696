/** Contenders in Python: the service's own clients. They come from PyPI once, and are kept. */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { findPython } from "../../scripts/python.ts";
import type { Contender } from "./contender.ts";

const bench = join(import.meta.dirname, "..");
/** By the name of their environment: one has no two releases of a package. */
const packages = {
  v1: ["syvain-metrics-api-client==0.0.62", "syvain-metrics-collector==0.0.62"],
  v2: ["syvain-metrics-collector==0.0.352"],
  // It says that it needs 3.14, and does with 3.12.
  o41: ["--ignore-requires-python", "o41-metrics-api==0.2.2"],
  mlflow: ["mlflow==3.17.2"],
  trackio: ["trackio==0.43.0"],
};
const minors = { v1: 11, v2: 11, o41: 12, mlflow: 11, trackio: 11 };

/** The interpreter of a virtual environment that has them; `undefined` when there is no Python to make one with. */
export const environment = (name: keyof typeof packages): string | undefined => {
  const folder = join(bench, "../node_modules/.cache/bench-python", name);
  const interpreter = join(folder, "bin/python");
  const done = join(folder, "done");
  if (existsSync(done)) return interpreter;
  rmSync(folder, { recursive: true, force: true });
  const steps = [
    [findPython(minors[name]) ?? "python3", "-m", "venv", folder],
    [
      interpreter,
      "-m",
      "pip",
      "install",
      "--quiet",
      "--disable-pip-version-check",
      ...packages[name],
    ],
  ];
  for (const [command = "", ...args] of steps) {
    if (spawnSync(command, args, { stdio: ["ignore", "ignore", "inherit"] }).status !== 0) {
      console.error(
        `${packages[name].join(", ")}: left out, for want of Python 3.${minors[name]}, venv and pip.`,
      );
      return undefined;
    }
  }
  // The last thing, so that one that is half made is made again.
  writeFileSync(done, "");
  return interpreter;
};

/** Starts the contender in a Python file below `bench/peers`; none where there is no Python. */
export const startPython = (
  file: string,
  host: string,
  name: keyof typeof packages = "v1",
): Contender | undefined => {
  const interpreter = environment(name);
  if (interpreter === undefined) return undefined;
  const child = spawn(interpreter, [join(bench, "peers", file), host], {
    stdio: ["pipe", "pipe", "inherit"],
    // The server is on loopback, whatever proxy this machine has.
    env: { ...process.env, NO_PROXY: "*", no_proxy: "*", PYTHONDONTWRITEBYTECODE: "1" },
  });
  child.once("exit", (code) => {
    throw new Error(`${file} ended with ${code}`);
  });
  process.once("exit", () => child.kill("SIGKILL"));
  const lines = createInterface({ input: child.stdout });
  return async (order) => {
    child.stdin.write(`${JSON.stringify(order)}\n`);
    const [took] = await once(lines, "line");
    return JSON.parse(took);
  };
};
