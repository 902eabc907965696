/** One endpoint of this library. */
import * as Effect from "effect/Effect";
import * as FetchHttpClient from "effect/http/FetchHttpClient";
import * as Layer from "effect/Layer";
import * as ConfigService from "syvain-metrics-effect/ConfigService";
import * as Experiments from "syvain-metrics-effect/Experiments";

const live = ConfigService.layer({ apiKey: "key" }).pipe(Layer.provideMerge(FetchHttpClient.layer));
const program = Experiments.create({ slug: "a" });
void Effect.runPromise(Effect.provide(program, live)).then(console.log);
