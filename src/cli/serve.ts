/**
 * `syvain-metrics-effect serve`: a server that speaks the API, and keeps what it is given.
 */
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer";
import * as Command from "effect/cli/Command";
import * as Flag from "effect/cli/Flag";
import * as Console from "effect/Console";
import * as Context from "effect/Context";
import * as Data from "effect/Data";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as HttpServerRequest from "effect/http/HttpServerRequest";
import * as Layer from "effect/Layer";
import * as Option from "effect/Option";
import * as Redacted from "effect/Redacted";
import type * as Scope from "effect/Scope";
import { createHash } from "node:crypto";
import { createServer } from "node:http";
import { resolve } from "node:path";
import { quoted } from "../internal/base/shellQuote.ts";
import { type App, makeApp } from "../server/app.ts";
import {
  announceHolder,
  type DirectoryError,
  hasKey,
  keptKey,
  keyFile,
  layerDirectory,
} from "../server/drivers/directory.ts";
import { serveApp } from "../server/http.ts";
import { isSameSecret, newKey } from "../server/ids.ts";
import { makeMemoryStore } from "../server/memory.ts";
import { Store } from "../server/store.ts";

/** How long a request that is under way may take when the server is told to stop. */
const grace = Duration.seconds(5);

/** Others could come in, and nobody has said with which key. */
class Unprotected extends Data.TaggedError("Unprotected")<{ readonly message: string }> {}

type GivenKey = Option.Option<Redacted.Redacted>;

/** Where the data are, and who may ask for them. */
interface Place {
  readonly store: Store["Service"];
  readonly where: string;
  readonly isApiKey: (bearer: string) => boolean;
  /** How a shell names the key, and what the first lines say of it. */
  readonly shellKey: string;
  readonly shownKey: string;
  readonly onListening: (host: string) => Effect.Effect<void, DirectoryError, Scope.Scope>;
  readonly atTheEnd: string;
}

const hash = (secret: string) => createHash("sha256").update(secret).digest("hex");

const isKey = (apiKey: Redacted.Redacted) => {
  const known = hash(Redacted.value(apiKey));
  return (bearer: string) => isSameSecret(known, hash(bearer));
};

const inMemory = (given: GivenKey): Effect.Effect<Place> =>
  Effect.sync(() => {
    const apiKey = Option.getOrElse(given, () => newKey("ak_org_"));
    return {
      store: makeMemoryStore(),
      where: "in memory",
      isApiKey: isKey(apiKey),
      shellKey: quoted(Redacted.value(apiKey)),
      shownKey: Redacted.value(apiKey),
      onListening: () => Effect.void,
      atTheEnd: "Ctrl-C stops it, and forgets everything.",
    };
  });

const inDirectory = (
  directory: string,
  given: GivenKey,
): Effect.Effect<Place, DirectoryError, Scope.Scope> =>
  Effect.gen(function* () {
    const store = Context.get(yield* Layer.build(layerDirectory(directory)), Store);
    const { apiKey, isNew } = yield* keptKey(directory, given);
    const file = keyFile(directory);
    const place: Place = {
      store,
      where: `data in ${directory}`,
      isApiKey: isKey(apiKey),
      // Shown once: what a server prints is often kept where others read it.
      shellKey: isNew ? quoted(Redacted.value(apiKey)) : `"$(cat ${quoted(file)})"`,
      shownKey: isNew ? `${Redacted.value(apiKey)} (kept in ${file})` : `as in ${file}`,
      onListening: (host) => announceHolder(directory, host),
      atTheEnd: "Ctrl-C stops it; the next start has all of it again.",
    };
    return place;
  });

const isLoopback = (host: string): boolean =>
  host === "localhost" || host === "::1" || /^127(\.\d{1,3}){3}$/.test(host);

const announce = ({ where, shownKey, shellKey, atTheEnd }: Place, host: string) =>
  Console.log(
    [
      `Syvain Metrics server on ${host}, ${where}`,
      "",
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
    memory: Flag.Boolean("memory").pipe(
      Flag.withDefault(false),
      Flag.withDescription("Keep nothing: what it is given is forgotten when it stops"),
    ),
    log: Flag.Boolean("log").pipe(
      Flag.withDefault(false),
      Flag.withDescription("Print a line for each request"),
    ),
  },
  ({ port, host, apiKey, data, memory, log }) =>
    Effect.gen(function* () {
      const directory = resolve(data);
      if (!isLoopback(host) && Option.isNone(apiKey) && (memory || !hasKey(directory))) {
        return yield* new Unprotected({
          message: `On ${host} others can reach the server: give it a key with --api-key, or start it once without --host, which makes one.`,
        });
      }
      // Whatever is written is for this user alone.
      process.umask(0o077);
      const keeping: Effect.Effect<Place, DirectoryError, Scope.Scope> = memory
        ? inMemory(apiKey)
        : inDirectory(directory, apiKey);
      const place = yield* keeping;
      const { answer, idle } = yield* makeApp({
        isApiKey: place.isApiKey,
        organization: { id: "organization", name: "Reference" },
        ingestionKeyTtl: Duration.hours(24),
      }).pipe(Effect.provideService(Store, place.store));

      const listener = createServer();
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
