/** The process of the service: the reference server, and the proxy before it. Told to stop, it tells what it saw. */
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer";
import { createServer } from "node:http";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Redacted from "effect/Redacted";
import { MetricsServer } from "../../src/testing/index.ts";
import { type Seen, startProxy } from "./proxy.ts";

/** What it says when it is ready. */
export interface Ready {
  readonly apiKey: string;
  /** Of the server itself. */
  readonly direct: string;
  /** Of the proxy. */
  readonly origin: string;
}

const rate = Number(process.argv[2]);

const say = (message: Ready | Seen) =>
  Effect.callback<void>((resume) => {
    process.send!(message, () => resume(Effect.void));
  });
const asked = Effect.callback<void>((resume) => {
  process.once("message", () => resume(Effect.void));
});

const service = Effect.gen(function* () {
  const { apiKey, host: direct } = yield* MetricsServer.MetricsServer;
  const { origin, seen } = yield* Effect.promise(() => startProxy(direct, rate));
  yield* say({ apiKey: Redacted.value(apiKey), direct, origin });
  for (;;) {
    yield* asked;
    yield* say(seen());
  }
}).pipe(
  Effect.provide(
    // Keys that are renewed every five seconds, since the cache renews five minutes before they expire.
    MetricsServer.layerHttp({ ingestionKeyTtl: "305 seconds" }).pipe(
      Layer.provide(NodeHttpServer.layer(createServer, { port: 0, host: "127.0.0.1" })),
    ),
  ),
);

// A service whose parent is gone has nothing left to do.
process.once("disconnect", () => process.exit());
await Effect.runPromise(service);
