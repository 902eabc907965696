/**
 * What one endpoint call adds to a browser bundle (esbuild, minified, gzip), beside the same program on bare effect. Prints a table.
 *
 * `npm run build && node bench/bundle-size.ts`; the budget is 6 kB for the first endpoint and 1 kB for each one more.
 */
import { build } from "esbuild";
import { gzipSync } from "node:zlib";

process.chdir(`${import.meta.dirname}/..`);

/** The same request by hand: configuration, key, idempotency key, timeout over the body, retries, decoding, a tagged error. */
const bare = `
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Context from "effect/Context";
import * as Redacted from "effect/Redacted";
import * as Schedule from "effect/Schedule";
import * as Schema from "effect/Schema";
import * as SecureRandom from "effect/crypto/SecureRandom";
import * as FetchHttpClient from "effect/http/FetchHttpClient";
import * as HttpClient from "effect/http/HttpClient";
import * as HttpClientRequest from "effect/http/HttpClientRequest";
import * as HttpClientResponse from "effect/http/HttpClientResponse";
class Config extends Context.Service<Config, { readonly apiKey: Redacted.Redacted; readonly host: string }>()("Config") {}
class ApiError extends Schema.TaggedError<ApiError>()("ApiError", { message: Schema.String, status: Schema.optionalKey(Schema.Int) }) {}
const Experiment = Schema.Struct({
  id: Schema.String, slug: Schema.String, description: Schema.NullOr(Schema.String), status: Schema.String,
  folderId: Schema.NullOr(Schema.String), metadata: Schema.JsonObject,
  createdAt: Schema.DateTimeUtcFromString, updatedAt: Schema.DateTimeUtcFromString,
}).pipe(Schema.encodeKeys({ folderId: "folder_id", createdAt: "created_at", updatedAt: "updated_at" }));
const Input = Schema.Struct({
  slug: Schema.String, description: Schema.optional(Schema.String), metadata: Schema.optional(Schema.JsonObject), folderId: Schema.optional(Schema.String),
}).pipe(Schema.encodeKeys({ folderId: "folder_id" }));
const encode = HttpClientRequest.schemaBodyJson(Input);
const decode = HttpClientResponse.schemaBodyJson(Schema.Struct({ experiment: Experiment }));
const create = Effect.fn("create")(function* (input: typeof Input.Type) {
  const config = yield* Config;
  const client = (yield* HttpClient.HttpClient).pipe(
    HttpClient.filterStatusOk,
    HttpClient.retryTransient({ schedule: Schedule.exponential("250 millis").pipe(Schedule.jittered), times: 4 }));
  const request = yield* HttpClientRequest.post(config.host + "/api/v1/experiments").pipe(
    HttpClientRequest.bearerToken(config.apiKey), HttpClientRequest.acceptJson,
    HttpClientRequest.setHeader("idempotency-key", SecureRandom.uuidV4Unsafe()), (request) => encode(request, input));
  return yield* client.execute(request).pipe(Effect.flatMap(decode), Effect.timeout("10 seconds"));
}, Effect.mapError((error) => new ApiError({ message: error.message })));
const live = Layer.succeed(Config, { apiKey: Redacted.make("key"), host: "https://metrics.syvain.com" }).pipe(Layer.provideMerge(FetchHttpClient.layer));
Effect.runPromise(Effect.provide(create({ slug: "a" }), live)).then(console.log);
`;

const client = (calls: string) => `
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as FetchHttpClient from "effect/http/FetchHttpClient";
import * as ConfigService from "syvain-metrics-effect/ConfigService";
import * as Experiments from "syvain-metrics-effect/Experiments";
import * as Folders from "syvain-metrics-effect/Folders";
import * as Metrics from "syvain-metrics-effect/Metrics";
import * as SyvainMetrics from "syvain-metrics-effect/SyvainMetrics";
${calls}
`;
const live = `ConfigService.layer({ apiKey: "key" }).pipe(Layer.provideMerge(FetchHttpClient.layer))`;
const liveAll = `SyvainMetrics.layer({ apiKey: "key" }).pipe(Layer.provideMerge(FetchHttpClient.layer))`;
const run = (effect: string, layer = live) =>
  `Effect.runPromise(Effect.provide(${effect}, ${layer})).then(console.log);`;

const programs = {
  "bare effect, one endpoint": bare,
  "Experiments.create": client(run(`Experiments.create({ slug: "a" })`)),
  "+ Folders.get": client(
    run(`Effect.andThen(Experiments.create({ slug: "a" }), Folders.get("a"))`),
  ),
  "Experiments.create, Metrics.ingest": client(
    run(`Effect.andThen(Experiments.create({ slug: "a" }), Metrics.ingest("a", []))`, liveAll),
  ),
};

const sizes: Record<string, number> = {};
for (const [name, contents] of Object.entries(programs)) {
  const { outputFiles } = await build({
    stdin: { contents, loader: "ts", resolveDir: import.meta.dirname },
    bundle: true,
    minify: true,
    write: false,
    format: "esm",
    platform: "browser",
    // The package's name means the build, as it does to a user.
    tsconfigRaw: {},
  });
  sizes[name] = gzipSync(outputFiles[0]!.contents, { level: 9 }).byteLength;
}

const base = sizes["bare effect, one endpoint"]!;
console.log("| program | kB min+gzip | over bare effect |\n| --- | --- | --- |");
for (const [name, size] of Object.entries(sizes)) {
  const over = size - base;
  console.log(`| ${name} | ${(size / 1000).toFixed(1)} | ${(over / 1000).toFixed(1)} kB |`);
}
