/** The browser of this machine: Debian's chromium, driven without one of its own being downloaded. */
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { type Browser, chromium } from "playwright-core";

const found = ["chromium", "chromium-browser", "google-chrome"]
  .flatMap((name) =>
    (process.env["PATH"] ?? "").split(delimiter).map((folder) => join(folder, name)),
  )
  .find((file) => existsSync(file));

/** Why there is none, where there is none. On CI there has to be one. */
export const noBrowser: string | undefined =
  found === undefined && process.env["CI"] === undefined
    ? "there is no chromium here (apt install chromium)"
    : undefined;

export const launch = (): Promise<Browser> => {
  if (found === undefined) throw new Error("there is no chromium: apt install chromium");
  return chromium.launch({
    executablePath: found,
    // Root has no sandbox to be in.
    args: process.getuid?.() === 0 ? ["--no-sandbox"] : [],
  });
};
