/**
 * `syvain-metrics-effect serve`: the reference server on a port.
 */
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer";
import * as Command from "effect/cli/Command";
import * as Flag from "effect/cli/Flag";
import * as Console from "effect/Console";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Option from "effect/Option";
import * as Redacted from "effect/Redacted";
import { createServer } from "node:http";
import { quoted } from "../internal/base/shellQuote.ts";
import * as MetricsServer from "../testing/MetricsServer.ts";

const announce = Effect.gen(function* () {
  const { host, apiKey } = yield* MetricsServer.MetricsServer;
  const key = Redacted.value(apiKey);
  yield* Console.log(
    [
      `Syvain Metrics reference server, in memory, on ${host}`,
      "",
      `  API key   ${key}`,
      `  OpenAPI   ${host}/openapi.json`,
      `  Docs      ${host}/docs`,
      "",
      "For a client in another terminal:",
      "",
      `  export SYVAIN_METRICS_HOST=${quoted(host)} SYVAIN_METRICS_API_KEY=${quoted(key)}`,
      "",
      "Ctrl-C stops it, and forgets everything.",
    ].join("\n"),
  );
});

export const serve = Command.make(
  "serve",
  {
    port: Flag.Int("port").pipe(
      Flag.filter(
        (port) => port >= 0 && port <= 65_535,
        () => "a port, from 0 to 65535",
      ),
      Flag.withDefault(4318),
      Flag.withDescription("The port to listen on; 0 takes a free one"),
    ),
    host: Flag.String("host").pipe(
      Flag.withDefault("127.0.0.1"),
      Flag.withDescription("The address to listen on"),
    ),
    apiKey: Flag.Redacted("api-key").pipe(
      Flag.filter(
        (key) => /^[\x21-\x7e]+$/.test(Redacted.value(key)),
        () => "visible ASCII characters, at least one and no space",
      ),
      Flag.optional,
      Flag.withDescription("The API key to accept; a new one by default"),
    ),
  },
  ({ port, host, apiKey }) =>
    Effect.gen(function* () {
      const listener = createServer();
      const server = MetricsServer.layerHttp({ apiKey: Option.getOrUndefined(apiKey) }).pipe(
        Layer.provide(NodeHttpServer.layer(() => listener, { port, host })),
      );
      return yield* Effect.andThen(announce, Effect.never).pipe(
        // Or an upload that never ends would hold the server when it is told to stop.
        Effect.ensuring(Effect.sync(() => listener.closeAllConnections())),
        Effect.provide(server),
      );
    }),
).pipe(Command.withDescription("Run the reference server on a port, for any client"));
