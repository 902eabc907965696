/** A home directory with or without a saved login, and the environment that points there. */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem";
import * as NodePath from "@effect/platform-node/NodePath";
import * as ConfigProvider from "effect/ConfigProvider";
import * as Effect from "effect/Effect";
import * as FileSystem from "effect/FileSystem";
import * as Layer from "effect/Layer";
import * as Path from "effect/Path";
import { ConfigService } from "../../src/ConfigService.ts";
import type { MetricsApiAuthError } from "../../src/internal/base/errors.ts";

export const files = Layer.merge(NodeFileSystem.layer, NodePath.layer);

/** A new directory, gone after the test. */
export const temporaryDirectory = Effect.flatMap(FileSystem.FileSystem, (fs) =>
  fs.makeTempDirectoryScoped({ prefix: "saved-login-" }),
).pipe(Effect.provide(files));

/** Writes `text` as the saved login below a configuration directory, and answers its path. */
export const saveLogin = Effect.fnUntraced(function* (
  directory: string,
  text: string,
  mode = 0o600,
  folder = "syvain-metrics",
) {
  const fs = yield* FileSystem.FileSystem;
  const path = yield* Path.Path;
  const file = path.join(directory, folder, "auth.json");
  yield* fs.makeDirectory(path.dirname(file), { recursive: true });
  yield* fs.writeFileString(file, text);
  yield* fs.chmod(file, mode);
  return file;
}, Effect.provide(files));

export type Environment = Record<string, string>;

/** What a layer configures, under an environment. */
export const configured = (
  layer: Layer.Layer<ConfigService, MetricsApiAuthError, FileSystem.FileSystem | Path.Path>,
  env: Environment = {},
) =>
  Effect.provide(ConfigService, layer).pipe(
    Effect.provide(files),
    Effect.provide(ConfigProvider.layer(ConfigProvider.fromEnv({ env }))),
  );
