/**
 * Runs an example against a server of its own, on a free loopback port: `node examples/start.ts [example.ts]`, by
 * default the quickstart.
 */
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer";
import { Effect, Layer, Redacted } from "effect";
import { spawn } from "node:child_process";
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";
import { MetricsServer } from "syvain-metrics-effect/testing";

const example = process.argv[2] ?? "quickstart.ts";

const serverLive = MetricsServer.layerHttp().pipe(
  Layer.provide(NodeHttpServer.layer(createServer, { port: 0, host: "127.0.0.1" })),
);

/** The example in a process of its own, as a user would run it; answers its exit code. */
const run = (env: Record<string, string>) =>
  Effect.callback<number>((resume) => {
    const child = spawn(process.execPath, [fileURLToPath(new URL(example, import.meta.url))], {
      stdio: "inherit",
      env: { ...process.env, ...env },
    });
    child.once("exit", (code) => resume(Effect.succeed(code ?? 1)));
    return Effect.sync(() => child.kill());
  });

process.exitCode = await Effect.runPromise(
  Effect.gen(function* () {
    const server = yield* MetricsServer.MetricsServer;
    return yield* run({
      SYVAIN_METRICS_HOST: server.host,
      SYVAIN_METRICS_API_KEY: Redacted.value(server.apiKey),
    });
  }).pipe(Effect.provide(serverLive)),
);
