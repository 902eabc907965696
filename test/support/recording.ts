/** What tests of the collector share. */
import * as NodeServices from "@effect/platform-node/NodeServices";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as References from "effect/References";
import * as Collector from "../../src/Collector.ts";
import * as Metrics from "../../src/Metrics.ts";
import * as RequestPolicy from "../../src/RequestPolicy.ts";
import * as Spool from "../../src/Spool.ts";
import * as MetricsServer from "../../src/testing/MetricsServer.ts";
import type { LoggedRequest } from "../../src/testing/MetricsServer.ts";
import { api } from "./api.ts";
import { temporaryDirectory } from "./processes.ts";

/** A collector in memory, and its server. */
export const inMemory = (
  options: Collector.Options = {},
  memory: Spool.MemoryOptions = {},
  client: MetricsServer.ClientOptions = {},
) =>
  Collector.layer({ api, ...options }).pipe(
    Layer.provideMerge(Spool.layerMemory(memory)),
    Layer.provideMerge(MetricsServer.layerClient(client)),
  );

/** Every metric that the server has of an experiment, by name and step. */
export const stored = (experimentId: string) =>
  Effect.map(Metrics.list(experimentId, { limit: 10_000 }), ({ rows }) =>
    rows.map(({ metricName, step }) => `${metricName}/${step}`),
  );

export const requestsOf = (operation: LoggedRequest["operation"]) =>
  Effect.map(
    MetricsServer.MetricsServer.use((server) => server.requests),
    (requests) => requests.filter((request) => request.operation === operation),
  );

/** A process of its own on the spool, as far as it can be told from here. */
export const collecting = (
  directory: string,
  options: Collector.Options = {},
  files: Spool.FileOptions = {},
) =>
  Collector.layer({ api, interval: "10 millis", shutdownTimeout: "50 millis", ...options }).pipe(
    Layer.provide(Spool.layerFileSystem(directory, { lease: "200 millis", ...files })),
    Layer.provide(NodeServices.layer),
    Layer.fresh,
  );

/** A directory for spools, and a server. */
export const withDirectory = <A, E>(
  program: (
    directory: string,
  ) => Effect.Effect<A, E, Layer.Success<ReturnType<typeof MetricsServer.layerClient>>>,
) =>
  temporaryDirectory.pipe(
    Effect.flatMap(program),
    Effect.scoped,
    Effect.provide(MetricsServer.layerClient({ retry: RequestPolicy.noRetry })),
    Effect.provideService(References.MinimumLogLevel, "None"),
  );
