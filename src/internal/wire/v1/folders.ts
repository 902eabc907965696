import * as Schema from "effect/Schema";
import { always, Id, optional, QueryString, text, wireStruct } from "../schema.ts";
import { ExperimentSummary, withUrlOn } from "./experiment.ts";
import { Folder } from "./folder.ts";
import { defineV1 } from "./generation.ts";

const folder = wireStruct({ folder: Folder });
const name = text(1, 200);

/**
 * A folder and what lies in it, one level deep.
 *
 * @category models
 */
export interface FolderContents {
  readonly folder: Folder;
  readonly folders: ReadonlyArray<Folder>;
  readonly experiments: ReadonlyArray<ExperimentSummary>;
}

export const listFolders = defineV1({
  name: "Folders.list",
  summary: "List folders, or the one at a path.",
  method: "GET",
  path: "/folders",
  query: wireStruct({ path: optional(QueryString) }),
  success: wireStruct({ folders: Schema.Array(Folder) }),
  status: 200,
  auth: "apiKey",
  repeat: "safe",
  timeout: "timeout",
});

export const createFolder = defineV1({
  name: "Folders.create",
  summary: "Create a folder.",
  method: "POST",
  path: "/folders",
  payload: wireStruct({ name, parentId: always(Schema.NullOr(Id), null) }),
  success: folder,
  status: 201,
  auth: "apiKey",
  repeat: "keyed",
  timeout: "timeout",
});

export const getFolder = defineV1({
  name: "Folders.get",
  summary: "Get a folder and what lies in it, one level deep.",
  method: "GET",
  path: "/folders/:folder_id",
  success: wireStruct({
    folder: Folder,
    folders: Schema.Array(Folder),
    experiments: Schema.Array(ExperimentSummary),
  }),
  onHost: (success: FolderContents, host: string): FolderContents => ({
    ...success,
    experiments: success.experiments.map((experiment) => withUrlOn(experiment, host)),
  }),
  status: 200,
  auth: "apiKey",
  repeat: "safe",
  timeout: "timeout",
});

const patch = {
  method: "PATCH",
  path: "/folders/:folder_id",
  payload: wireStruct({
    name: optional(name),
    parentId: optional(Schema.NullOr(Id)),
  }).check(
    Schema.makeFilter(({ name, parentId }) => name !== undefined || parentId !== undefined, {
      expected: "a name or a parentId",
    }),
  ),
  success: folder,
  status: 200,
  auth: "apiKey",
  repeat: "keyed",
  timeout: "timeout",
} as const;

export const patchFolder = defineV1({
  ...patch,
  name: "Folders.patch",
  summary: "Rename a folder, move it, or both. `parent_id: null` moves it to the top level.",
});

/** The two common patches under their own public names. */
export const renameFolder = defineV1({
  ...patch,
  name: "Folders.rename",
  summary: "Rename a folder.",
});
export const moveFolder = defineV1({ ...patch, name: "Folders.move", summary: "Move a folder." });
