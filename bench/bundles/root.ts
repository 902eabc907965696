/** The same endpoint, imported from the root. */
import * as Effect from "effect/Effect";
import * as FetchHttpClient from "effect/http/FetchHttpClient";
import * as Layer from "effect/Layer";
import { ConfigService, Experiments } from "syvain-metrics-effect";

const live = ConfigService.layer({ apiKey: "key" }).pipe(Layer.provideMerge(FetchHttpClient.layer));
const program = Experiments.create({ slug: "a" });
void Effect.runPromise(Effect.provide(program, live)).then(console.log);
