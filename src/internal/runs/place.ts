/**
 * The folder that an experiment is opened in.
 */
import * as Effect from "effect/Effect";
import type * as HttpClient from "effect/http/HttpClient";
import type { MetricsApiError } from "../base/errors.ts";
import { callEvent } from "../events/call.ts";
import { namesOf } from "../events/folders.ts";
import { hasCode } from "../events/refused.ts";
import { foldersOf, notInTree, withTree } from "../events/tree.ts";
import type { ConfigService } from "../request/config.ts";
import { moveConflict, moveExperiment } from "../wire/v2/experiments.ts";
import { lookForPlace } from "../wire/v2/folders.ts";

type Needs = ConfigService | HttpClient.HttpClient;

/** The code of the failure when there is no such folder. */
export const noFolder = "folder_not_found";

/** The id of a folder; `null` for the top level, where nothing needs to be looked for. */
export const folderIdOf = (
  folder: string,
): Effect.Effect<string | null, MetricsApiError, Needs> => {
  const isPath = folder.includes("/");
  const names = namesOf(folder);
  if (isPath && names.length === 0) return Effect.succeed(null);
  const path = `/${names.join("/")}`;
  return withTree(lookForPlace, (tree, exchange) => {
    const found = foldersOf(tree).find((one) =>
      isPath ? one.path === path : one.folderId === folder,
    );
    return found === undefined
      ? Effect.fail(notInTree(exchange, `folder ${JSON.stringify(folder)}`, noFolder))
      : Effect.succeed(found.folderId);
  });
};

/** One that lies elsewhere stays there. */
export const moveFromTheTop = (experimentId: string, to: string) =>
  Effect.catchIf(
    callEvent(moveExperiment, { payload: { experimentId, from: null, to } }),
    (error) => hasCode(error, moveConflict),
    () => Effect.void,
  );
