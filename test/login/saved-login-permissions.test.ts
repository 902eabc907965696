/** A saved login that other users of the machine may read or write: warned of, and refused. */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem";
import { assert, describe, it } from "@effect/vitest";
import * as ConfigProvider from "effect/ConfigProvider";
import * as Effect from "effect/Effect";
import * as FileSystem from "effect/FileSystem";
import * as Layer from "effect/Layer";
import * as Path from "effect/Path";
import * as Redacted from "effect/Redacted";
import * as ConfigService from "../../src/ConfigService.ts";
import { configured, files, saveLogin, temporaryDirectory } from "../support/login.ts";
import { loggingTo } from "../support/logs.ts";

const secret = "s3cr3t-of-the-file";
const login = JSON.stringify({ apiKey: secret });

/** What comes of a file of that mode, and what is logged meanwhile. */
const withMode = Effect.fnUntraced(function* (mode: number, layer = ConfigService.layerLocal()) {
  const directory = yield* temporaryDirectory;
  const path = yield* saveLogin(directory, login, mode);
  const lines: Array<string> = [];
  const result = yield* configured(layer, { XDG_CONFIG_HOME: directory }).pipe(
    loggingTo(lines),
    Effect.result,
  );
  for (const shown of [...lines, JSON.stringify(result)]) assert.notInclude(shown, secret);
  return { path, result, lines };
});

const names = (mode: number) => mode.toString(8).padStart(3, "0");

describe("a saved login of mode", () => {
  for (const mode of [0o600, 0o400, 0o700]) {
    it.effect(`${names(mode)} is used, and nothing is said`, () =>
      Effect.gen(function* () {
        const { result, lines } = yield* withMode(mode);
        assert(result._tag === "Success");
        assert.strictEqual(Redacted.value(result.success.apiKey), secret);
        assert.deepStrictEqual(lines, []);
      }),
    );
  }

  for (const mode of [0o644, 0o640, 0o604, 0o660, 0o664, 0o610, 0o601]) {
    it.effect(`${names(mode)} is used, and warned of once, with what to do`, () =>
      Effect.gen(function* () {
        const { path, result, lines } = yield* withMode(mode);
        assert.strictEqual(result._tag, "Success");
        assert.lengthOf(lines, 1);
        for (const words of ["level=WARN", `mode ${names(mode)}`, `chmod 600 ${path}`]) {
          assert.include(lines[0], words);
        }
      }),
    );
  }

  for (const mode of [0o666, 0o602, 0o622, 0o777]) {
    it.effect(`${names(mode)} is refused, with what to do`, () =>
      Effect.gen(function* () {
        const { path, result, lines } = yield* withMode(mode);
        assert(result._tag === "Failure" && result.failure.reason._tag === "UnusableLogin");
        assert.strictEqual(result.failure.reason.problem, "insecure");
        assert.strictEqual(result.failure.reason.path, path);
        assert.include(result.failure.message, `chmod 600 ${path}`);
        assert.deepStrictEqual(lines, []);
      }),
    );
  }
});

it.effect("layerAuto refuses it too, and does not go on without it", () =>
  Effect.gen(function* () {
    const { result } = yield* withMode(0o666, ConfigService.layerAuto());
    assert(result._tag === "Failure" && result.failure.reason._tag === "UnusableLogin");
    assert.strictEqual(result.failure.reason.problem, "insecure");
  }),
);

it.effect("the mode is that of the file that a link leads to", () =>
  Effect.gen(function* () {
    const [directory, elsewhere] = [yield* temporaryDirectory, yield* temporaryDirectory];
    const fs = yield* FileSystem.FileSystem;
    const target = yield* saveLogin(elsewhere, login);
    yield* fs.makeDirectory(`${directory}/syvain-metrics`);
    yield* fs.symlink(target, `${directory}/syvain-metrics/auth.json`);
    const lines: Array<string> = [];
    const config = configured(ConfigService.layerLocal(), { XDG_CONFIG_HOME: directory });
    yield* loggingTo(lines)(config);
    assert.deepStrictEqual(lines, []);
    yield* fs.chmod(target, 0o666);
    assert.strictEqual((yield* Effect.flip(config)).reason._tag, "UnusableLogin");
  }).pipe(Effect.provide(files)),
);

it.effect("on Windows, where a mode says nothing, none is looked at", () =>
  Effect.gen(function* () {
    const directory = yield* temporaryDirectory;
    yield* saveLogin(directory, login, 0o666);
    const windows = Layer.effect(
      Path.Path,
      Effect.map(Path.Path, (path) => ({ ...path, sep: "\\" })),
    ).pipe(Layer.provide(Path.layer));
    const lines: Array<string> = [];
    const { apiKey } = yield* ConfigService.ConfigService.pipe(
      Effect.provide(ConfigService.layerLocal()),
      Effect.provide(Layer.merge(NodeFileSystem.layer, windows)),
      Effect.provide(
        ConfigProvider.layer(ConfigProvider.fromEnv({ env: { XDG_CONFIG_HOME: directory } })),
      ),
      loggingTo(lines),
    );
    assert.strictEqual(Redacted.value(apiKey), secret);
    assert.deepStrictEqual(lines, []);
  }),
);

it.effect("a file system that knows no modes is read all the same", () =>
  Effect.gen(function* () {
    const fs = FileSystem.layerNoop({ readFileString: () => Effect.succeed(login) });
    const { apiKey } = yield* ConfigService.ConfigService.pipe(
      Effect.provide(ConfigService.layerLocal()),
      Effect.provide(Layer.merge(fs, Path.layer)),
      Effect.provide(ConfigProvider.layer(ConfigProvider.fromEnv({ env: { HOME: "/home/ada" } }))),
    );
    assert.strictEqual(Redacted.value(apiKey), secret);
  }),
);
