/** The layers of API v2 differ from those of v1 in where a key goes when no host is named, and in nothing else. */
import { assert, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import * as Redacted from "effect/Redacted";
import * as v1 from "../../src/SyvainMetrics.ts";
import * as v2 from "../../src/v2/SyvainMetrics.ts";
import { configured, type Environment, saveLogin, temporaryDirectory } from "../support/login.ts";

type Layers = typeof v1 | typeof v2;

const saved = (host?: string) => JSON.stringify({ apiKey: "saved-key", host });

/** `"key -> host"`, or the reason why there is none. */
const outcome = (layer: Parameters<typeof configured>[0], env: Environment, login?: string) =>
  Effect.gen(function* () {
    const directory = yield* temporaryDirectory;
    if (login !== undefined) yield* saveLogin(directory, login);
    return yield* configured(layer, { XDG_CONFIG_HOME: directory, ...env }).pipe(
      Effect.map(({ apiKey, host }) => `${Redacted.value(apiKey)} -> ${host}`),
      Effect.catch(({ reason }) => Effect.succeed(reason._tag)),
    );
  });

const cases: ReadonlyArray<
  readonly [
    layer: (layers: Layers) => Parameters<typeof configured>[0],
    env: Environment,
    login: string | undefined,
    ofV1: string,
    ofV2: string,
  ]
> = [
  [
    ({ layer }) => layer({ apiKey: "k" }),
    { SYVAIN_METRICS_HOST: "https://env.example" },
    saved(),
    "k -> https://metrics.syvain.com",
    "k -> https://metrics.041.io",
  ],
  [
    ({ layer }) => layer({ apiKey: "k", host: "https://a.example" }),
    {},
    undefined,
    "k -> https://a.example",
    "k -> https://a.example",
  ],
  [
    ({ layerConfig }) => layerConfig,
    { SYVAIN_METRICS_API_KEY: "k" },
    undefined,
    "k -> https://metrics.syvain.com",
    "k -> https://metrics.041.io",
  ],
  [
    ({ layerConfig }) => layerConfig,
    { O41_METRICS_API_KEY: "k", O41_METRICS_HOST: "https://env.example" },
    undefined,
    "k -> https://env.example",
    "k -> https://env.example",
  ],
  [
    ({ layerAuto }) => layerAuto({ apiKey: "k" }),
    {},
    saved(),
    "k -> https://metrics.syvain.com",
    "k -> https://metrics.041.io",
  ],
  [
    ({ layerAuto }) => layerAuto(),
    { SYVAIN_METRICS_API_KEY: "k" },
    saved(),
    "k -> https://metrics.syvain.com",
    "k -> https://metrics.041.io",
  ],
  // A saved login goes where it was saved for, whichever the API.
  [
    ({ layerAuto }) => layerAuto(),
    {},
    saved("https://saved.example"),
    "saved-key -> https://saved.example",
    "saved-key -> https://saved.example",
  ],
  [
    ({ layerLocal }) => layerLocal(),
    {},
    saved(),
    "saved-key -> https://metrics.syvain.com",
    "saved-key -> https://metrics.syvain.com",
  ],
  [
    ({ layerLocal }) => layerLocal({ host: "https://metrics.041.io" }),
    {},
    saved(),
    "HostMismatch",
    "HostMismatch",
  ],
  [({ layerAuto }) => layerAuto(), {}, undefined, "MissingCredentials", "MissingCredentials"],
  [({ layerConfig }) => layerConfig, {}, saved(), "MissingCredentials", "MissingCredentials"],
  [
    ({ layer }) => layer({ apiKey: "k", host: "http://a.example" }),
    {},
    undefined,
    "InvalidHost",
    "InvalidHost",
  ],
];

it.effect(
  "a key goes to the host it is paired with, and to that of its API where there is none",
  () =>
    Effect.gen(function* () {
      for (const [layer, env, login, ofV1, ofV2] of cases) {
        assert.strictEqual(yield* outcome(layer(v1), env, login), ofV1);
        assert.strictEqual(yield* outcome(layer(v2), env, login), ofV2);
      }
    }),
);
