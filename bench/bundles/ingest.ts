/** One endpoint that authenticates with an ingestion key beside it: the cache of those comes along. */
import * as Effect from "effect/Effect";
import * as FetchHttpClient from "effect/http/FetchHttpClient";
import * as Layer from "effect/Layer";
import * as Experiments from "syvain-metrics-effect/Experiments";
import * as Metrics from "syvain-metrics-effect/Metrics";
import * as SyvainMetrics from "syvain-metrics-effect/SyvainMetrics";

const live = SyvainMetrics.layer({ apiKey: "key" }).pipe(Layer.provideMerge(FetchHttpClient.layer));
const program = Effect.andThen(Experiments.create({ slug: "a" }), Metrics.ingest("a", []));
void Effect.runPromise(Effect.provide(program, live)).then(console.log);
