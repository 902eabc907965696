import { assert, it } from "@effect/vitest";
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";
import * as Effect from "effect/Effect";
import * as FileSystem from "effect/FileSystem";
import * as Layer from "effect/Layer";
import * as Redacted from "effect/Redacted";
import * as FetchHttpClient from "effect/http/FetchHttpClient";
import * as Folders from "../../src/Folders.ts";
import * as SyvainMetrics from "../../src/SyvainMetrics.ts";
import { Faults, MetricsServer } from "../../src/testing/index.ts";
import { files } from "../support/login.ts";
import { serve, type Turn } from "../support/socket.ts";

const job = fileURLToPath(new URL("../support/create-once.ts", import.meta.url));

/** Starts the job, and answers what became of its process. */
const start = (...args: ReadonlyArray<string>) => {
  const child = spawn(process.execPath, [job, ...args], { stdio: ["ignore", "pipe", "inherit"] });
  let stdout = "";
  child.stdout.on("data", (chunk) => (stdout += chunk));
  const end = Effect.promise(async () => {
    const [code, signal] = await once(child, "close");
    return { code, signal, stdout };
  });
  return { kill: () => child.kill("SIGKILL"), end };
};

it.live(
  "a process killed between the act and the answer, and started again, makes one folder",
  () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem;
      const file = `${yield* fs.makeTempDirectoryScoped()}/key`;
      const { host, apiKey } = yield* MetricsServer.MetricsServer;

      // Stands between the job and the server, and keeps the first answer to itself.
      let acted: (() => void) | undefined;
      const firstAct = new Promise<void>((resolve) => (acted = resolve));
      const forward = async ({ n, method, path, headers, body, response }: Turn) => {
        const { authorization, "content-type": type, "idempotency-key": key } = headers;
        const answer = await fetch(host + path, {
          method,
          body,
          headers: {
            authorization: authorization!,
            "content-type": type!,
            "idempotency-key": String(key),
          },
        });
        const text = await answer.text();
        if (n === 1) return acted!();
        response.writeHead(answer.status, { "content-type": "application/json" }).end(text);
      };
      const between = yield* serve((turn) => void forward(turn));
      const args = [file, between.origin, Redacted.value(apiKey)];

      const first = start(...args);
      yield* Effect.promise(() => firstAct);
      first.kill();
      assert.deepInclude(yield* first.end, { signal: "SIGKILL", stdout: "" });

      const second = yield* start(...args).end;
      assert.strictEqual(second.code, 0);
      const { folders } = yield* Folders.list().pipe(
        Effect.provide(SyvainMetrics.layer({ apiKey, host })),
        Effect.provide(FetchHttpClient.layer),
      );
      assert.deepStrictEqual(
        folders.map(({ folderId }) => folderId),
        [second.stdout.trim()],
      );
      const posts = (yield* Faults.requests).filter(({ method }) => method === "POST");
      assert.lengthOf(posts, 2);
      assert.lengthOf(new Set(posts.map(({ headers }) => headers["idempotency-key"])), 1);
    }).pipe(
      Effect.provide(
        Layer.merge(
          files,
          MetricsServer.layerHttp().pipe(
            Layer.provide(NodeHttpServer.layer(createServer, { host: "127.0.0.1", port: 0 })),
          ),
        ),
      ),
    ),
);
