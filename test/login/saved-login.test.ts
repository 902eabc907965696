/** The file of the saved login: where it is looked for, and what is said of one that cannot be used. */
import { inspect } from "node:util";
import { assert, describe, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import * as FileSystem from "effect/FileSystem";
import * as Redacted from "effect/Redacted";
import * as ConfigService from "../../src/ConfigService.ts";
import { configured, files, saveLogin, temporaryDirectory } from "../support/login.ts";

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
      yield* saveLogin(xdg, '{"apiKey":"of-xdg"}');
      yield* saveLogin(`${home}/.config`, '{"apiKey":"of-home"}');
      assert.strictEqual(yield* keyOf({ XDG_CONFIG_HOME: xdg, HOME: home }), "of-xdg");
    }),
  );

  it.effect.each(["~", "~/elsewhere"])("below the home directory, with XDG_CONFIG_HOME=%s", (xdg) =>
    Effect.gen(function* () {
      const home = yield* temporaryDirectory;
      yield* saveLogin(`${home}${xdg.slice(1)}`, '{"apiKey":"of-xdg"}');
      assert.strictEqual(yield* keyOf({ XDG_CONFIG_HOME: xdg, HOME: home }), "of-xdg");
    }),
  );

  it.effect("in the folder of today's tools before that of the first releases", () =>
    Effect.gen(function* () {
      const xdg = yield* temporaryDirectory;
      yield* saveLogin(xdg, '{"apiKey":"old","host":"https://old.example"}');
      yield* saveLogin(xdg, '{"apiKey":"new"}', 0o600, "o41-metrics");
      const { apiKey, host } = yield* configured(ConfigService.layerLocal(), {
        XDG_CONFIG_HOME: xdg,
      });
      assert.deepStrictEqual([Redacted.value(apiKey), host], ["new", "https://metrics.041.io"]);
    }),
  );

  it.effect("a broken login of today's tools is not passed over", () =>
    Effect.gen(function* () {
      const xdg = yield* temporaryDirectory;
      yield* saveLogin(xdg, '{"apiKey":"old"}');
      const path = yield* saveLogin(xdg, "{}", 0o600, "o41-metrics");
      const { reason } = yield* unusable({ XDG_CONFIG_HOME: xdg });
      assert.deepStrictEqual([reason.problem, reason.path], ["malformed", path]);
    }),
  );

  it.effect("in a folder of its own for the development service", () =>
    Effect.gen(function* () {
      const xdg = yield* temporaryDirectory;
      yield* saveLogin(xdg, '{"apiKey":"prod"}');
      yield* saveLogin(xdg, '{"apiKey":"dev"}', 0o600, "syvain-metrics-dev");
      const env = { XDG_CONFIG_HOME: xdg };
      const dev = yield* configured(ConfigService.layerLocal({ dev: true }), env);
      assert.deepStrictEqual(
        [Redacted.value(dev.apiKey), dev.host, dev.source],
        ["dev", "https://syvain-metrics-app-dev.syvaintech.workers.dev", "local-dev"],
      );
      const prod = yield* configured(ConfigService.layerLocal(), env);
      assert.deepStrictEqual([Redacted.value(prod.apiKey), prod.source], ["prod", "local"]);
    }),
  );

  it.effect.each([{}, { XDG_CONFIG_HOME: "" }, { XDG_CONFIG_HOME: "relative/config" }])(
    "in ~/.config with %j",
    (env) =>
      Effect.gen(function* () {
        const home = yield* temporaryDirectory;
        yield* saveLogin(`${home}/.config`, '{"apiKey":"of-home"}');
        assert.strictEqual(yield* keyOf({ ...env, HOME: home }), "of-home");
      }),
  );

  it.effect("and nowhere else when it is not in XDG_CONFIG_HOME", () =>
    Effect.gen(function* () {
      const [xdg, home] = [yield* temporaryDirectory, yield* temporaryDirectory];
      yield* saveLogin(`${home}/.config`, '{"apiKey":"of-home"}');
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
    ["not JSON", `apiKey = ${secret}`, "not JSON"],
    ["cut off", `{"apiKey":"${secret}`, "not JSON"],
    ["a JSON string", json(secret), "not a JSON object"],
    ["a JSON number", "12345", "not a JSON object"],
    ["null", "null", "not a JSON object"],
    ["a JSON array", json([{ apiKey: secret }]), "not a JSON object"],
    ["without apiKey", json({ api_key: secret, host: "https://h.example" }), 'no "apiKey"'],
    ["with an empty apiKey", json({ apiKey: "", password: secret }), 'no "apiKey"'],
    ["with an apiKey of spaces", json({ apiKey: " ", password: secret }), 'no "apiKey"'],
    ["with apiKey null", json({ apiKey: null, password: secret }), 'no "apiKey"'],
    ["with an apiKey of another type", json({ apiKey: [secret] }), 'no "apiKey"'],
    [
      "with a line end in apiKey",
      json({ apiKey: `${secret}\n${secret}` }),
      "character that no key has",
    ],
    ["with a number as host", json({ apiKey: secret, host: 1 }), '"host"'],
    ["with an object as host", json({ apiKey: secret, host: { url: secret } }), '"host"'],
    ["with a host that is no URL", json({ apiKey: secret, host: secret }), "not an origin"],
    ["with an empty host", json({ apiKey: secret, host: "" }), "not an origin"],
    ["with a host in clear", json({ apiKey: secret, host: "http://h.example" }), "https:"],
    [
      "with a password in its host",
      json({ apiKey: secret, host: `https://u:${secret}@h.example` }),
      "password",
    ],
    [
      "with a path in its host",
      json({ apiKey: secret, host: `https://h.example/${secret}` }),
      "path",
    ],
    [
      "with a query in its host",
      json({ apiKey: secret, host: `https://h.example/?k=${secret}` }),
      "query",
    ],
    ["with a host of another scheme", json({ apiKey: secret, host: `ftp://${secret}` }), "https:"],
  ];

  it.effect.each(table)("%s", ([, text, says]) =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory;
      const path = yield* saveLogin(directory, text);
      const { error, reason } = yield* unusable({ XDG_CONFIG_HOME: directory });
      assert.strictEqual(reason.problem, "malformed");
      assert.strictEqual(reason.path, path);
      for (const words of [path, says, "Log in again with npx syvain-metrics-effect login"]) {
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
      const path = yield* saveLogin(directory, `{"apiKey":"${secret}`);
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
    yield* saveLogin(directory, '{"apiKey":"k","host":"http://h.example"}');
    const config = yield* configured(ConfigService.layerLocal({ allowInsecureHost: true }), {
      XDG_CONFIG_HOME: directory,
    });
    assert.strictEqual(config.host, "http://h.example");
  }),
);

it.effect("it says whose it is and since when, where the file does", () =>
  Effect.gen(function* () {
    const directory = yield* temporaryDirectory;
    yield* saveLogin(directory, '{"apiKey":" k ","orgId":"org-1","loginAt":1700000000000}');
    const { apiKey, orgId, loginAt } = yield* configured(ConfigService.layerLocal(), {
      XDG_CONFIG_HOME: directory,
    });
    assert.deepStrictEqual(
      [Redacted.value(apiKey), orgId, loginAt?.epochMilliseconds],
      ["k", "org-1", 1_700_000_000_000],
    );
  }),
);

it.effect("what else the file holds does not matter", () =>
  Effect.gen(function* () {
    const directory = yield* temporaryDirectory;
    yield* saveLogin(directory, '\ufeff{"apiKey":"k","user":"ada","version":2,"__proto__":{}}\n');
    assert.strictEqual(yield* keyOf({ XDG_CONFIG_HOME: directory }), "k");
  }),
);
