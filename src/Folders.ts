/**
 * Folders: places for experiments and for other folders.
 *
 * @since 0.1.0
 */
import type * as Effect from "effect/Effect";
import type { HttpClient } from "effect/http/HttpClient";
import type * as Stream from "effect/Stream";
import type { ConfigService } from "./ConfigService.ts";
import {
  createFolder,
  Folder,
  getFolder,
  listFolders,
  moveFolder,
  patchFolder,
  renameFolder,
} from "./internal/contract/folders.ts";
import { paginate } from "./internal/paginate.ts";
import { call } from "./internal/road/call.ts";
import type { MetricsApiError } from "./MetricsApiError.ts";

// -----------------------------------------------------------------------------
// Models
// -----------------------------------------------------------------------------

export {
  /**
   * A folder, and its schema.
   *
   * @category models
   * @since 0.1.0
   */
  Folder,
};

/**
 * @category models
 * @since 0.1.0
 */
export interface ListOptions {
  /** Only the folders of this parent. Default: all. */
  readonly parentId?: string | undefined;
  /** `nextCursor` of the page before. Default: from the start. */
  readonly cursor?: string | undefined;
  /** The largest number of folders on a page. Default: the service's. */
  readonly limit?: number | undefined;
}

/**
 * @category models
 * @since 0.1.0
 */
export interface FolderPage {
  readonly folders: ReadonlyArray<Folder>;
  /** `null` on the last page. */
  readonly nextCursor: string | null;
}

/**
 * @category models
 * @since 0.1.0
 */
export interface FolderInput {
  readonly name: string;
  /** Default: the top level. */
  readonly parentId?: string | undefined;
}

/**
 * What is left out stays as it is.
 *
 * @category models
 * @since 0.1.0
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
 * One page of folders.
 *
 * @see {@link stream} for all of them
 *
 * @category endpoints
 * @since 0.1.0
 */
export const list = (
  options?: ListOptions,
): Effect.Effect<FolderPage, MetricsApiError, ConfigService | HttpClient> =>
  call(listFolders, { query: options });

/**
 * All folders, page after page, each fetched when it is needed.
 *
 * @category endpoints
 * @since 0.1.0
 */
export const stream = (
  options?: ListOptions,
): Stream.Stream<Folder, MetricsApiError, ConfigService | HttpClient> =>
  paginate(
    listFolders,
    options?.cursor,
    (cursor) => list({ ...options, cursor }),
    (page) => page.folders,
  );

/**
 * Creates a folder.
 *
 * @category endpoints
 * @since 0.1.0
 */
export const create = (
  input: FolderInput,
): Effect.Effect<{ readonly folder: Folder }, MetricsApiError, ConfigService | HttpClient> =>
  call(createFolder, { payload: input });

/**
 * Gets one folder.
 *
 * @category endpoints
 * @since 0.1.0
 */
export const get = (
  folderId: string,
): Effect.Effect<{ readonly folder: Folder }, MetricsApiError, ConfigService | HttpClient> =>
  call(getFolder, { params: { folder_id: folderId } });

/**
 * Renames a folder, moves it, or both.
 *
 * @category endpoints
 * @since 0.1.0
 */
export const patch = (
  folderId: string,
  input: FolderPatch,
): Effect.Effect<{ readonly folder: Folder }, MetricsApiError, ConfigService | HttpClient> =>
  call(patchFolder, { params: { folder_id: folderId }, payload: input });

/**
 * Renames a folder.
 *
 * @category endpoints
 * @since 0.1.0
 */
export const rename = (
  folderId: string,
  name: string,
): Effect.Effect<{ readonly folder: Folder }, MetricsApiError, ConfigService | HttpClient> =>
  call(renameFolder, { params: { folder_id: folderId }, payload: { name } });

/**
 * Moves a folder into another one, or to the top level with `null`.
 *
 * @category endpoints
 * @since 0.1.0
 */
export const move = (
  folderId: string,
  parentId: string | null,
): Effect.Effect<{ readonly folder: Folder }, MetricsApiError, ConfigService | HttpClient> =>
  call(moveFolder, { params: { folder_id: folderId }, payload: { parentId } });
