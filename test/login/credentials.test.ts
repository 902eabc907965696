/** Which key goes where: the option's, the environment's or the saved login's. */
import { cpSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname } from "node:path";
import { pathToFileURL } from "node:url";
import { inspect } from "node:util";
import { assert, describe, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import * as Redacted from "effect/Redacted";
import * as ConfigService from "../../src/ConfigService.ts";
import * as SyvainMetrics from "../../src/SyvainMetrics.ts";
import { configured, saveLogin, temporaryDirectory } from "../support/login.ts";

interface Sources {
  readonly optionKey?: string;
  readonly optionHost?: string;
  readonly envKey?: string;
  readonly envHost?: string;
  readonly savedKey?: string;
  readonly savedHost?: string;
}

const usual: Required<Sources> = {
  optionKey: "option-key",
  optionHost: "https://option.example",
  envKey: "env-key",
  envHost: "https://env.example",
  savedKey: "saved-key",
  savedHost: "https://saved.example",
};
const byDefault = "https://metrics.syvain.com";

/** `"optionKey envHost"`: these two, at their usual values. */
const given = (names: string): Sources =>
  Object.fromEntries(Object.entries(usual).filter(([name]) => names.split(" ").includes(name)));

const optionsOf = ({ optionKey, optionHost }: Sources): ConfigService.AutoOptions => ({
  apiKey: optionKey,
  host: optionHost,
});

/** `"key -> host"`, or `"Reason: message"`. */
const outcome = (sources: Sources, layer: Parameters<typeof configured>[0]) =>
  Effect.gen(function* () {
    const directory = yield* temporaryDirectory;
    const { envKey, envHost, savedKey, savedHost } = sources;
    if (savedKey !== undefined || savedHost !== undefined) {
      yield* saveLogin(directory, JSON.stringify({ apiKey: savedKey, host: savedHost }));
    }
    return yield* configured(layer, {
      XDG_CONFIG_HOME: directory,
      ...(envKey === undefined ? {} : { SYVAIN_METRICS_API_KEY: envKey }),
      ...(envHost === undefined ? {} : { SYVAIN_METRICS_HOST: envHost }),
    }).pipe(
      Effect.map(({ apiKey, host }) => `${Redacted.value(apiKey)} -> ${host}`),
      Effect.catch(({ _tag, message, reason }) => {
        assert.strictEqual(_tag, "MetricsApiAuthError");
        return Effect.succeed(`${reason._tag}: ${message}`);
      }),
    );
  });

const expectOutcome = (actual: string, [expected, ...says]: ReadonlyArray<string>) => {
  // An error is told by its reason, and by what its message says.
  const shown = expected!.includes("->") ? actual : actual.split(":")[0];
  assert.strictEqual(shown, expected);
  for (const words of says) assert.include(actual, words);
};

describe("layerAuto: option, then environment, then saved login, and a host of the same rank or higher", () => {
  const table: ReadonlyArray<readonly [sources: string, ...expected: Array<string>]> = [
    // One source of a key, one source of a host: all sixteen.
    ["optionKey optionHost", "option-key -> https://option.example"],
    ["optionKey envHost", "option-key -> https://env.example"],
    ["optionKey savedHost", `option-key -> ${byDefault}`],
    ["optionKey", `option-key -> ${byDefault}`],
    ["envKey optionHost", "env-key -> https://option.example"],
    ["envKey envHost", "env-key -> https://env.example"],
    ["envKey savedHost", `env-key -> ${byDefault}`],
    ["envKey", `env-key -> ${byDefault}`],
    ["savedKey optionHost", "HostMismatch", "https://option.example", byDefault],
    ["savedKey envHost", "HostMismatch", "https://env.example", byDefault],
    ["savedKey savedHost", "saved-key -> https://saved.example"],
    ["savedKey", `saved-key -> ${byDefault}`],
    ["optionHost", "MissingCredentials"],
    ["envHost", "MissingCredentials"],
    ["savedHost", "UnusableLogin", '"apiKey"'],
    ["none", "MissingCredentials"],
    // Several at once.
    ["optionKey envKey savedKey", `option-key -> ${byDefault}`],
    ["optionKey envKey savedKey savedHost", `option-key -> ${byDefault}`],
    ["optionKey envKey envHost", "option-key -> https://env.example"],
    ["optionKey savedKey savedHost envHost", "option-key -> https://env.example"],
    [
      "optionKey envKey savedKey optionHost envHost savedHost",
      "option-key -> https://option.example",
    ],
    ["envKey savedKey savedHost", `env-key -> ${byDefault}`],
    ["envKey savedKey optionHost envHost savedHost", "env-key -> https://option.example"],
    ["savedKey optionHost savedHost", "HostMismatch", usual.optionHost, usual.savedHost],
    ["savedKey envHost savedHost", "HostMismatch", usual.envHost, usual.savedHost],
    ["savedKey optionHost envHost savedHost", "HostMismatch", usual.optionHost, usual.savedHost],
  ];
  it.effect.each(table)("%s: %s", ([names, ...expected]) =>
    Effect.gen(function* () {
      const sources = given(names);
      const layer = ConfigService.layerAuto(optionsOf(sources));
      expectOutcome(yield* outcome(sources, layer), expected);
    }),
  );

  const savedLogin = given("savedKey savedHost");
  const special: ReadonlyArray<readonly [name: string, Sources, ...expected: Array<string>]> = [
    [
      "the saved host may be named beside the saved key, and an option outranks the environment",
      { ...savedLogin, optionHost: usual.savedHost, envHost: usual.envHost },
      "saved-key -> https://saved.example",
    ],
    [
      "the saved host may be named in another spelling",
      { ...savedLogin, envHost: "HTTPS://SAVED.example:443/" },
      "saved-key -> https://saved.example",
    ],
    [
      "the default host may be named beside a login without a host",
      { savedKey: "saved-key", optionHost: byDefault },
      `saved-key -> ${byDefault}`,
    ],
    [
      "another port is another host",
      { ...savedLogin, optionHost: "https://saved.example:8443" },
      "HostMismatch",
      "https://saved.example:8443",
    ],
    [
      "an empty option key is not passed over for the next one",
      { optionKey: "", envKey: "env-key" },
      "InvalidKey",
      "layerAuto",
    ],
    [
      "nor is a bad one in the environment",
      { envKey: "a b", savedKey: "saved-key" },
      "InvalidKey",
      "SYVAIN_METRICS_API_KEY",
    ],
    ['"local" as option', { optionKey: "local" }, "InvalidKey", "layerLocal"],
    ['"local" in the environment', { envKey: "local" }, "InvalidKey", "layerLocal"],
    ["a bad host as option", { optionKey: "k", optionHost: "h" }, "InvalidHost", "layerAuto"],
    ["a bad host in the environment", { envKey: "k", envHost: "h" }, "InvalidHost", "_HOST"],
    [
      "an empty variable is one that is not set",
      { ...savedLogin, envKey: "", envHost: "" },
      "saved-key -> https://saved.example",
    ],
  ];
  it.effect.each(special)("%s", ([, sources, ...expected]) =>
    Effect.gen(function* () {
      const layer = ConfigService.layerAuto(optionsOf(sources));
      expectOutcome(yield* outcome(sources, layer), expected);
    }),
  );

  it.effect("a broken saved login does not matter while there is another key", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory;
      yield* saveLogin(directory, "broken");
      const env = { XDG_CONFIG_HOME: directory };
      const { apiKey } = yield* configured(ConfigService.layerAuto({ apiKey: "k" }), env);
      assert.strictEqual(Redacted.value(apiKey), "k");
    }),
  );

  it.effect(
    "without any key the message names every way to give one, and the file looked for",
    () =>
      Effect.gen(function* () {
        const directory = yield* temporaryDirectory;
        const { message } = yield* Effect.flip(
          configured(ConfigService.layerAuto(), { XDG_CONFIG_HOME: directory }),
        );
        assert.include(message, "SYVAIN_METRICS_API_KEY");
        assert.include(message, "log in with npx syvain-metrics-effect login");
        assert.include(message, `${directory}/syvain-metrics/auth.json`);
      }),
  );
});

describe("the other layers look in one place only", () => {
  const everywhere = given("envKey envHost savedKey savedHost");
  const h = "https://h.example";
  const table: ReadonlyArray<
    readonly [string, Sources, Parameters<typeof configured>[0], ...expected: Array<string>]
  > = [
    ["layer", everywhere, ConfigService.layer({ apiKey: "k" }), `k -> ${byDefault}`],
    [
      "layer, Redacted key",
      {},
      ConfigService.layer({ apiKey: Redacted.make("k"), host: h }),
      `k -> ${h}`,
    ],
    ["layer, no key", everywhere, ConfigService.layer({ apiKey: "" }), "InvalidKey", "empty"],
    [
      'layer, "local"',
      everywhere,
      ConfigService.layer({ apiKey: "local" }),
      "InvalidKey",
      "ConfigService.layerLocal",
    ],
    [
      'layer, Redacted "local"',
      everywhere,
      ConfigService.layer({ apiKey: Redacted.make("local") }),
      "InvalidKey",
      "ConfigService.layerLocal",
    ],
    ["layerLocal", everywhere, ConfigService.layerLocal(), "saved-key -> https://saved.example"],
    [
      "layerLocal, its own host",
      everywhere,
      ConfigService.layerLocal({ host: usual.savedHost }),
      "saved-key -> https://saved.example",
    ],
    [
      "layerLocal, another host",
      everywhere,
      ConfigService.layerLocal({ host: h }),
      "HostMismatch",
      h,
      usual.savedHost,
    ],
    [
      "layerLocal, no login",
      given("envKey envHost"),
      ConfigService.layerLocal(),
      "UnusableLogin",
      "auth.json",
    ],
    ["layerConfig", everywhere, ConfigService.layerConfig, "env-key -> https://env.example"],
    [
      "layerConfig, no host",
      given("envKey savedKey savedHost"),
      ConfigService.layerConfig,
      `env-key -> ${byDefault}`,
    ],
    [
      "layerConfig, no key",
      given("savedKey"),
      ConfigService.layerConfig,
      "MissingCredentials",
      "SYVAIN_METRICS_API_KEY",
    ],
    [
      'layerConfig, "local"',
      { envKey: "local" },
      ConfigService.layerConfig,
      "InvalidKey",
      "SYVAIN_METRICS_API_KEY",
      "layerLocal",
    ],
    ["SyvainMetrics.layer", everywhere, SyvainMetrics.layer({ apiKey: "k" }), `k -> ${byDefault}`],
    [
      "SyvainMetrics.layerLocal",
      everywhere,
      SyvainMetrics.layerLocal(),
      "saved-key -> https://saved.example",
    ],
    [
      "SyvainMetrics.layerConfig",
      everywhere,
      SyvainMetrics.layerConfig,
      "env-key -> https://env.example",
    ],
    [
      "SyvainMetrics.layerAuto",
      everywhere,
      SyvainMetrics.layerAuto({ apiKey: "k" }),
      "k -> https://env.example",
    ],
  ];
  it.effect.each(table)("%s", ([, sources, layer, ...expected]) =>
    Effect.map(outcome(sources, layer), (actual) => expectOutcome(actual, expected)),
  );
});

it.effect.each(["s3c ret", "s3c\nret", "s3c\tret", "s3crét", "s3cret\u0000", "s3cret😀"])(
  "a key that no header can carry is refused, and not quoted: %j",
  (apiKey) =>
    Effect.gen(function* () {
      const { message, reason } = yield* Effect.flip(configured(ConfigService.layer({ apiKey })));
      assert.strictEqual(reason._tag, "InvalidKey");
      assert.notInclude(message, "s3c");
    }),
);

it.effect("a key has no white space around it", () =>
  Effect.gen(function* () {
    const { apiKey } = yield* configured(ConfigService.layer({ apiKey: " \tkey\n" }));
    assert.strictEqual(Redacted.value(apiKey), "key");
  }),
);

describe("the environment's names of today's tools come first", () => {
  const env = {
    SYVAIN_METRICS_API_KEY: "old",
    SYVAIN_METRICS_HOST: "https://old.example",
    O41_METRICS_API_KEY: "new",
    O41_METRICS_HOST: "https://new.example",
  };
  const seen = (names: ReadonlyArray<keyof typeof env>) =>
    Effect.map(
      configured(
        ConfigService.layerConfig,
        Object.fromEntries(names.map((name) => [name, env[name]])),
      ),
      ({ apiKey, host, source }) => [Redacted.value(apiKey), host, source],
    );
  it.effect("each by itself", () =>
    Effect.gen(function* () {
      const all = Object.keys(env) as Array<keyof typeof env>;
      assert.deepStrictEqual(yield* seen(all), ["new", "https://new.example", "environment"]);
      assert.deepStrictEqual(yield* seen(["O41_METRICS_API_KEY", "SYVAIN_METRICS_HOST"]), [
        "new",
        "https://old.example",
        "environment",
      ]);
      assert.deepStrictEqual(yield* seen(["SYVAIN_METRICS_API_KEY"]), [
        "old",
        "https://metrics.syvain.com",
        "environment",
      ]);
    }),
  );
});

it.effect("an option is an explicit key", () =>
  Effect.map(configured(ConfigService.layerAuto({ apiKey: "k" })), ({ source, orgId, loginAt }) =>
    assert.deepStrictEqual([source, orgId, loginAt], ["apiKey", undefined, undefined]),
  ),
);

it.live("a key that another copy of effect redacted is refused, and the message says why", () =>
  Effect.gen(function* () {
    const directory = yield* temporaryDirectory;
    const effect = dirname(createRequire(import.meta.url).resolve("effect/package.json"));
    const copy = `${directory}/effect`;
    cpSync(`${effect}/dist`, `${copy}/dist`, { recursive: true });
    cpSync(`${effect}/package.json`, `${copy}/package.json`);
    const theirs: typeof Redacted = yield* Effect.promise(
      () => import(/* @vite-ignore */ pathToFileURL(`${copy}/dist/Redacted.js`).href),
    );
    const apiKey = theirs.make("s3cret");
    const error = yield* Effect.flip(configured(ConfigService.layer({ apiKey })));
    assert.strictEqual(error.reason._tag, "InvalidKey");
    assert.include(error.message, "another copy of effect");
    assert.notInclude(error.message, "s3cret");
  }),
);

it.effect("the configuration does not show its key", () =>
  Effect.gen(function* () {
    const config = yield* configured(ConfigService.layer({ apiKey: "s3cret" }));
    for (const shown of [inspect(config, { depth: 9, showHidden: true }), JSON.stringify(config)]) {
      assert.notInclude(shown, "s3cret");
    }
  }),
);
