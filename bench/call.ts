/**
 * What one call costs in CPU time, beside the same request by hand on bare effect, in one process and in turns. Prints a table.
 *
 * `npm run build && node bench/call.ts`; the transport answers from memory, so that only the two clients are measured.
 */
import { Context, Effect, Layer, Redacted, Schedule, Schema } from "effect";
import * as SecureRandom from "effect/crypto/SecureRandom";
import { HttpClient, HttpClientRequest, HttpClientResponse } from "effect/http";
import { Experiments, SyvainMetrics } from "syvain-metrics-effect";

const body = JSON.stringify({
  experiment: {
    id: "7f3a1c52-9a5e-4f0e-8a8c-0d4f9a1b2c3d",
    slug: "resnet-50",
    description: null,
    status: "running",
    folder_id: null,
    metadata: { learningRate: 0.1, optimizer: "adam", layers: [1, 2, 3] },
    created_at: "2026-01-01T00:00:00Z",
    updated_at: "2026-01-01T00:00:00Z",
  },
});
const length = String(body.length);
const transport = Layer.succeed(
  HttpClient.HttpClient,
  HttpClient.make((request) =>
    Effect.succeed(
      HttpClientResponse.fromWeb(
        request,
        new Response(body, {
          headers: { "content-type": "application/json", "content-length": length },
        }),
      ),
    ),
  ),
);

// -----------------------------------------------------------------------------
// By hand
// -----------------------------------------------------------------------------

class Config extends Context.Service<
  Config,
  { readonly apiKey: Redacted.Redacted; readonly host: string }
>()("Config") {}
class ApiError extends Schema.TaggedError<ApiError>()("ApiError", { message: Schema.String }) {}

// The client's own schemas: the decoding is the same.
const decode = HttpClientResponse.schemaBodyJson(
  Schema.Struct({ experiment: Experiments.Experiment }),
);
const Input = Schema.Struct({
  slug: Schema.String,
  description: Schema.optionalKey(Schema.String),
  metadata: Schema.optionalKey(Schema.JsonObject),
  folderId: Schema.optionalKey(Schema.String),
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
    return yield* client
      .execute(authorised)
      .pipe(Effect.flatMap(decode), Effect.timeout("10 seconds"));
  },
  Effect.mapError((error) => new ApiError({ message: error.message })),
);
const byHand = {
  get: (id: string) => send(HttpClientRequest.get(`/api/v1/experiments/${encodeURIComponent(id)}`)),
  create: Effect.fnUntraced(function* (input: typeof Input.Type) {
    const request = yield* encode(
      HttpClientRequest.setHeader(
        HttpClientRequest.post("/api/v1/experiments"),
        "idempotency-key",
        SecureRandom.uuidV4Unsafe(),
      ),
      input,
    ).pipe(Effect.orDie);
    return yield* send(request);
  }),
};

// -----------------------------------------------------------------------------
// In turns
// -----------------------------------------------------------------------------

const input = { slug: "resnet-50", metadata: { learningRate: 0.1, optimizer: "adam" } };
const id = "7f3a1c52-9a5e-4f0e-8a8c-0d4f9a1b2c3d";
const live = SyvainMetrics.layer({ apiKey: "key" }).pipe(
  Layer.merge(Layer.succeed(Config, { apiKey: Redacted.make("key"), host: "https://h" })),
  Layer.provideMerge(transport),
);

type Call = Effect.Effect<unknown, unknown, Layer.Success<typeof live>>;
const rounds = 40;
const calls = 500;

const time = (call: Call) =>
  Effect.gen(function* () {
    const start = process.cpuUsage();
    for (let i = 0; i < calls; i++) yield* call;
    const { user, system } = process.cpuUsage(start);
    return (user + system) / calls;
  });

const median = (values: ReadonlyArray<number>) =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;

const compare = (ours: Call, theirs: Call) =>
  Effect.gen(function* () {
    const times: { ours: Array<number>; theirs: Array<number> } = { ours: [], theirs: [] };
    for (let round = 0; round < rounds + 10; round++) {
      const a = yield* time(ours);
      const b = yield* time(theirs);
      // The first rounds warm up.
      if (round < 10) continue;
      times.ours.push(a);
      times.theirs.push(b);
    }
    const ratios = times.ours.map((ours, i) => ours / times.theirs[i]!);
    return [median(times.ours), median(times.theirs), median(ratios)] as const;
  });

const table = Effect.gen(function* () {
  console.log("| call | this library, µs | by hand, µs | ratio |\n| --- | --- | --- | --- |");
  for (const [name, ours, theirs] of [
    ["Experiments.get", Experiments.get(id), byHand.get(id)],
    ["Experiments.create", Experiments.create(input), byHand.create(input)],
  ] as const) {
    const [a, b, ratio] = yield* compare(ours, theirs);
    console.log(`| ${name} | ${a.toFixed(1)} | ${b.toFixed(1)} | ${ratio.toFixed(2)} |`);
  }
});

await Effect.runPromise(Effect.provide(table, live));
