/**
 * The `syvain-metrics-effect` command.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime";
import * as NodeServices from "@effect/platform-node/NodeServices";
import * as Cause from "effect/Cause";
import * as Command from "effect/cli/Command";
import * as Console from "effect/Console";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Layer from "effect/Layer";
import * as References from "effect/References";
import * as Runtime from "effect/Runtime";
import { plainLines } from "./cli/terminal.ts";
import { version } from "./internal/base/version.ts";

/** Each is loaded when it is asked for: the server alone is most of what there is. */
const commands = {
  compare: async () => (await import("./cli/compare.ts")).compare,
  export: async () => (await import("./cli/export.ts")).exportPoints,
  import: async () => (await import("./cli/import.ts")).importRuns,
  ingest: async () => (await import("./cli/ingest.ts")).ingest,
  login: async () => (await import("./cli/login.ts")).login,
  ls: async () => (await import("./cli/ls.ts")).ls,
  resend: async () => (await import("./cli/resend.ts")).resend,
  serve: async () => (await import("./cli/serve.ts")).serve,
  show: async () => (await import("./cli/show.ts")).show,
  status: async () => (await import("./cli/status.ts")).status,
  tail: async () => (await import("./cli/tail.ts")).tail,
};
const isCommand = (name: string): name is keyof typeof commands => Object.hasOwn(commands, name);

const [, , first = ""] = process.argv;
const subcommands = await Promise.all(
  isCommand(first) ? [commands[first]()] : Object.values(commands).map((load) => load()),
);

process.stdout.on("error", ({ code, message }: NodeJS.ErrnoException) => {
  // A server goes on, whoever reads its lines.
  if (first === "serve") return;
  // Who has read enough, as `head` has, closes the pipe.
  if (code === "EPIPE") process.exit(0);
  process.stderr.write(`What is printed cannot be written: ${message}\n`, () => process.exit(1));
});

const cli = Command.make("syvain-metrics-effect").pipe(
  Command.withDescription(
    "Syvain Metrics: experiments, read and written from a shell; a server for any client",
  ),
  Command.withSubcommands(subcommands),
);

Command.run(cli, { version }).pipe(
  Effect.catchTag("ServeError", (error) =>
    Effect.fail(new Error(`Cannot listen: ${String(Object(error.cause).message)}`)),
  ),
  Effect.tapCause((cause) => {
    if (Cause.hasInterruptsOnly(cause)) return Effect.void;
    const error = Cause.squash(cause);
    if (!Runtime.getErrorReported(error)) return Effect.void;
    // What was foreseen is one sentence; what was not needs its stack.
    return Console.error(
      Cause.hasDies(cause) || !(error instanceof Error)
        ? Cause.pretty(cause)
        : plainLines(error.message),
    );
  }),
  Effect.provide(Layer.merge(NodeServices.layer, Layer.succeed(References.LogToStderr, true))),
  NodeRuntime.runMain({
    disableErrorReporting: true,
    // A server that was asked to stop, and did, has not failed; a command that has not come to its end says so.
    teardown: (exit, onExit) =>
      Exit.hasInterrupts(exit)
        ? onExit(Number(process.exitCode ?? 0))
        : Runtime.defaultTeardown(exit, onExit),
  }),
);
