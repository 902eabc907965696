/** No key shows in any output of any failure, not even where the service echoes it. */
import { assert, describe, it } from "@effect/vitest";
import * as Exit from "effect/Exit";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Redacted from "effect/Redacted";
import * as HttpClient from "effect/http/HttpClient";
import * as HttpClientError from "effect/http/HttpClientError";
import * as ConfigService from "../../src/ConfigService.ts";
import * as Experiments from "../../src/Experiments.ts";
import * as IngestionKeyCache from "../../src/IngestionKeyCache.ts";
import * as IngestionKeys from "../../src/IngestionKeys.ts";
import * as Metrics from "../../src/Metrics.ts";
import type { MetricsApiError } from "../../src/internal/base/errors.ts";
import * as RequestPolicy from "../../src/RequestPolicy.ts";
import * as SyvainMetrics from "../../src/SyvainMetrics.ts";
import { answering } from "../support/answering.ts";
import {
  apiKey,
  assertNoKey,
  ingestionKey,
  inspectAll,
  printed,
  printedError,
  spellings,
} from "../support/leaks.ts";
import { configured, saveLogin, temporaryDirectory } from "../support/login.ts";
import { answerToAll, enveloped } from "../support/socket-calls.ts";
import { spansOf } from "../support/spans.ts";

const client = SyvainMetrics.layer({
  apiKey,
  host: "https://h.example",
  retry: RequestPolicy.noRetry,
});
const on = (answer: () => Response) =>
  Effect.provide(Layer.merge(client, Layer.succeed(HttpClient.HttpClient, answering(answer))));

/** An answer that says a key in its body and in its headers. */
const echo = (status: number, text: string, headers: Record<string, string> = {}) =>
  new Response(status === 204 ? null : text, {
    status,
    headers: {
      "content-type": `text/plain; key=${text}`,
      "x-request-id": text,
      "x-seen": text,
      ...headers,
    },
  });

const refusal = (error: object) => JSON.stringify({ data: null, error });

type Failing = Effect.Effect<unknown, MetricsApiError>;
const get = Experiments.get("e");
const answered = (status: number, headers?: Record<string, string>) =>
  spellings(apiKey).flatMap((text): ReadonlyArray<Failing> => [
    get.pipe(on(() => echo(status, text, headers))),
    get.pipe(on(() => echo(status, refusal({ message: text, details: `code=${text}` }), headers))),
    // Where an error stops quoting, and where a message does.
    get.pipe(on(() => echo(status, "x".repeat(16 * 1024 - 10) + text))),
    get.pipe(on(() => echo(status, "x".repeat(500 - 10) + text))),
    get.pipe(on(() => echo(status, refusal({ message: "x".repeat(1000 - 10) + text })))),
    get.pipe(
      on(() => echo(status, refusal({ message: "m", details: `code=${"x".repeat(990)}${text}` }))),
    ),
    // So much shorter without the keys that where reading stopped, in the middle of one, is not cut off.
    get.pipe(on(() => new Response(text.repeat(2000), { status }))),
  ]);
const transport = (cause: unknown) =>
  get.pipe(
    Effect.provideService(
      HttpClient.HttpClient,
      HttpClient.make((request) =>
        Effect.fail(
          new HttpClientError.HttpClientError({
            reason: new HttpClientError.TransportError({ request, cause, description: apiKey }),
          }),
        ),
      ),
    ),
    Effect.provide(client),
  );
const layer = (options: Partial<ConfigService.KeyOptions>): Failing =>
  Effect.provide(ConfigService.ConfigService, ConfigService.layer({ apiKey, ...options }));
const environment = (env: Record<string, string>): Failing =>
  configured(ConfigService.layerAuto(), env);
const savedLogin = (text: string, options?: ConfigService.Options): Failing =>
  Effect.scoped(
    Effect.gen(function* () {
      const directory = yield* Effect.orDie(temporaryDirectory);
      yield* Effect.orDie(saveLogin(directory, text));
      return yield* configured(ConfigService.layerLocal(options), { XDG_CONFIG_HOME: directory });
    }),
  );
const series = Metrics.querySeries([{ experimentId: "e" }]);
const batch = {
  experimentId: "e",
  metricName: "loss",
  metadataHash: "",
  data: { steps: [1], timestamp: [1], value: [1] },
};
const event = { clientEventId: apiKey, name: apiKey, value: 1 };

/** Of every reason, some failures. The compiler asks for those that are missing. */
const failures: Record<MetricsApiError["reason"]["_tag"], ReadonlyArray<Failing>> = {
  InvalidRequest: [
    Metrics.ingest("e", [{ ...event, value: Number.NaN }]).pipe(on(() => new Response())),
    Experiments.create({ slug: "s", metadata: { [apiKey]: Number.NaN } }).pipe(
      on(() => new Response()),
    ),
    RequestPolicy.withHeaders(get, { "x-a": `${apiKey}\n` }).pipe(on(() => new Response())),
  ],
  Unauthorized: answered(401),
  Forbidden: answered(403),
  NotFound: [...answered(404), Experiments.get(apiKey).pipe(on(() => echo(404, apiKey)))],
  Conflict: answered(409),
  Unprocessable: answered(422),
  RateLimited: answered(429, { "retry-after": "61" }),
  ClientStatus: answered(418),
  ServerStatus: [
    ...answered(500),
    ...spellings(apiKey).map((text) => get.pipe(on(() => echo(403, `error code: 1020 ${text}`)))),
  ],
  Redirected: spellings(apiKey).flatMap((text) => [
    get.pipe(on(() => echo(302, text, { location: `https://other.example/?key=${text}` }))),
    get.pipe(on(() => echo(302, text, { location: `https://${text}` }))),
  ]),
  Timeout: [
    RequestPolicy.withTimeout(get, "1 millis").pipe(
      Effect.provideService(
        HttpClient.HttpClient,
        HttpClient.make(() => Effect.never),
      ),
      Effect.provide(client),
    ),
  ],
  Transport: [
    transport(new Error(`sent authorization: Bearer ${apiKey}`)),
    transport(
      new Error("failed", { cause: { message: apiKey, headers: { authorization: apiKey } } }),
    ),
    transport(`Bearer ${apiKey}`),
    transport({ errors: [new Error(apiKey)] }),
    series.pipe(on(() => echo(200, ""))),
  ],
  InvalidJson: spellings(apiKey)
    .flatMap((text) => [
      get.pipe(on(() => echo(200, `{"data": ${text}`))),
      series.pipe(on(() => echo(200, `${text}x\n`))),
    ])
    .concat(spellings(apiKey).map((text) => get.pipe(on(() => new Response(text.repeat(2000)))))),
  UnexpectedShape: [
    ...spellings(apiKey).map((text) =>
      get.pipe(on(() => echo(200, enveloped({ experiment: { id: text, [text]: text } })))),
    ),
    ...spellings(apiKey).map((text) => get.pipe(on(() => echo(200, refusal({ message: text }))))),
    // A bad place may be found under a name that is one.
    ...spellings(apiKey).map((text) =>
      series.pipe(
        on(() => echo(200, `${JSON.stringify({ ...batch, metadata: { [text]: 1 } })}\n`)),
      ),
    ),
    series.pipe(on(() => echo(200, `${JSON.stringify({ [apiKey]: apiKey })}\n`))),
    // A new key comes in an answer that is not what it should be.
    IngestionKeys.create("e").pipe(on(() => new Response(enveloped({ token: ingestionKey })))),
  ],
  BodyTooLarge: [
    get.pipe(
      Effect.provide(ConfigService.layer({ apiKey, maxResponseBytes: 8 })),
      Effect.provideService(
        HttpClient.HttpClient,
        answering(() => echo(200, apiKey)),
      ),
    ),
    get.pipe(
      Effect.provide(ConfigService.layer({ apiKey, maxResponseBytes: 20_000 })),
      Effect.provideService(
        HttpClient.HttpClient,
        answering(() => new Response(apiKey.repeat(2000))),
      ),
    ),
  ],
  MissingCredentials: [environment({ HOME: "/nowhere", SYVAIN_METRICS_API_KEY: "" })],
  UnusableLogin: [
    savedLogin(`{"apiKey": "${apiKey}`),
    savedLogin(JSON.stringify(apiKey)),
    savedLogin(JSON.stringify({ apiKey: `${apiKey}\nx` })),
    savedLogin(JSON.stringify({ apiKey: apiKey, host: `https://user:${apiKey}@h.example` })),
    savedLogin(JSON.stringify({ key: apiKey })),
  ],
  InvalidKey: [
    layer({ apiKey: `${apiKey}\nx` }),
    layer({ apiKey: `é${apiKey}` }),
    environment({ SYVAIN_METRICS_API_KEY: `${apiKey} x` }),
  ],
  InvalidHost: [
    layer({ host: apiKey }),
    layer({ host: `https://user:${encodeURIComponent(apiKey)}@h.example` }),
    layer({ host: `https://h.example/?key=${apiKey}` }),
    environment({ SYVAIN_METRICS_API_KEY: apiKey, SYVAIN_METRICS_HOST: apiKey }),
  ],
  HostMismatch: [savedLogin(JSON.stringify({ apiKey: apiKey }), { host: "https://other.example" })],
  InvalidSetting: [
    layer({ timeout: apiKey as "1 second" }),
    environment({ SYVAIN_METRICS_API_KEY: apiKey, SYVAIN_METRICS_TIMEOUT: apiKey }),
  ],
};

for (const [reason, all] of Object.entries(failures)) {
  it.live(`${reason}: ${all.length} failures show no key`, () =>
    Effect.forEach(all, (failing) =>
      Effect.gen(function* () {
        let error: MetricsApiError | undefined;
        const spans = yield* spansOf(
          Effect.tapError(failing, (failure) => Effect.sync(() => (error = failure))),
        );
        assert(error?.reason._tag === reason, String(error));
        for (const text of printedError(error)) assertNoKey(text);
        // What a call succeeded with is the service's word, not ours.
        for (const { name, attributes, events, status } of spans) {
          const failed = status._tag === "Ended" && Exit.isFailure(status.exit) && status.exit;
          assertNoKey(inspectAll([name, attributes, events, failed]));
        }
      }),
    ),
  );
}

it.effect("nor does it in why an event is left out", () =>
  Effect.gen(function* () {
    const bad = { ...event, metadata: { [apiKey]: Number.NaN } };
    const { invalid } = yield* Metrics.ingestAll("e", [bad], { onInvalid: "collect" });
    assert.lengthOf(invalid, 1);
    assertNoKey(inspectAll(invalid));
  }).pipe(on(() => new Response())),
);

describe("an ingestion key shows as little", () => {
  const minting = (next: (status: number) => Response, status = 401) =>
    Effect.provide(
      Layer.merge(
        client,
        Layer.succeed(
          HttpClient.HttpClient,
          answering(({ url }) =>
            url.pathname.endsWith("ingestion-keys")
              ? new Response(
                  answerToAll(ingestionKey).replace(
                    ingestionKey,
                    JSON.stringify(ingestionKey).slice(1, -1),
                  ),
                )
              : next(status),
          ),
        ),
      ),
    );

  for (const text of spellings(ingestionKey)) {
    it.effect(`when the service refuses it and says it: ${text.length} characters`, () =>
      Effect.gen(function* () {
        const ingest = Metrics.ingest("e", [event]);
        const error = yield* Effect.flip(ingest);
        assert.strictEqual(error.reason._tag, "Unauthorized");
        for (const out of printedError(error)) assertNoKey(out);
      }).pipe(minting((status) => echo(status, text))),
    );
  }

  it.effect("in the answer that brings it", () =>
    Effect.gen(function* () {
      const answer = yield* IngestionKeys.create("e");
      assert.strictEqual(Redacted.value(answer.token), ingestionKey);
      for (const out of printed(answer)) assertNoKey(out);
    }).pipe(minting(() => new Response())),
  );

  it.effect("in a mint that fails", () =>
    Effect.gen(function* () {
      for (const answer of [
        new Response(refusal({ message: ingestionKey }), { status: 500 }),
        new Response(refusal({ message: "m", details: `code=${ingestionKey}` }), { status: 409 }),
        new Response(`<html>${ingestionKey}`, { status: 201 }),
        new Response(enveloped({ key: { id: 1 }, token: ingestionKey })),
      ]) {
        const error = yield* Effect.flip(IngestionKeys.create("e").pipe(on(() => answer)));
        for (const out of printedError(error)) assertNoKey(out);
      }
    }),
  );

  it.effect("in the cache that keeps it, and in the configuration", () =>
    Effect.gen(function* () {
      yield* Metrics.ingest("e", []);
      const context = yield* Effect.context<SyvainMetrics.SyvainMetrics>();
      for (const out of printed(context)) assertNoKey(out);
      for (const out of printed(yield* ConfigService.ConfigService)) assertNoKey(out);
      for (const out of printed(yield* IngestionKeyCache.IngestionKeyCache)) assertNoKey(out);
    }).pipe(minting(() => new Response(answerToAll()))),
  );
});

it.effect("a key that a hand-built configuration holds is no exception", () =>
  Effect.gen(function* () {
    const good = yield* Effect.provide(
      ConfigService.ConfigService,
      ConfigService.layer({ apiKey }),
    );
    for (const key of [apiKey, ` ${apiKey}\n`, `\u{1f511}${apiKey}`]) {
      const config = { ...good, apiKey: Redacted.make(key) };
      const error = yield* Effect.flip(get).pipe(
        Effect.provideService(ConfigService.ConfigService, config),
        // As a header arrives.
        Effect.provideService(
          HttpClient.HttpClient,
          answering(() => new Response(key.trim(), { status: 400 })),
        ),
      );
      for (const out of printedError(error)) assertNoKey(out);
    }
  }),
);
