/** `syvain-metrics-effect resend` in a process of its own. */
import * as Effect from "effect/Effect";
import * as Redacted from "effect/Redacted";
import { spawn } from "node:child_process";
import { once } from "node:events";
import * as MetricsServer from "../../src/testing/MetricsServer.ts";
import { cli } from "./build.ts";

/** The command, up to its end. `more` goes into its environment; what is `undefined` there is not set. */
export const resend = (spool: string, more: NodeJS.ProcessEnv = {}) =>
  Effect.gen(function* () {
    const { apiKey, host } = yield* MetricsServer.MetricsServer;
    return yield* Effect.promise(async () => {
      const child = spawn(process.execPath, [cli, "resend", "--spool", spool], {
        env: {
          ...process.env,
          SYVAIN_METRICS_API_KEY: Redacted.value(apiKey),
          SYVAIN_METRICS_HOST: host,
          ...more,
        },
      });
      let stdout = "";
      let stderr = "";
      child.stdout.on("data", (chunk) => (stdout += chunk));
      child.stderr.on("data", (chunk) => (stderr += chunk));
      const [code] = await once(child, "close");
      return { code, stdout, stderr };
    });
  });
