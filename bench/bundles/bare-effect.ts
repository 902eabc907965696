/**
 * One request by hand on effect: configuration, key, idempotency key, timeout over the body, retries, decoding, a
 * tagged error.
 */
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
class Config extends Context.Service<
  Config,
  { readonly apiKey: Redacted.Redacted; readonly host: string }
>()("Config") {}
class ApiError extends Schema.TaggedError<ApiError>()("ApiError", {
  message: Schema.String,
  status: Schema.optionalKey(Schema.Int),
}) {}
const Time = Schema.DateTimeUtcFromMillis;
const Folder = Schema.Struct({
  folderId: Schema.String,
  orgId: Schema.String,
  name: Schema.String,
  parentIdPath: Schema.Array(Schema.String),
  pathName: Schema.String,
}).pipe(
  Schema.encodeKeys({
    folderId: "folder_id",
    orgId: "org_id",
    parentIdPath: "parent_id_path",
    pathName: "path_name",
  }),
);
const Experiment = Schema.Struct({
  id: Schema.String,
  orgId: Schema.String,
  folder: Schema.NullOr(Folder),
  url: Schema.String,
  slug: Schema.String,
  description: Schema.String,
  metadata: Schema.JsonObject,
  status: Schema.String,
  errorName: Schema.NullOr(Schema.String),
  errorDetail: Schema.NullOr(Schema.String),
  createdAt: Time,
  updatedAt: Time,
  startedAt: Schema.NullOr(Time),
  doneAt: Schema.NullOr(Time),
  lastHeartbeatAt: Schema.NullOr(Time),
  lastEventAt: Schema.NullOr(Time),
}).pipe(
  Schema.encodeKeys({
    orgId: "org_id",
    errorName: "error_name",
    errorDetail: "error_detail",
    createdAt: "created_at_ms",
    updatedAt: "updated_at_ms",
    startedAt: "started_at_ms",
    doneAt: "done_at_ms",
    lastHeartbeatAt: "last_heartbeat_at_ms",
    lastEventAt: "last_event_at_ms",
  }),
);
const Answer = Schema.Struct({
  data: Schema.Struct({ experiment: Experiment }),
  error: Schema.Null,
});
const Input = Schema.Struct({
  slug: Schema.String,
  description: Schema.optional(Schema.String),
  metadata: Schema.optional(Schema.JsonObject),
  folderId: Schema.optional(Schema.String),
}).pipe(Schema.encodeKeys({ folderId: "folder_id" }));
const encode = HttpClientRequest.schemaBodyJson(Input);
const decode = HttpClientResponse.schemaBodyJson(Answer);
const create = Effect.fn("create")(
  function* (input: typeof Input.Type) {
    const config = yield* Config;
    const client = (yield* HttpClient.HttpClient).pipe(
      HttpClient.filterStatusOk,
      HttpClient.retryTransient({
        schedule: Schedule.exponential("250 millis").pipe(Schedule.jittered),
        times: 4,
      }),
    );
    const request = yield* HttpClientRequest.post(config.host + "/api/v1/experiments").pipe(
      HttpClientRequest.bearerToken(config.apiKey),
      HttpClientRequest.acceptJson,
      HttpClientRequest.setHeader("idempotency-key", SecureRandom.uuidV4Unsafe()),
      (request) => encode(request, { description: "", metadata: {}, ...input }),
    );
    return yield* client
      .execute(request)
      .pipe(Effect.flatMap(decode), Effect.timeout("10 seconds"));
  },
  Effect.mapError((error) => new ApiError({ message: error.message })),
);
const live = Layer.succeed(Config, {
  apiKey: Redacted.make("key"),
  host: "https://metrics.syvain.com",
}).pipe(Layer.provideMerge(FetchHttpClient.layer));
void Effect.runPromise(Effect.provide(create({ slug: "a" }), live)).then(console.log);
