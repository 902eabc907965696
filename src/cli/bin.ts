#!/usr/bin/env node
/**
 * What the command is started by. Bodies and what is read of them come and go, for which V8 by itself lets a heap grow
 * to several times what is in use: of a server that is bounded, which only the start of a process can do.
 */
import { fileURLToPath } from "node:url";

/** In MiB, and in percent of what is in use. */
const bounds = ["--max-semi-space-size=8", "--heap-growing-percent=30"];

/** To the C library of Linux: threads share what was freed, and what is large goes back to the system. */
const allocation = { MALLOC_ARENA_MAX: "1", MALLOC_MMAP_THRESHOLD_: "131072" };

const cli = new URL("./cli.js", import.meta.url);
const args = process.argv.slice(2);

// There is none on Windows, where the heap is as V8 has it.
if (args[0] === "serve" && process.platform !== "win32" && process.execve !== undefined) {
  const { execPath, execArgv } = process;
  // The process stays the same one: its id, its signals and its terminal.
  process.execve(execPath, [execPath, ...bounds, ...execArgv, fileURLToPath(cli), ...args], {
    ...allocation,
    ...process.env,
  });
}
await import(cli.href);
