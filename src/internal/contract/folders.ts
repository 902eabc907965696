import type * as DateTime from "effect/DateTime";
import * as Schema from "effect/Schema";
import { alias, define } from "./operation.ts";
import { Id, nextCursor, optional, paged, Timestamp, wireStruct } from "./schema.ts";

/** A folder: a place for experiments and for other folders. */
export interface Folder {
  readonly id: string;
  readonly name: string;
  /** `null` at the top level. */
  readonly parentId: string | null;
  readonly createdAt: DateTime.Utc;
  readonly updatedAt: DateTime.Utc;
}

export const Folder = wireStruct({
  id: Id,
  name: Schema.String,
  parentId: Schema.NullOr(Id),
  createdAt: Timestamp,
  updatedAt: Timestamp,
}).annotate({ identifier: "Folder" });

const folder = wireStruct({ folder: Folder });

export const listFolders = define({
  name: "Folders.list",
  summary: "List folders, of one parent or all.",
  method: "GET",
  path: "/folders",
  query: wireStruct(paged({ parentId: optional(Id) })),
  success: wireStruct({ folders: Schema.Array(Folder), nextCursor }),
  status: 200,
  auth: "apiKey",
  retry: "safe",
  timeout: "timeout",
});

export const createFolder = define({
  name: "Folders.create",
  summary: "Create a folder.",
  method: "POST",
  path: "/folders",
  payload: wireStruct({ name: Schema.NonEmptyString, parentId: optional(Id) }),
  success: folder,
  status: 201,
  auth: "apiKey",
  retry: "keyed",
  timeout: "timeout",
});

export const getFolder = define({
  name: "Folders.get",
  summary: "Get one folder.",
  method: "GET",
  path: "/folders/:folder_id",
  success: folder,
  status: 200,
  auth: "apiKey",
  retry: "safe",
  timeout: "timeout",
});

export const patchFolder = define({
  name: "Folders.patch",
  summary: "Rename a folder, move it, or both. `parent_id: null` moves it to the top level.",
  method: "PATCH",
  path: "/folders/:folder_id",
  payload: wireStruct({
    name: optional(Schema.NonEmptyString),
    parentId: optional(Schema.NullOr(Id)),
  }),
  success: folder,
  status: 200,
  auth: "apiKey",
  retry: "keyed",
  timeout: "timeout",
});

/** The two common patches under their own public names. */
export const renameFolder = alias(patchFolder, "Folders.rename");
export const moveFolder = alias(patchFolder, "Folders.move");
