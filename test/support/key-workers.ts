/** Processes that share ingestion keys, and the reference server they all write to, on a real port. */
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer";
import * as Context from "effect/Context";
import type * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as FetchHttpClient from "effect/http/FetchHttpClient";
import * as Layer from "effect/Layer";
import * as Redacted from "effect/Redacted";
import * as Stream from "effect/Stream";
import * as ConfigService from "../../src/ConfigService.ts";
import * as Experiments from "../../src/Experiments.ts";
import * as IngestionKeys from "../../src/IngestionKeys.ts";
import { Faults, MetricsServer } from "../../src/testing.ts";
import { buildSync } from "esbuild";
import type { Command, Settings } from "./key-worker.ts";

/** In few files, for sixteen processes start from it at once. */
const bundle = () => {
  const outdir = mkdtempSync(join(tmpdir(), "key-worker-"));
  process.on("exit", () => rmSync(outdir, { recursive: true, force: true }));
  buildSync({
    entryPoints: [fileURLToPath(new URL("key-worker.ts", import.meta.url))],
    outdir,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    splitting: true,
    platform: "node",
    format: "esm",
    // What is CommonJS in it asks for Node's modules so.
    banner: {
      js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);',
    },
  });
  return join(outdir, "key-worker.mjs");
};
let script: string | undefined;

/** A process that is ready to be told what to do; it ends with its scope. The shell runs `before` first. */
export const worker = (settings: Settings, before = ":") =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      script ??= bundle();
      const command = [process.execPath, script, JSON.stringify(settings)];
      const child = spawn("sh", ["-c", `${before}; exec "$@"`, "sh", ...command]);
      const ended = once(child, "close");
      let stderr = "";
      child.stderr.on("data", (chunk) => (stderr += chunk));
      const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
      const answer = async (): Promise<string> => {
        const { value, done } = await answers.next();
        if (done) throw new Error(`the process ended: ${stderr}`);
        return JSON.parse(value);
      };
      await answer();
      return {
        /** Answers `"done"`, or how it failed. */
        tell: (command: Command) =>
          Effect.promise(() => {
            child.stdin.write(`${JSON.stringify(command)}\n`);
            return answer();
          }),
        /** All that it has logged. */
        logged: Effect.sync(() => stderr),
        kill: Effect.promise(() => {
          child.kill("SIGKILL");
          return ended;
        }),
      };
    }),
    ({ kill }) => kill,
  );

/** What all of them write to: a reference server on a free port, and experiments in it. */
export const world = Effect.gen(function* () {
  const listener = createServer();
  const context = yield* Layer.build(
    MetricsServer.layerHttp().pipe(
      Layer.provide(
        NodeHttpServer.layer(() => listener, {
          port: 0,
          host: "127.0.0.1",
          gracefulShutdownTimeout: 0,
        }),
      ),
    ),
  );
  // A connection that is left, and the server would wait for it.
  yield* Effect.addFinalizer(() => Effect.sync(() => listener.closeAllConnections()));
  const server = Context.get(context, MetricsServer.MetricsServer);
  const { host } = server;
  const apiKey = Redacted.value(server.apiKey);
  const client = Layer.merge(ConfigService.layer({ host, apiKey }), FetchHttpClient.layer);
  const requests = (operation: Faults.OperationName) =>
    Effect.map(server.requests, (all) => all.filter((one) => one.operation === operation));
  return {
    host,
    apiKey,
    newExperiment: Effect.map(
      Effect.provide(
        Effect.suspend(() => Experiments.create({ slug: `e-${randomUUID()}` })),
        client,
      ),
      ({ experiment }) => experiment.id,
    ),
    /** The ids of the keys an experiment was given, in order. */
    keysOf: (experimentId: string) =>
      IngestionKeys.stream(experimentId).pipe(
        Stream.map(({ id }) => id),
        Stream.runCollect,
        Effect.provide(client),
      ),
    /** The next requests to mint wait. */
    slowMints: (duration: Duration.Input, times: number) =>
      Effect.provideContext(
        Faults.delay(duration, { times, match: { operation: "IngestionKeys.create" } }),
        context,
      ),
    /** How often a key was asked for, also in vain. */
    mints: Effect.map(requests("IngestionKeys.create"), ({ length }) => length),
    ingests: Effect.map(requests("Metrics.ingest"), ({ length }) => length),
  };
});
