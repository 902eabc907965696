/** A process that has nothing else to do ends, though its runtime is never disposed; and it may have few files. */
import { assert, describe, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import * as Redacted from "effect/Redacted";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import * as Collector from "../../src/Collector.ts";
import * as MetricsServer from "../../src/testing/MetricsServer.ts";
import { api } from "../support/api.ts";
import { experimentOf, server, temporaryDirectory } from "../support/processes.ts";
import { collecting, stored } from "../support/recording.ts";
import type { Undisposed } from "../support/undisposed.ts";

const script = fileURLToPath(new URL("../support/undisposed.ts", import.meta.url));

const run = (
  job: Omit<Undisposed, "apiKey" | "host"> & { readonly host?: string; readonly maxFiles?: number },
) =>
  Effect.gen(function* () {
    const { apiKey, host } = yield* MetricsServer.MetricsServer;
    const { maxFiles = 4096, ...rest } = job;
    return yield* Effect.callback<{ readonly code: number | null; readonly output: string }>(
      (resume) => {
        const child = spawn(
          "sh",
          ["-c", `ulimit -n ${maxFiles}; exec "$0" "$1"`, process.execPath, script],
          {
            env: {
              ...process.env,
              JOB: JSON.stringify({ apiKey: Redacted.value(apiKey), host, ...rest }),
            },
          },
        );
        let output = "";
        child.stdout.on("data", (chunk) => (output += chunk));
        child.stderr.on("data", (chunk) => (output += chunk));
        void once(child, "close").then(([code]) => resume(Effect.succeed({ code, output })));
        return Effect.sync(() => void child.kill("SIGKILL"));
      },
    );
  });

describe("a process whose runtime is never disposed", () => {
  it.live("ends when all is delivered, with a spool in memory", () =>
    Effect.gen(function* () {
      const { code, output } = yield* run({ recorders: 1, events: 10 });
      assert.strictEqual(output, "nothing to do\n");
      assert.strictEqual(code, 0);
      assert.lengthOf(yield* stored((yield* experimentOf("run-0")).id), 10);
    }).pipe(Effect.scoped, Effect.provide(server)),
  );

  it.live("and with a spool in files", () =>
    Effect.gen(function* () {
      const spool = yield* temporaryDirectory;
      const { code, output } = yield* run({ recorders: 1, events: 10, spool });
      assert.strictEqual(output, "nothing to do\n");
      assert.strictEqual(code, 0);
      assert.lengthOf(yield* stored((yield* experimentOf("run-0")).id), 10);
    }).pipe(Effect.scoped, Effect.provide(server)),
  );

  it.live("ends when the service is away, as the files are kept", () =>
    Effect.gen(function* () {
      const spool = yield* temporaryDirectory;
      const host = "http://127.0.0.1:9";
      const { code, output } = yield* run({ recorders: 1, events: 10, spool, host });
      assert.include(output, "run-0 cannot be opened yet");
      assert.include(output, "nothing to do\n");
      assert.strictEqual(code, 0);
      const { leftAlone } = yield* Effect.provide(Collector.recover, collecting(spool));
      assert.strictEqual(leftAlone[0]?.detail, `run-0 is for API ${api} of ${host}`);
    }).pipe(Effect.scoped, Effect.provide(server)),
  );
});

it.live(
  "three hundred recorders deliver everything in a process that may have 256 files",
  () =>
    Effect.gen(function* () {
      const spool = yield* temporaryDirectory;
      const job = { recorders: 300, events: 20, spool, flush: true, maxFiles: 256 };
      const { code, output } = yield* run(job);
      // On a busy machine some are opened later, which is told.
      assert.match(output, /nothing to do\n$/);
      assert.notInclude(output, "EMFILE");
      assert.strictEqual(code, 0);
      for (const n of [0, 150, 299]) {
        assert.lengthOf(yield* stored((yield* experimentOf(`run-${n}`)).id), 20);
      }
    }).pipe(Effect.scoped, Effect.provide(server)),
  120_000,
);
