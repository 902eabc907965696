/**
 * The client inside an HTTP service: `GET /runs/:slug` answers how a run went, and each failure of the client has a
 * status of its own.
 *
 * Needs SYVAIN_METRICS_API_KEY and SYVAIN_METRICS_HOST in the environment. It asks itself twice, prints the answers,
 * and ends.
 */
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer";
import { Console, Effect, Layer } from "effect";
import {
  FetchHttpClient,
  HttpClient,
  HttpRouter,
  HttpServer,
  HttpServerResponse,
} from "effect/http";
import { createServer } from "node:http";
import { Experiments, Metrics, RequestPolicy, SyvainMetrics } from "syvain-metrics-effect";

/** The run of a slug, with its best value of a metric. */
const summary = Effect.fn("summary")(function* (slug: string) {
  const { experiments } = yield* Experiments.list({ slug });
  const experiment = experiments[0];
  if (experiment === undefined) return HttpServerResponse.empty({ status: 404 });
  const { rows } = yield* Metrics.list(experiment.id, { metricName: "accuracy" });
  return HttpServerResponse.jsonUnsafe({
    slug: experiment.slug,
    status: experiment.status,
    best: rows.length === 0 ? null : Math.max(...rows.map((row) => row.metricValue)),
  });
});

const routes = HttpRouter.add(
  "GET",
  "/runs/:slug",
  Effect.gen(function* () {
    const { slug } = yield* HttpRouter.params;
    return yield* summary(slug!).pipe(
      // A visitor does not wait longer than this, whatever the retries would do.
      RequestPolicy.withDeadline("3 seconds"),
      Effect.catchTags({
        MetricsApiRequestError: (error) =>
          Effect.as(
            Effect.logWarning(error.message),
            HttpServerResponse.empty({ status: error.reason._tag === "RateLimited" ? 503 : 502 }),
          ),
        MetricsApiResponseError: (error) =>
          Effect.as(Effect.logError(error.message), HttpServerResponse.empty({ status: 502 })),
        MetricsApiAuthError: (error) =>
          Effect.as(Effect.logError(error.message), HttpServerResponse.empty({ status: 500 })),
      }),
    );
  }),
);

/** What the handlers need is built once: one configuration and one key cache for all requests. */
const clientLive = SyvainMetrics.layerConfig.pipe(Layer.provideMerge(FetchHttpClient.layer));
const serverLive = HttpRouter.serve(routes, { disableLogger: true, disableListenLog: true }).pipe(
  Layer.provideMerge(NodeHttpServer.layer(createServer, { port: 0, host: "127.0.0.1" })),
);

/** What a visitor would do. */
const visit = Effect.gen(function* () {
  const { experiment } = yield* Experiments.create({ slug: "visited" });
  const metrics = [0.5, 0.9, 0.8].map((value, step) => ({
    clientEventId: `accuracy/${step}`,
    name: "accuracy",
    value,
    step,
  }));
  yield* Metrics.ingest(experiment.id, metrics, { sync: true });

  const { address } = yield* HttpServer.HttpServer;
  for (const slug of [experiment.slug, "no-such-run"]) {
    const response = yield* HttpClient.get(`${HttpServer.formatAddress(address)}/runs/${slug}`);
    yield* Console.log(`GET /runs/${slug}: ${response.status} ${yield* response.text}`);
  }
});

await Effect.runPromise(
  visit.pipe(Effect.provide(serverLive.pipe(Layer.provideMerge(clientLive)))),
);
