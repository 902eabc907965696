/** A program that records over API v1. */
import * as Effect from "effect/Effect";
import * as FetchHttpClient from "effect/http/FetchHttpClient";
import * as Layer from "effect/Layer";
import * as Collector from "syvain-metrics-effect/Collector";
import * as Spool from "syvain-metrics-effect/Spool";
import * as SyvainMetrics from "syvain-metrics-effect/SyvainMetrics";

const live = Collector.layer().pipe(
  Layer.provide(Spool.layerMemory()),
  Layer.provide(SyvainMetrics.layer({ apiKey: "key" })),
  Layer.provide(FetchHttpClient.layer),
);
const program = Effect.flatMap(Collector.experiment({ slug: "a" }), (recorder) =>
  recorder.metric("loss", 1, { step: 1 }),
);
void Effect.runPromise(Effect.provide(Effect.scoped(program), live));
