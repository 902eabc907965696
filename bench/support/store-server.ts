/** Our own server on a directory, as `serve` runs it; says its port, and when it is asked, the most it ever had resident. */
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import { createServer } from "node:http";
import { join } from "node:path";
import { makeApp } from "../../src/server/app.ts";
import { layerSqlite } from "../../src/server/drivers/sqlite.ts";
import { serveApp } from "../../src/server/http.ts";

const directory = process.argv[2]!;
const apiKey = process.argv[3]!;

process.on("message", () => process.send?.(process.resourceUsage().maxRSS / 1024));
process.on("disconnect", () => process.exit());

const serve = Effect.gen(function* () {
  const { answer } = yield* makeApp({
    isApiKey: (bearer) => bearer === apiKey,
    organization: { id: "bench", name: "bench" },
    ingestionKeyTtl: Duration.hours(24),
  });
  const origin = yield* serveApp(answer);
  process.send?.(new URL(origin).port);
  return yield* Effect.never;
});

const http = NodeHttpServer.layer(createServer, { port: 0, host: "127.0.0.1" });
const store = layerSqlite({ file: join(directory, "metrics.db"), lock: join(directory, "lock") });
await Effect.runPromise(Effect.scoped(serve).pipe(Effect.provide(Layer.merge(http, store))));
