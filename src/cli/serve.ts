/**
 * `syvain-metrics-effect serve`: a server that speaks the API, and keeps what it is given.
 */
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer";
import * as Command from "effect/cli/Command";
import * as Flag from "effect/cli/Flag";
import * as Console from "effect/Console";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as HttpServerRequest from "effect/http/HttpServerRequest";
import * as Layer from "effect/Layer";
import * as Option from "effect/Option";
import * as Redacted from "effect/Redacted";
import type * as Scope from "effect/Scope";
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { quoted } from "../internal/base/shellQuote.ts";
import { isLoopback } from "../internal/login/host.ts";
import { type App, makeApp } from "../server/app.ts";
import type { DirectoryError } from "../server/drivers/directory.ts";
import type { DriverMissing } from "../server/drivers/postgres.ts";
import { serveApp } from "../server/http.ts";
import * as Site from "../server/site.ts";
import { Store } from "../server/store.ts";
import { makeListener, patience } from "./listener.ts";
import { inDatabase, inDirectory, inMemory, type Place, type PlaceError } from "./place.ts";

/** How long a request that is under way may take when the server is told to stop. */
const grace = Duration.seconds(5);

/** An address as a URL has it: there one of IPv6 stands in brackets. */
const isOfThisMachine = (host: string): boolean =>
  isLoopback(host.includes(":") ? `[${host}]` : host);

const announce = ({ where, shownKey, shellKey, atTheEnd }: Place, host: string) =>
  Console.log(
    [
      `Syvain Metrics server on ${host}, ${where}`,
      "",
      `  Page      ${host}/`,
      `  API key   ${shownKey}`,
      `  OpenAPI   ${host}/openapi.json`,
      `  Docs      ${host}/docs`,
      "",
      "For a client in another terminal:",
      "",
      `  export SYVAIN_METRICS_HOST=${quoted(host)} SYVAIN_METRICS_API_KEY=${shellKey}`,
      "",
      atTheEnd,
    ].join("\n"),
  );

/** The page lies beside the built command; one that runs from its sources takes it from there. */
const page = ["page", "../../dist/page"]
  .map((folder) => fileURLToPath(new URL(folder, import.meta.url)))
  .find((folder) => existsSync(resolve(folder, "index.html")));

const site =
  page === undefined
    ? Site.layerNotBuilt
    : Layer.provide(Site.layer(page), NodeHttpServer.layerHttpServices);

/** A line for each answer. */
const logging = (app: App): App =>
  Effect.gen(function* () {
    const { method, url } = yield* HttpServerRequest.HttpServerRequest;
    const [duration, response] = yield* Effect.timed(app);
    const took = Duration.toMillis(duration).toFixed(0);
    yield* Console.log(`${method} ${url.split("?", 1)[0]} ${response.status} ${took} ms`);
    return response;
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
      Flag.withDescription("The API key to accept, from now on; the first start makes one"),
    ),
    data: Flag.String("data").pipe(
      Flag.withDefault("./syvain-metrics-data"),
      Flag.withDescription("The directory to keep everything in"),
    ),
    database: Flag.Redacted("database").pipe(
      Flag.filter(
        (url) => /^postgres(ql)?:\/\//.test(Redacted.value(url)),
        () => "an address such as postgres://user@host/name",
      ),
      Flag.optional,
      Flag.withDescription("A Postgres to keep everything in, which several servers may share"),
    ),
    memory: Flag.Boolean("memory").pipe(
      Flag.withDefault(false),
      Flag.withDescription("Keep nothing: what it is given is forgotten when it stops"),
    ),
    log: Flag.Boolean("log").pipe(
      Flag.withDefault(false),
      Flag.withDescription("Print a line for each request"),
    ),
  },
  ({ port, host, apiKey, data, database, memory, log }) =>
    Effect.gen(function* () {
      // Whatever is written is for this user alone.
      process.umask(0o077);
      const access = { apiKey, isPublic: !isOfThisMachine(host) };
      const opening: Effect.Effect<
        Place,
        DirectoryError | DriverMissing | PlaceError,
        Scope.Scope
      > = Option.isSome(database)
        ? inDatabase(database.value, access)
        : memory
          ? inMemory(access)
          : inDirectory(resolve(data), access);
      const place = yield* opening;
      const settings = {
        isApiKey: place.isApiKey,
        organization: { id: "organization", name: "Reference" },
        ingestionKeyTtl: Duration.hours(24),
      };
      const { answer, idle } = yield* makeApp(settings, undefined, site).pipe(
        Effect.provideService(Store, place.store),
      );

      const listener = makeListener(patience);
      const http = yield* Layer.build(NodeHttpServer.layer(() => listener, { port, host }));
      const address = yield* Effect.provideContext(serveApp(log ? logging(answer) : answer), http);
      yield* place.onListening(address);
      yield* announce(place, address);
      return yield* Effect.ensuring(
        Effect.never,
        // What is under way comes first, but no upload that never ends holds a server that is told to stop.
        Effect.andThen(
          Effect.timeoutOption(idle, grace),
          Effect.sync(() => listener.closeAllConnections()),
        ),
      );
    }).pipe(Effect.scoped),
).pipe(Command.withDescription("Run a server for any client, which keeps what it is given"));
