/** A reference server on a port, and jobs in processes of their own that record to it. */
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Redacted from "effect/Redacted";
import * as FetchHttpClient from "effect/http/FetchHttpClient";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as Experiments from "../../src/Experiments.ts";
import * as Metrics from "../../src/Metrics.ts";
import * as SyvainMetrics from "../../src/SyvainMetrics.ts";
import * as Faults from "../../src/testing/Faults.ts";
import * as MetricsServer from "../../src/testing/MetricsServer.ts";
import { operation } from "./api.ts";
import type { Job } from "./job.ts";

const script = fileURLToPath(new URL("job.ts", import.meta.url));

/** A server on a port of its own, and the client that looks into it. It can be closed while requests are under way that are never answered. */
export const server = Layer.unwrap(
  Effect.sync(() => {
    const listener = createServer();
    const closing = Layer.effectDiscard(
      Effect.addFinalizer(() => Effect.sync(() => listener.closeAllConnections())),
    );
    return Layer.unwrap(
      Effect.map(MetricsServer.MetricsServer, ({ apiKey, host }) =>
        SyvainMetrics.layer({ apiKey, host }),
      ),
    ).pipe(
      Layer.merge(closing),
      Layer.provideMerge(MetricsServer.layerHttp()),
      Layer.provide(
        NodeHttpServer.layer(() => listener, {
          port: 0,
          host: "127.0.0.1",
          disablePreemptiveShutdown: true,
        }),
      ),
      Layer.provideMerge(FetchHttpClient.layer),
      Layer.orDie,
    );
  }),
);

/** A directory until the scope closes. */
export const temporaryDirectory = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "spool-"))),
  (directory) => Effect.sync(() => rmSync(directory, { recursive: true, force: true })),
);

export interface Running {
  /** The lines printed so far. */
  readonly lines: ReadonlyArray<string>;
  readonly stderr: () => string;
  readonly kill: (signal: NodeJS.Signals) => void;
  /** When a line of this kind has been printed. */
  readonly printed: (start: string) => Effect.Effect<void>;
  readonly ended: Effect.Effect<{ readonly code: number | null; readonly signal: string | null }>;
}

/** Starts a job, which is killed when the scope closes. */
export const start = (job: Omit<Job, "host" | "apiKey">) =>
  Effect.gen(function* () {
    const { apiKey, host } = yield* MetricsServer.MetricsServer;
    const child = yield* Effect.acquireRelease(
      Effect.sync(() =>
        spawn(process.execPath, [script], {
          env: {
            ...process.env,
            JOB: JSON.stringify({ host, apiKey: Redacted.value(apiKey), ...job }),
          },
        }),
      ),
      (child) => Effect.sync(() => void child.kill("SIGKILL")),
    );
    const lines: Array<string> = [];
    let rest = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
      const [...whole] = (rest + chunk).split("\n");
      rest = whole.pop() ?? "";
      lines.push(...whole);
    });
    child.stderr.on("data", (chunk) => (stderr += chunk));
    const end = once(child, "close");
    const running: Running = {
      lines,
      stderr: () => stderr,
      kill: (signal) => void child.kill(signal),
      printed: (start) =>
        Effect.promise(async () => {
          let over = false;
          void end.then(() => (over = true));
          while (!lines.some((line) => line.startsWith(start))) {
            if (over) throw new Error(`ended before it printed ${start}:\n${stderr}`);
            await Promise.race([once(child.stdout, "data"), end]);
          }
        }),
      ended: Effect.promise(async () => {
        const [code, signal] = await end;
        return { code, signal };
      }),
    };
    return running;
  });

/** The one experiment of this slug. */
export const experimentOf = (slug: string) =>
  Effect.flatMap(Experiments.list({ slug }), ({ experiments }) =>
    Effect.map(Experiments.get(experiments[0]!.id), ({ experiment }) => experiment),
  );

/** Where it stands, and why. */
export const statusOf = ({ errorName, status }: Experiments.Experiment) =>
  errorName === null ? status : `${status} (${errorName})`;

/** `life/step` of every metric stored. */
export const storedOf = (slug: string) =>
  Effect.gen(function* () {
    const { id } = yield* experimentOf(slug);
    const batches = yield* Metrics.querySeries([{ experimentId: id }]);
    return batches.flatMap(({ data, metadata }) =>
      data.steps.map((step) => `${metadata["life"]}/${step}`),
    );
  });

/** A server that loses every other answer or so, before or after acting. */
export const faulty = Effect.gen(function* () {
  for (;;) {
    const drop = Math.random() < 0.5 ? Faults.dropBefore : Faults.dropAfter;
    yield* drop({ match: { operation: operation.metrics } });
    yield* Effect.sleep(20 + Math.random() * 60);
  }
}).pipe(Effect.forkScoped);
