/** The process of the server: the reference server on a port, and the proxy before it. Tells its parent where it is, and what it did when asked. */
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Redacted from "effect/Redacted";
import { createServer } from "node:http";
import { MetricsServer } from "../../src/testing.ts";
import { startProxy } from "./proxy.ts";

const [rate = "0.2", seed = "1", downEvery = "1000", downFor = "100"] = process.argv.slice(2);

const program = Effect.gen(function* () {
  const { host, apiKey } = yield* MetricsServer.MetricsServer;
  const proxy = yield* Effect.promise(() =>
    startProxy({
      port: Number(new URL(host).port),
      rate: Number(rate),
      seed,
      downEvery: Number(downEvery),
      downFor: Number(downFor),
    }),
  );
  process.on("message", () => process.send?.(proxy.counts));
  process.on("disconnect", () => process.exit());
  process.send?.({ host: `http://127.0.0.1:${proxy.port}`, apiKey: Redacted.value(apiKey) });
  return yield* Effect.never;
});

// Keys expire on the way: a client renews them 60 seconds before.
const server = MetricsServer.layerHttp({ ingestionKeyTtl: "65 seconds" }).pipe(
  Layer.provide(NodeHttpServer.layer(() => createServer(), { port: 0, host: "127.0.0.1" })),
);
await Effect.runPromise(Effect.provide(program, server));
