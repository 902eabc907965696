/**
 * Runs an example against a server of its own, on a free loopback port: `node examples/start.ts [--open] [example.ts]`,
 * by default the quickstart. With `--open` the server stays until Ctrl-C, and its page is shown in a browser.
 */
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer";
import * as NodeRuntime from "@effect/platform-node/NodeRuntime";
import { Console, Effect, Exit, Layer, Redacted } from "effect";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { MetricsServer } from "syvain-metrics-effect/testing";

const {
  values: { open },
  positionals: [example = "quickstart.ts"],
} = parseArgs({ options: { open: { type: "boolean", default: false } }, allowPositionals: true });

interface Access {
  readonly host: string;
  readonly key: string;
}

const fileOf = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** The example in a process of its own, as a user would run it; its exit code is that of this process. */
const run = ({ host, key }: Access) =>
  Effect.callback<void>((resume) => {
    const child = spawn(process.execPath, [fileOf(example)], {
      stdio: "inherit",
      env: { ...process.env, SYVAIN_METRICS_HOST: host, SYVAIN_METRICS_API_KEY: key },
    });
    child.once("exit", (code) => {
      process.exitCode = code ?? 1;
      resume(Effect.void);
    });
    return Effect.sync(() => child.kill());
  });

// -----------------------------------------------------------------------------
// A server in this process, for as long as the example runs
// -----------------------------------------------------------------------------

const serverLive = MetricsServer.layerHttp().pipe(
  Layer.provide(NodeHttpServer.layer(createServer, { port: 0, host: "127.0.0.1" })),
);

const leaving = Effect.gen(function* () {
  const { apiKey, host } = yield* MetricsServer.MetricsServer;
  yield* run({ host, key: Redacted.value(apiKey) });
  yield* Console.log(
    "To see it in a browser: npm start -- --open keeps the server up, and shows its page.",
  );
}).pipe(Effect.provide(serverLive));

// -----------------------------------------------------------------------------
// The server of the command, which has a page and stays
// -----------------------------------------------------------------------------

const command = Effect.acquireRelease(
  Effect.sync(() =>
    spawn(process.execPath, [fileOf("../dist/cli.js"), "serve", "--memory", "--port", "0"], {
      stdio: ["ignore", "pipe", "inherit"],
    }),
  ),
  (child) =>
    Effect.promise(async () => {
      if (child.exitCode === null && child.kill()) await once(child, "exit");
    }),
);

/** Shows an address where there is a screen to show it on. */
const show = (url: string) => {
  const [program, ...args] =
    process.platform === "darwin"
      ? ["open", url]
      : process.platform === "win32"
        ? ["rundll32", "url.dll,FileProtocolHandler", url]
        : ["xdg-open", url];
  const hasScreen =
    process.platform !== "linux" || process.env["DISPLAY"] || process.env["WAYLAND_DISPLAY"];
  if (!hasScreen) return;
  spawn(program!, args, { stdio: "ignore", detached: true })
    .on("error", () => {})
    .unref();
};

const staying = Effect.gen(function* () {
  const server = yield* command;
  const access = yield* Effect.promise(async (): Promise<Access> => {
    let output = "";
    for await (const chunk of server.stdout.iterator({ destroyOnReturn: false })) {
      output += String(chunk);
      const [, host, key] = /HOST=(\S+) SYVAIN_METRICS_API_KEY=(\S+)/.exec(output) ?? [];
      if (host !== undefined && key !== undefined) return { host, key };
    }
    throw new Error("The server did not start.");
  });
  yield* run(access);
  // A browser does not send what stands behind the #, and the page takes it out of the address. The key is good for
  // this server alone, which is reached from this machine and forgets everything when it stops.
  const url = `${access.host}/#key=${access.key}`;
  show(url);
  yield* Console.log(
    `\n  ${url}\n\nshows these runs in a browser, signed in. Ctrl-C stops the server.`,
  );
  yield* Effect.promise(() => once(server, "exit"));
}).pipe(Effect.scoped);

NodeRuntime.runMain(open ? staying : leaving, {
  // Ctrl-C is how it is meant to end; otherwise the example has said how it went.
  teardown: (exit, onExit) =>
    onExit(Exit.isFailure(exit) && !Exit.hasInterrupts(exit) ? 1 : Number(process.exitCode ?? 0)),
});
