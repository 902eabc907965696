/** Faults of the reference server on a real port. */
import { createServer } from "node:http";
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer";
import { it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import { Faults, MetricsServer } from "../src/testing.ts";
import { within5s } from "./support/socket.ts";

it.live(
  "a request that is delayed ends when its client goes away, and does not hold up the end of the server",
  () => {
    const server = MetricsServer.layerHttp().pipe(
      Layer.provide(NodeHttpServer.layer(() => createServer(), { port: 0, host: "127.0.0.1" })),
    );
    const session = Effect.gen(function* () {
      const { host } = yield* MetricsServer.MetricsServer;
      yield* Faults.delay("1 hour");
      const client = new AbortController();
      const answer = fetch(host, { signal: client.signal }).catch(() => {});
      const arrived = Effect.map(Faults.requests, ({ length }) => length === 1);
      yield* Effect.repeat(Effect.sleep(5), { until: () => arrived });
      client.abort();
      yield* Effect.promise(() => answer);
    }).pipe(Effect.provide(server));
    return within5s("the end of the server", Effect.runPromise(session));
  },
);
