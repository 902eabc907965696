/**
 * Folders by their paths.
 */
import * as Effect from "effect/Effect";
import type * as HttpClient from "effect/http/HttpClient";
import * as Predicate from "effect/Predicate";
import type { MetricsApiError } from "../base/errors.ts";
import type { ConfigService } from "../request/config.ts";
import { alreadyExists, createFolder, lookForFolder } from "../wire/v2/folders.ts";
import { callEvent } from "./call.ts";
import { hasCode } from "./refused.ts";
import { type Folder, foldersOf, withTree } from "./tree.ts";

type Needs = ConfigService | HttpClient.HttpClient;

/** The names on the way to a folder; slashes more than needed do not matter. */
export const namesOf = (path: string): ReadonlyArray<string> =>
  path.split("/").filter((name) => name !== "");

const justFolder = ({ folderId, name, path, parentId }: Folder): Folder => ({
  folderId,
  name,
  path,
  parentId,
});

/** Creates a folder, or takes the one that somebody else has made meanwhile: the refusal says which. */
const createOrTake = (
  name: string,
  parentId: string | null,
): Effect.Effect<string, MetricsApiError, Needs> =>
  callEvent(createFolder, { payload: { name, parentId } }).pipe(
    Effect.map(({ folderId }) => folderId),
    Effect.catch((error) =>
      hasCode(error, alreadyExists) &&
      Predicate.hasProperty(error.details, "folderId") &&
      Predicate.isString(error.details.folderId)
        ? Effect.succeed(error.details.folderId)
        : Effect.fail(error),
    ),
  );

/** The folder at a path, made with all on the way to it that is not there. */
export const makeFolder = (
  path: string,
): Effect.Effect<{ readonly folder: Folder }, MetricsApiError, Needs> =>
  Effect.gen(function* () {
    const names = namesOf(path);
    const folders = yield* withTree(
      lookForFolder,
      (tree) => Effect.succeed(foldersOf(tree)),
      path.startsWith("/") && names.length > 0
        ? undefined
        : { path: ["path"], expected: 'an absolute path, such as "/models"' },
    );
    let folder: Folder | undefined;
    for (const name of names) {
      const parentId = folder?.folderId ?? null;
      const at: string = `${folder?.path ?? ""}/${name}`;
      folder = folders.find(({ path }) => path === at) ?? {
        folderId: yield* createOrTake(name, parentId),
        name,
        path: at,
        parentId,
      };
    }
    return { folder: justFolder(folder as Folder) };
  });
