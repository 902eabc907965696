/**
 * Folders: places for experiments and for other folders.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import type { HttpClient } from "effect/http/HttpClient";
import type { MetricsApiError } from "../internal/base/errors.ts";
import { callEvent } from "../internal/events/call.ts";
import { makeFolder } from "../internal/events/folders.ts";
import { type Folder, type FolderTree, withTree } from "../internal/events/tree.ts";
import type { ConfigService } from "../internal/request/config.ts";
import { createFolder, moveFolder, readTree, renameFolder } from "../internal/wire/v2/folders.ts";

// -----------------------------------------------------------------------------
// Models
// -----------------------------------------------------------------------------

export type { ExperimentEntry, Folder, FolderNode, FolderTree } from "../internal/events/tree.ts";

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
 * From where to where something is moved, by the ids of the folders; `null` is the top level.
 *
 * @category options
 */
export interface Move {
  /** Where it lies. The service refuses the move when it lies elsewhere by now. */
  readonly from: string | null;
  readonly to: string | null;
}

// -----------------------------------------------------------------------------
// Endpoints
// -----------------------------------------------------------------------------

/**
 * All folders and all experiments, nested, each with its absolute path.
 *
 * **Gotchas**
 *
 * It is what was there when the service was asked. Nothing is kept: each call asks anew.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect";
 * import { Folders } from "syvain-metrics-effect/v2";
 *
 * const paths = Effect.map(Folders.tree, ({ folders }) => folders.map(({ path }) => path));
 * ```
 *
 * @category endpoints
 */
export const tree: Effect.Effect<FolderTree, MetricsApiError, ConfigService | HttpClient> =
  withTree(readTree, Effect.succeed);

/**
 * The folder at an absolute path, made with all on the way to it that is not there yet. Two programs that make it at
 * once both get it.
 *
 * **Gotchas**
 *
 * It is as many requests as there are folders to be made, and one. A creation is sent once: where its answer is lost
 * the call fails with an error that is `retryable`, and finds the folder when it is made again.
 *
 * @example
 * ```ts
 * import { Folders } from "syvain-metrics-effect/v2";
 *
 * const made = Folders.make("/models/mamba");
 * ```
 *
 * @category endpoints
 */
export const make: (
  path: string,
) => Effect.Effect<{ readonly folder: Folder }, MetricsApiError, ConfigService | HttpClient> =
  makeFolder;

/**
 * Creates a folder, once. One whose name a sibling has is refused: `Conflict`, with the code `folder_already_exists`
 * and the `folderId` of that one in its `details`.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect";
 * import { Folders } from "syvain-metrics-effect/v2";
 *
 * const program = Effect.gen(function* () {
 *   const { folderId } = yield* Folders.create({ name: "models" });
 *   return yield* Folders.create({ name: "mamba", parentId: folderId });
 * });
 * ```
 *
 * @category endpoints
 */
export const create = (
  input: FolderInput,
): Effect.Effect<{ readonly folderId: string }, MetricsApiError, ConfigService | HttpClient> =>
  callEvent(createFolder, { payload: input });

/**
 * Renames a folder, once.
 *
 * @example
 * ```ts
 * import { Folders } from "syvain-metrics-effect/v2";
 *
 * const renamed = (folderId: string) => Folders.rename(folderId, "mamba-2");
 * ```
 *
 * @category endpoints
 */
export const rename = (
  folderId: string,
  name: string,
): Effect.Effect<void, MetricsApiError, ConfigService | HttpClient> =>
  Effect.asVoid(callEvent(renameFolder, { payload: { folderId, name } }));

/**
 * Moves a folder, once.
 *
 * @example
 * ```ts
 * import { Folders } from "syvain-metrics-effect/v2";
 *
 * const toTheTop = ({ folderId, parentId }: Folders.Folder) =>
 *   Folders.move(folderId, { from: parentId, to: null });
 * ```
 *
 * @category endpoints
 */
export const move = (
  folderId: string,
  { from, to }: Move,
): Effect.Effect<void, MetricsApiError, ConfigService | HttpClient> =>
  Effect.asVoid(callEvent(moveFolder, { payload: { folderId, from, to } }));
