#!/usr/bin/env node
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
import { resend } from "./cli/resend.ts";
import { serve } from "./cli/serve.ts";
import { version } from "./internal/base/version.ts";

const cli = Command.make("syvain-metrics-effect").pipe(
  Command.withDescription(
    "Syvain Metrics: a server for any client; what a job left in its spool, sent",
  ),
  Command.withSubcommands([resend, serve]),
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
      Cause.hasDies(cause) || !(error instanceof Error) ? Cause.pretty(cause) : error.message,
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
