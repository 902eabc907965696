/** One call of API v2. */
import * as Effect from "effect/Effect";
import * as FetchHttpClient from "effect/http/FetchHttpClient";
import * as Layer from "effect/Layer";
import * as Experiments from "syvain-metrics-effect/v2/Experiments";
import * as SyvainMetrics from "syvain-metrics-effect/v2/SyvainMetrics";

const live = SyvainMetrics.layer({ apiKey: "key" }).pipe(Layer.provideMerge(FetchHttpClient.layer));
const program = Experiments.get("a");
void Effect.runPromise(Effect.provide(program, live)).then(console.log);
