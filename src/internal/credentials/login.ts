import * as Config from "effect/Config";
import * as Effect from "effect/Effect";
import * as FileSystem from "effect/FileSystem";
import * as Path from "effect/Path";
import * as UserDirectories from "effect/persistence/UserDirectories";
import * as Predicate from "effect/Predicate";
import type * as Redacted from "effect/Redacted";
import { MetricsApiAuthError, UnusableLogin } from "../../MetricsApiError.ts";
import { defaultHost, parseHost } from "./host.ts";
import { parseKey } from "./key.ts";

/** A login saved by the Syvain CLI: a key and the one host it may go to. */
export interface Login {
  readonly apiKey: Redacted.Redacted;
  readonly host: string;
  readonly path: string;
}

const remedy = "Log in again with the Syvain CLI, or give an API key.";

const unusable = (problem: UnusableLogin["problem"], path: string, what: string) =>
  new MetricsApiAuthError({
    reason: new UnusableLogin({ problem, path, message: `${what} ${remedy}` }),
  });

/** `$XDG_CONFIG_HOME/syvain-metrics/auth.json`, else `~/.config/syvain-metrics/auth.json`, on every platform. */
const loginPath = Effect.gen(function* () {
  const path = yield* Path.Path;
  const xdg = yield* Config.String("XDG_CONFIG_HOME").pipe(Config.withDefault(""));
  // A relative directory is to be ignored (XDG Base Directory Specification).
  if (path.isAbsolute(xdg)) return path.join(xdg, "syvain-metrics", "auth.json");
  const home = yield* UserDirectories.make().home;
  // A file in whatever directory the program runs in is nobody's login.
  if (!path.isAbsolute(home)) return yield* Effect.fail("relative");
  return path.join(home, ".config", "syvain-metrics", "auth.json");
});

/**
 * Who else may open the file. One that anyone may write is refused: its host may be a stranger's.
 * Windows has no such modes: what is reported there stands for nothing.
 */
const checkMode = Effect.fnUntraced(function* (path: string) {
  const fs = yield* FileSystem.FileSystem;
  if ((yield* Path.Path).sep === "\\") return;
  // A file system that cannot tell has no modes to check either.
  const mode = yield* Effect.orElseSucceed(
    Effect.map(fs.stat(path), (info) => info.mode),
    () => 0,
  );
  if ((mode & 0o002) !== 0) {
    return yield* unusable(
      "insecure",
      path,
      `The saved login ${path} can be written by every user of this machine, so its key and its host may be anyone's: look at it, then chmod 600 ${path}.`,
    );
  }
  if ((mode & 0o077) !== 0) {
    yield* Effect.logWarning(
      `The saved login ${path} holds a key and is open to other users of this machine (mode ${(mode & 0o777).toString(8)}): chmod 600 ${path}`,
    );
  }
});

/** Reads the saved login. No message quotes the file, which holds a key. */
export const readLogin = (
  allowInsecureHost?: boolean,
): Effect.Effect<Login, MetricsApiAuthError, FileSystem.FileSystem | Path.Path> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem;
    const path = yield* Effect.mapError(loginPath, () =>
      unusable(
        "missing",
        "auth.json",
        "The saved login cannot be looked for: no home directory is known.",
      ),
    );
    const text = yield* fs
      .readFileString(path)
      .pipe(
        Effect.mapError((error) =>
          error.reason._tag === "NotFound"
            ? unusable("missing", path, `There is no saved login at ${path}.`)
            : unusable(
                "unreadable",
                path,
                `The saved login ${path} cannot be read (${error.reason._tag}).`,
              ),
        ),
      );
    yield* checkMode(path);
    const json = yield* Effect.try({
      try: (): unknown => JSON.parse(text),
      catch: () => unusable("malformed", path, `The saved login ${path} is not JSON.`),
    });
    if (!Predicate.isObject(json)) {
      return yield* unusable("malformed", path, `The saved login ${path} is not a JSON object.`);
    }
    const { api_key: key, host } = json as Record<string, unknown>;
    if (typeof key !== "string" || key === "") {
      return yield* unusable("malformed", path, `The saved login ${path} holds no "api_key".`);
    }
    if (host !== undefined && host !== null && typeof host !== "string") {
      return yield* unusable(
        "malformed",
        path,
        `The "host" of the saved login ${path} is not a string.`,
      );
    }
    const source = `the saved login ${path}`;
    const inFile = Effect.mapError((error: MetricsApiAuthError) =>
      unusable("malformed", path, error.message),
    );
    return {
      path,
      apiKey: yield* inFile(parseKey(key, source)),
      host: yield* inFile(parseHost(host ?? defaultHost, source, allowInsecureHost)),
    };
  });
