/** The directory that a server keeps its data in: the database, the API key, and who has it. */
import * as Data from "effect/Data";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Option from "effect/Option";
import * as Redacted from "effect/Redacted";
import type * as Scope from "effect/Scope";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { newKey } from "../ids.ts";
import type { Store } from "../store.ts";
import { layerSqlite } from "./sqlite.ts";

/** Why a server cannot have its data there, in a sentence. */
export class DirectoryError extends Data.TaggedError("DirectoryError")<{
  readonly message: string;
}> {}

/** Only for the one who runs the server. */
const secret = 0o600;

const holderFile = (directory: string) => join(directory, "server.json");
export const keyFile = (directory: string): string => join(resolve(directory), "api-key");

const attempt = <A>(what: string, run: () => A): Effect.Effect<A, DirectoryError> =>
  Effect.try({
    try: run,
    catch: (error) =>
      new DirectoryError({ message: `Cannot ${what}: ${(error as Error).message}` }),
  });

/** Who has the directory, as well as that can be known. */
const holderOf = (directory: string): string => {
  try {
    const { pid, host } = JSON.parse(readFileSync(holderFile(directory), "utf8"));
    return `process ${Number(pid)}, on ${String(host)}`;
  } catch {
    return "another process";
  }
};

/** The store in a directory, which is made when it is not there. */
export const layerDirectory = (directory: string): Layer.Layer<Store, DirectoryError> =>
  Layer.effectContext(
    Effect.gen(function* () {
      yield* attempt(`make ${directory}`, () =>
        mkdirSync(directory, { recursive: true, mode: 0o700 }),
      );
      const [file, lock] = [join(directory, "metrics.db"), join(directory, "lock")];
      const store = yield* Layer.build(layerSqlite({ file, lock })).pipe(
        Effect.mapError(
          (error) =>
            new DirectoryError({
              message:
                error._tag === "DatabaseHeld"
                  ? `${directory} is in use by ${holderOf(directory)}. Stop that server, or give this one another directory with --data.`
                  : `Cannot open the data in ${directory}: ${error.message}`,
            }),
        ),
      );
      // Of one that was killed.
      yield* attempt(`write into ${directory}`, () =>
        rmSync(holderFile(directory), { force: true }),
      );
      return store;
    }),
  );

/** Says who has the directory, until the scope closes. */
export const announceHolder = (
  directory: string,
  host: string,
): Effect.Effect<void, DirectoryError, Scope.Scope> =>
  Effect.acquireRelease(
    attempt(`write into ${directory}`, () =>
      writeFileSync(holderFile(directory), JSON.stringify({ pid: process.pid, host }), {
        mode: secret,
      }),
    ),
    () => Effect.sync(() => rmSync(holderFile(directory), { force: true })),
  );

export const hasKey = (directory: string): boolean => existsSync(keyFile(directory));

export interface KeptKey {
  readonly apiKey: Redacted.Redacted;
  /** Made just now: nobody has seen it yet. */
  readonly isNew: boolean;
}

/** The API key of the directory: the one that is given, which is kept from now on; else the one kept; else a new one. */
export const keptKey = (
  directory: string,
  given: Option.Option<Redacted.Redacted>,
): Effect.Effect<KeptKey, DirectoryError> => {
  const file = keyFile(directory);
  const keep = (apiKey: Redacted.Redacted) =>
    attempt(`keep the API key in ${file}`, () => {
      // A key that is half written would let nobody in.
      writeFileSync(`${file}.new`, `${Redacted.value(apiKey)}\n`, { mode: secret, flush: true });
      renameSync(`${file}.new`, file);
    });
  return Effect.gen(function* () {
    if (Option.isSome(given)) {
      yield* keep(given.value);
      return { apiKey: given.value, isNew: false };
    }
    if (hasKey(directory)) {
      const text = yield* attempt(`read ${file}`, () => readFileSync(file, "utf8").trim());
      if (text === "") {
        return yield* new DirectoryError({
          message: `${file} holds no API key: remove it, or give one with --api-key.`,
        });
      }
      return { apiKey: Redacted.make(text), isNew: false };
    }
    const apiKey = newKey("ak_org_");
    yield* keep(apiKey);
    return { apiKey, isNew: true };
  });
};
