/**
 * The tree of folders, with the path of everything in it.
 */
import * as Effect from "effect/Effect";
import type * as HttpClient from "effect/http/HttpClient";
import { type MetricsApiError, NotFound } from "../base/errors.ts";
import type { Issue } from "../base/issue.ts";
import { byApiKey } from "../request/call.ts";
import type { ConfigService } from "../request/config.ts";
import type { CallError, Exchange } from "../request/exchange.ts";
import { invalidRequest, requestError } from "../request/failures.ts";
import type { Level, TreeOperation } from "../wire/v2/folders.ts";
import { callEventThen } from "./call.ts";

/**
 * A folder, and where it lies.
 *
 * @category models
 */
export interface Folder {
  readonly folderId: string;
  readonly name: string;
  /** Absolute, such as `"/models/mamba"`. */
  readonly path: string;
  /** `null` at the top level. */
  readonly parentId: string | null;
}

/**
 * An experiment, and where it lies.
 *
 * @category models
 */
export interface ExperimentEntry {
  readonly experimentId: string;
  readonly slug: string;
  /** Absolute, such as `"/models/mamba/run-1"`. */
  readonly path: string;
  /** `null` at the top level. */
  readonly folderId: string | null;
}

/**
 * A folder and all that lies in it.
 *
 * @category models
 */
export interface FolderNode extends Folder {
  readonly experiments: ReadonlyArray<ExperimentEntry>;
  readonly folders: ReadonlyArray<FolderNode>;
}

/**
 * All folders and all experiments, as they were when the service was asked.
 *
 * @category models
 */
export interface FolderTree {
  /** Those at the top level. */
  readonly experiments: ReadonlyArray<ExperimentEntry>;
  readonly folders: ReadonlyArray<FolderNode>;
}

/** What lies at a level, whose own path is empty at the top. */
const placed = (level: Level, folderId: string | null, path: string): FolderTree => ({
  experiments: level.experiments.map(({ experimentId, slug }) => ({
    experimentId,
    slug,
    path: `${path}/${slug}`,
    folderId,
  })),
  folders: level.folders.map((folder) => {
    const ofFolder = `${path}/${folder.name}`;
    const { folderId: id, name } = folder;
    return {
      folderId: id,
      name,
      path: ofFolder,
      parentId: folderId,
      ...placed(folder, id, ofFolder),
    };
  }),
});

/** Each folder before what lies in it. */
export const foldersOf = ({ folders }: FolderTree): ReadonlyArray<FolderNode> =>
  folders.flatMap((folder) => [folder, ...foldersOf(folder)]);

/** Those of a level before those of the folders in it. */
export const experimentsOf = ({
  experiments,
  folders,
}: FolderTree): ReadonlyArray<ExperimentEntry> => [
  ...experiments,
  ...folders.flatMap(experimentsOf),
];

/** Reads the tree, and makes of it what the call answers; not when something is `wrong` with its arguments. */
export const withTree = <A>(
  operation: TreeOperation,
  f: (tree: FolderTree, exchange: Exchange) => Effect.Effect<A, CallError>,
  wrong?: Issue,
): Effect.Effect<A, MetricsApiError, ConfigService | HttpClient.HttpClient> =>
  callEventThen(
    operation,
    { payload: {} },
    (send, exchange) =>
      wrong === undefined ? byApiKey(send, exchange) : Effect.fail(invalidRequest(exchange, wrong)),
    (level, exchange) => f(placed(level, null, ""), exchange),
  );

/** There is no such thing in the tree. */
export const notInTree = (exchange: Exchange, what: string, code: string) =>
  requestError(exchange, new NotFound({ message: `there is no ${what}` }), { code });
