/**
 * Folders: places for experiments and for other folders.
 *
 * @module
 */
import type * as Effect from "effect/Effect";
import type { HttpClient } from "effect/http/HttpClient";
import type { MetricsApiError } from "./internal/base/errors.ts";
import { call } from "./internal/request/call.ts";
import type { ConfigService } from "./internal/request/config.ts";
import type { Folder } from "./internal/wire/v1/folder.ts";
import {
  createFolder,
  type FolderContents,
  getFolder,
  listFolders,
  moveFolder,
  patchFolder,
  renameFolder,
} from "./internal/wire/v1/folders.ts";

// -----------------------------------------------------------------------------
// Models
// -----------------------------------------------------------------------------

export { Folder } from "./internal/wire/v1/folder.ts";
export type { ExperimentSummary } from "./internal/wire/v1/experiment.ts";
export type { FolderContents } from "./internal/wire/v1/folders.ts";

/**
 * @category options
 */
export interface ListOptions {
  /** Only the folder at this path, such as `"/models/mamba"`. Default: all. */
  readonly path?: string | undefined;
}

/**
 * @category models
 */
export interface FolderInput {
  /** 1 to 200 characters (UTF-16 units), unlike that of any folder beside it. */
  readonly name: string;
  /** Default: `null`, the top level. */
  readonly parentId?: string | null | undefined;
}

/**
 * What is left out stays as it is; something must be there.
 *
 * @category models
 */
export interface FolderPatch {
  readonly name?: string | undefined;
  /** `null` moves the folder to the top level. */
  readonly parentId?: string | null | undefined;
}

// -----------------------------------------------------------------------------
// Endpoints
// -----------------------------------------------------------------------------

/**
 * Lists folders, all or the one at a path.
 *
 * @example
 * ```ts
 * import { Folders } from "syvain-metrics-effect";
 *
 * const found = Folders.list({ path: "/models/mamba" });
 * ```
 *
 * @category endpoints
 */
export const list = (
  options?: ListOptions,
): Effect.Effect<
  { readonly folders: ReadonlyArray<Folder> },
  MetricsApiError,
  ConfigService | HttpClient
> => call(listFolders, { query: options });

/**
 * Creates a folder. One whose name a sibling has is refused: `Conflict`, with the code `folder_already_exists`.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect";
 * import { Folders } from "syvain-metrics-effect";
 *
 * const program = Effect.gen(function* () {
 *   const { folder } = yield* Folders.create({ name: "models" });
 *   return yield* Folders.create({ name: "mamba", parentId: folder.folderId });
 * });
 * ```
 *
 * @category endpoints
 */
export const create = (
  input: FolderInput,
): Effect.Effect<{ readonly folder: Folder }, MetricsApiError, ConfigService | HttpClient> =>
  call(createFolder, { payload: input });

/**
 * Gets a folder and what lies in it, one level deep.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect";
 * import { Folders } from "syvain-metrics-effect";
 *
 * const slugs = (folderId: string) =>
 *   Effect.map(Folders.get(folderId), ({ experiments }) => experiments.map(({ slug }) => slug));
 * ```
 *
 * @category endpoints
 */
export const get = (
  folderId: string,
): Effect.Effect<FolderContents, MetricsApiError, ConfigService | HttpClient> =>
  call(getFolder, { params: { folder_id: folderId } });

/**
 * Renames a folder, moves it, or both.
 *
 * @example
 * ```ts
 * import { Folders } from "syvain-metrics-effect";
 *
 * const toTheTop = (folderId: string) => Folders.patch(folderId, { name: "mamba-2", parentId: null });
 * ```
 *
 * @category endpoints
 */
export const patch = (
  folderId: string,
  input: FolderPatch,
): Effect.Effect<{ readonly folder: Folder }, MetricsApiError, ConfigService | HttpClient> =>
  call(patchFolder, { params: { folder_id: folderId }, payload: input });

/**
 * Renames a folder.
 *
 * @example
 * ```ts
 * import { Folders } from "syvain-metrics-effect";
 *
 * const renamed = (folderId: string) => Folders.rename(folderId, "mamba-2");
 * ```
 *
 * @category endpoints
 */
export const rename = (
  folderId: string,
  name: string,
): Effect.Effect<{ readonly folder: Folder }, MetricsApiError, ConfigService | HttpClient> =>
  call(renameFolder, { params: { folder_id: folderId }, payload: { name } });

/**
 * Moves a folder into another one, or to the top level with `null`.
 *
 * @example
 * ```ts
 * import { Folders } from "syvain-metrics-effect";
 *
 * const toTheTop = (folderId: string) => Folders.move(folderId, null);
 * ```
 *
 * @category endpoints
 */
export const move = (
  folderId: string,
  parentId: string | null,
): Effect.Effect<{ readonly folder: Folder }, MetricsApiError, ConfigService | HttpClient> =>
  call(moveFolder, { params: { folder_id: folderId }, payload: { parentId } });
