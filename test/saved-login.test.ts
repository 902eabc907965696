/** The file of the saved login: where it is looked for, and what is said of one that cannot be used. */
import { inspect } from "node:util";
import { assert, describe, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import * as FileSystem from "effect/FileSystem";
import * as Redacted from "effect/Redacted";
import * as ConfigService from "../src/ConfigService.ts";
import { configured, files, saveLogin, temporaryDirectory } from "./support/login.ts";

const keyOf = (env: Record<string, string>) =>
  Effect.map(configured(ConfigService.layerLocal(), env), ({ apiKey }) => Redacted.value(apiKey));

const unusable = (env: Record<string, string>) =>
  Effect.map(Effect.flip(configured(ConfigService.layerLocal(), env)), (error) => {
    assert(error.reason._tag === "UnusableLogin");
    return { error, reason: error.reason };
  });

describe("where the saved login is looked for", () => {
  it.effect("in XDG_CONFIG_HOME", () =>
    Effect.gen(function* () {
      const [xdg, home] = [yield* temporaryDirectory, yield* temporaryDirectory];
      yield* saveLogin(xdg, '{"api_key":"of-xdg"}');
      yield* saveLogin(`${home}/.config`, '{"api_key":"of-home"}');
      assert.strictEqual(yield* keyOf({ XDG_CONFIG_HOME: xdg, HOME: home }), "of-xdg");
    }),
  );

  it.effect.each([{}, { XDG_CONFIG_HOME: "" }, { XDG_CONFIG_HOME: "relative/config" }])(
    "in ~/.config with %j",
    (env) =>
      Effect.gen(function* () {
        const home = yield* temporaryDirectory;
        yield* saveLogin(`${home}/.config`, '{"api_key":"of-home"}');
        assert.strictEqual(yield* keyOf({ ...env, HOME: home }), "of-home");
      }),
  );

  it.effect("and nowhere else when it is not in XDG_CONFIG_HOME", () =>
    Effect.gen(function* () {
      const [xdg, home] = [yield* temporaryDirectory, yield* temporaryDirectory];
      yield* saveLogin(`${home}/.config`, '{"api_key":"of-home"}');
      const { reason } = yield* unusable({ XDG_CONFIG_HOME: xdg, HOME: home });
      assert.strictEqual(reason.problem, "missing");
      assert.strictEqual(reason.path, `${xdg}/syvain-metrics/auth.json`);
    }),
  );

  it.effect.each([{}, { HOME: "" }])("not at all without a home directory: %j", (env) =>
    Effect.gen(function* () {
      const { error, reason } = yield* unusable(env);
      assert.strictEqual(reason.problem, "missing");
      assert.include(error.message, "home directory");
    }),
  );
});

const secret = "s3cr3t-of-the-file";

describe("a login that cannot be used", () => {
  const json = (value: unknown) => JSON.stringify(value);
  const table: ReadonlyArray<readonly [name: string, text: string, says: string]> = [
    ["empty", "", "not JSON"],
    ["not JSON", `api_key = ${secret}`, "not JSON"],
    ["cut off", `{"api_key":"${secret}`, "not JSON"],
    ["a JSON string", json(secret), "not a JSON object"],
    ["a JSON number", "12345", "not a JSON object"],
    ["null", "null", "not a JSON object"],
    ["a JSON array", json([{ api_key: secret }]), "not a JSON object"],
    ["without api_key", json({ apiKey: secret, host: "https://h.example" }), 'no "api_key"'],
    ["with an empty api_key", json({ api_key: "", password: secret }), 'no "api_key"'],
    ["with api_key null", json({ api_key: null, password: secret }), 'no "api_key"'],
    ["with an api_key of another type", json({ api_key: [secret] }), 'no "api_key"'],
    ["with a line end in api_key", json({ api_key: `${secret}\n` }), "character that no key has"],
    ["with a number as host", json({ api_key: secret, host: 1 }), '"host"'],
    ["with an object as host", json({ api_key: secret, host: { url: secret } }), '"host"'],
    ["with a host that is no URL", json({ api_key: secret, host: secret }), "not an absolute URL"],
    ["with an empty host", json({ api_key: secret, host: "" }), "not an absolute URL"],
    ["with a host in clear", json({ api_key: secret, host: "http://h.example" }), "https:"],
    [
      "with a password in its host",
      json({ api_key: secret, host: `https://u:${secret}@h.example` }),
      "password",
    ],
    [
      "with a query in its host",
      json({ api_key: secret, host: `https://h.example/?k=${secret}` }),
      "query",
    ],
    ["with a host of another scheme", json({ api_key: secret, host: `${secret}:x` }), "https:"],
  ];

  it.effect.each(table)("%s", ([, text, says]) =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory;
      const path = yield* saveLogin(directory, text);
      const { error, reason } = yield* unusable({ XDG_CONFIG_HOME: directory });
      assert.strictEqual(reason.problem, "malformed");
      assert.strictEqual(reason.path, path);
      for (const words of [path, says, "Log in again with the Syvain CLI"]) {
        assert.include(error.message, words);
      }
      for (const shown of [error.message, JSON.stringify(error), inspect(error, { depth: 9 })]) {
        assert.notInclude(shown, secret);
      }
    }),
  );

  it.effect("a directory in its place", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory;
      const path = `${directory}/syvain-metrics/auth.json`;
      const fs = yield* FileSystem.FileSystem;
      yield* fs.makeDirectory(path, { recursive: true });
      const { error, reason } = yield* unusable({ XDG_CONFIG_HOME: directory });
      assert.strictEqual(reason.problem, "unreadable");
      for (const words of [path, "cannot be read", "Log in again"]) {
        assert.include(error.message, words);
      }
    }).pipe(Effect.provide(files)),
  );

  it.effect("a file in the place of its directory", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory;
      const fs = yield* FileSystem.FileSystem;
      yield* fs.writeFileString(`${directory}/syvain-metrics`, secret);
      const { error, reason } = yield* unusable({ XDG_CONFIG_HOME: directory });
      assert.oneOf(reason.problem, ["unreadable", "missing"]);
      assert.include(error.message, `${directory}/syvain-metrics/auth.json`);
      assert.notInclude(error.message, secret);
    }).pipe(Effect.provide(files)),
  );

  it.effect("layerAuto says that it is broken, and not that there is no key", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory;
      const path = yield* saveLogin(directory, `{"api_key":"${secret}`);
      const error = yield* Effect.flip(
        configured(ConfigService.layerAuto(), { XDG_CONFIG_HOME: directory }),
      );
      assert.strictEqual(error.reason._tag, "UnusableLogin");
      assert.include(error.message, path);
      assert.notInclude(error.message, secret);
    }),
  );
});

it.effect("an http: host of a saved login is allowed when it is asked for", () =>
  Effect.gen(function* () {
    const directory = yield* temporaryDirectory;
    yield* saveLogin(directory, '{"api_key":"k","host":"http://h.example"}');
    const config = yield* configured(ConfigService.layerLocal({ allowInsecureHost: true }), {
      XDG_CONFIG_HOME: directory,
    });
    assert.strictEqual(config.host, "http://h.example");
  }),
);

it.effect("what else the file holds does not matter", () =>
  Effect.gen(function* () {
    const directory = yield* temporaryDirectory;
    yield* saveLogin(directory, '\ufeff{"api_key":"k","user":"ada","version":2,"__proto__":{}}\n');
    assert.strictEqual(yield* keyOf({ XDG_CONFIG_HOME: directory }), "k");
  }),
);
