/** The same, and one endpoint more. */
import * as Effect from "effect/Effect";
import * as FetchHttpClient from "effect/http/FetchHttpClient";
import * as Layer from "effect/Layer";
import * as ConfigService from "syvain-metrics-effect/ConfigService";
import * as Experiments from "syvain-metrics-effect/Experiments";
import * as Folders from "syvain-metrics-effect/Folders";

const live = ConfigService.layer({ apiKey: "key" }).pipe(Layer.provideMerge(FetchHttpClient.layer));
const program = Effect.andThen(Experiments.create({ slug: "a" }), Folders.get("a"));
void Effect.runPromise(Effect.provide(program, live)).then(console.log);
