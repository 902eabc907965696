import * as Config from "effect/Config";
import * as DateTime from "effect/DateTime";
import * as Effect from "effect/Effect";
import * as FileSystem from "effect/FileSystem";
import * as Option from "effect/Option";
import * as Path from "effect/Path";
import * as UserDirectories from "effect/persistence/UserDirectories";
import * as Predicate from "effect/Predicate";
import type * as Redacted from "effect/Redacted";
import { MetricsApiAuthError, UnusableLogin } from "../base/errors.ts";
import { defaultHost, defaultHostV2, parseHost } from "./host.ts";
import { parseKey } from "./key.ts";

/** A login saved by a Syvain tool: a key and the one host it may go to. */
export interface Login {
  readonly apiKey: Redacted.Redacted;
  readonly host: string;
  readonly path: string;
  readonly orgId: string | undefined;
  readonly loginAt: DateTime.Utc | undefined;
}

const remedy = "Log in again with npx syvain-metrics-effect login, or give an API key.";

const unusable = (problem: UnusableLogin["problem"], path: string, what: string) =>
  new MetricsApiAuthError({
    reason: new UnusableLogin({ problem, path, message: `${what} ${remedy}` }),
  });

/** Where a login may be saved below the user's configuration, and the host of one that names none. */
interface Place {
  readonly folder: string;
  readonly host: string;
}

/** Today's tool first, then the one of the first releases. */
const places: ReadonlyArray<Place> = [
  { folder: "o41-metrics", host: defaultHostV2 },
  { folder: "syvain-metrics", host: defaultHost },
];

const devPlace: Place = {
  folder: "syvain-metrics-dev",
  host: "https://syvain-metrics-app-dev.syvaintech.workers.dev",
};

/** `$XDG_CONFIG_HOME`, else `~/.config`, on every platform. */
const configDirectory = Effect.gen(function* () {
  const path = yield* Path.Path;
  const xdg = yield* Config.String("XDG_CONFIG_HOME").pipe(Config.withDefault(""));
  // A relative directory is to be ignored (XDG Base Directory Specification).
  if (path.isAbsolute(xdg)) return xdg;
  const home = yield* UserDirectories.make().home;
  // A file in whatever directory the program runs in is nobody's login.
  if (!path.isAbsolute(home)) return yield* Effect.fail("relative");
  return /^~(?=$|[\\/])/.test(xdg) ? path.join(home, xdg.slice(1)) : path.join(home, ".config");
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

/** The login in a file; `undefined` where there is no such file. No message quotes it, as it holds a key. */
const readFile = Effect.fnUntraced(function* (
  path: string,
  defaultHost: string,
  allowInsecureHost: boolean | undefined,
) {
  const fs = yield* FileSystem.FileSystem;
  const text = yield* fs.readFileString(path).pipe(
    Effect.catchReason("PlatformError", "NotFound", () => Effect.undefined),
    Effect.mapError(({ reason }) =>
      unusable("unreadable", path, `The saved login ${path} cannot be read (${reason._tag}).`),
    ),
  );
  if (text === undefined) return undefined;
  yield* checkMode(path);
  const malformed = (what: string) => unusable("malformed", path, what);
  const json = yield* Effect.try({
    try: (): unknown => JSON.parse(text),
    catch: () => malformed(`The saved login ${path} is not JSON.`),
  });
  if (!Predicate.isObject(json)) {
    return yield* malformed(`The saved login ${path} is not a JSON object.`);
  }
  const { apiKey, host, orgId, loginAt } = json as Record<string, unknown>;
  if (typeof apiKey !== "string" || apiKey.trim() === "") {
    return yield* malformed(`The saved login ${path} holds no "apiKey".`);
  }
  if (host !== undefined && host !== null && typeof host !== "string") {
    return yield* malformed(`The "host" of the saved login ${path} is not a string.`);
  }
  const source = `the saved login ${path}`;
  const inFile = Effect.mapError((error: MetricsApiAuthError) => malformed(error.message));
  const login: Login = {
    path,
    apiKey: yield* inFile(parseKey(apiKey, source)),
    host: yield* inFile(parseHost(host ?? defaultHost, source, allowInsecureHost)),
    orgId: typeof orgId === "string" ? orgId : undefined,
    loginAt:
      typeof loginAt === "number" ? Option.getOrUndefined(DateTime.make(loginAt)) : undefined,
  };
  return login;
});

const filesOf = (places: ReadonlyArray<Place>) =>
  Effect.gen(function* () {
    const path = yield* Path.Path;
    const directory = yield* Effect.mapError(configDirectory, () =>
      unusable(
        "missing",
        "auth.json",
        "The saved login cannot be looked for: no home directory is known.",
      ),
    );
    return places.map(({ folder, host }) => ({
      file: path.join(directory, folder, "auth.json"),
      host,
    }));
  });

/** The files in which a login may be saved. The last is the one that every tool reads where those before it are not. */
export const loginFiles: Effect.Effect<
  ReadonlyArray<string>,
  MetricsApiAuthError,
  FileSystem.FileSystem | Path.Path
> = Effect.map(
  Effect.suspend(() => filesOf(places)),
  (files) => files.map(({ file }) => file),
);

/** Reads the saved login: the first there is, broken or not. */
export const readLogin = (options: {
  readonly dev?: boolean | undefined;
  readonly allowInsecureHost?: boolean | undefined;
}): Effect.Effect<Login, MetricsApiAuthError, FileSystem.FileSystem | Path.Path> =>
  Effect.gen(function* () {
    const looked: Array<string> = [];
    for (const { file, host } of yield* filesOf(options.dev === true ? [devPlace] : places)) {
      const login = yield* readFile(file, host, options.allowInsecureHost);
      if (login !== undefined) return login;
      looked.push(file);
    }
    return yield* unusable(
      "missing",
      looked.at(-1) ?? "auth.json",
      `There is no saved login at ${looked.join(" or ")}.`,
    );
  });
