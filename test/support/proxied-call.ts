/**
 * One call in a process of its own, whose environment may name a proxy. Prints, as JSON, the organization's name, or
 * the error as it is sent elsewhere. `TRANSPORT` is `fetch` or `undici`.
 */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient";
import * as NodeRuntime from "@effect/platform-node/NodeRuntime";
import * as Console from "effect/Console";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Schema from "effect/Schema";
import * as FetchHttpClient from "effect/http/FetchHttpClient";
import * as Auth from "../../src/Auth.ts";
import { MetricsApiError } from "../../src/MetricsApiError.ts";
import { noRetry, withRetry } from "../../src/RequestPolicy.ts";
import * as SyvainMetrics from "../../src/SyvainMetrics.ts";

const transport =
  process.env["TRANSPORT"] === "fetch" ? FetchHttpClient.layer : NodeHttpClient.layerUndici;

withRetry(Auth.status, noRetry).pipe(
  Effect.map(({ organization }) => organization.name),
  Effect.catch(Schema.encodeEffect(Schema.toCodecJson(MetricsApiError))),
  Effect.flatMap((result) => Console.log(JSON.stringify(result))),
  Effect.provide(Layer.provideMerge(SyvainMetrics.layerConfig, transport)),
  NodeRuntime.runMain,
);
