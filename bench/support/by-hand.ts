/**
 * The calls that one would write by hand on bare effect: key, idempotency key, retries, timeout over the body,
 * decoding, a tagged error.
 */
import { Context, Effect, Layer, Redacted, Schedule, Schema } from "effect";
import * as SecureRandom from "effect/crypto/SecureRandom";
import { HttpClient, HttpClientRequest, HttpClientResponse } from "effect/http";
import { Experiments } from "syvain-metrics-effect";

class Config extends Context.Service<
  Config,
  { readonly apiKey: Redacted.Redacted; readonly host: string }
>()("Config") {}
class ApiError extends Schema.TaggedError<ApiError>()("ApiError", { message: Schema.String }) {}

export const layer = (host: string) =>
  Layer.succeed(Config, { apiKey: Redacted.make("key"), host });

// The client's own schemas: the decoding is the same.
const decode = HttpClientResponse.schemaBodyJson(
  Schema.Struct({
    data: Schema.Struct({ experiment: Experiments.Experiment }),
    error: Schema.Null,
  }),
);
const Input = Schema.Struct({
  slug: Schema.String,
  description: Schema.String,
  metadata: Schema.JsonObject,
  folderId: Schema.optionalKey(Schema.NullOr(Schema.String)),
}).pipe(Schema.encodeKeys({ folderId: "folder_id" }));
const encode = HttpClientRequest.schemaBodyJson(Input);

const send = Effect.fnUntraced(
  function* (request: HttpClientRequest.HttpClientRequest) {
    const config = yield* Config;
    const client = (yield* HttpClient.HttpClient).pipe(
      HttpClient.filterStatusOk,
      HttpClient.retryTransient({
        schedule: Schedule.exponential("250 millis").pipe(Schedule.jittered),
        times: 4,
      }),
    );
    const authorised = request.pipe(
      HttpClientRequest.prependUrl(config.host),
      HttpClientRequest.bearerToken(config.apiKey),
      HttpClientRequest.acceptJson,
    );
    const { data } = yield* client
      .execute(authorised)
      .pipe(Effect.flatMap(decode), Effect.timeout("10 seconds"));
    return data;
  },
  Effect.mapError((error) => new ApiError({ message: error.message })),
);

export const get = (id: string) =>
  send(HttpClientRequest.get(`/api/v1/experiments/${encodeURIComponent(id)}`));

export const create = Effect.fnUntraced(function* (
  input: Pick<typeof Input.Type, "slug"> & Partial<typeof Input.Type>,
) {
  const request = yield* encode(
    HttpClientRequest.setHeader(
      HttpClientRequest.post("/api/v1/experiments"),
      "idempotency-key",
      SecureRandom.uuidV4Unsafe(),
    ),
    { description: "", metadata: {}, ...input },
  ).pipe(Effect.orDie);
  return yield* send(request);
});
