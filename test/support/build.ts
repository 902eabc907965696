/**
 * The command and its page as their sources are now, built once before all tests. What the command needs is in it, as
 * each process that loads effect by its files takes a second of a core to start.
 */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { bundleCli } from "../../scripts/build/cli.ts";
import { buildPage } from "../../scripts/build/page.ts";

const folder = join(import.meta.dirname, "../../node_modules/.cache/command");

export const cli = join(folder, "cli.js");

export const setup = async () => {
  rmSync(folder, { recursive: true, force: true });
  await Promise.all([bundleCli(folder, ["pg-native"]), buildPage(join(folder, "page"))]);
};
