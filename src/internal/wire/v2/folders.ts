import * as Schema from "effect/Schema";
import type { Operation } from "../operation.ts";
import { always, Id, text } from "../schema.ts";
import { defineEvent, organizationEvent } from "./generation.ts";

// -----------------------------------------------------------------------------
// The tree
// -----------------------------------------------------------------------------

/** The top level, or a folder, as the wire has it. */
export interface Level {
  readonly experiments: ReadonlyArray<{ readonly experimentId: string; readonly slug: string }>;
  readonly folders: ReadonlyArray<Level & { readonly folderId: string; readonly name: string }>;
}

const Entry = Schema.Struct({ experimentId: Schema.String, slug: Schema.String });

const Folder = Schema.Struct({
  folderId: Schema.String,
  name: Schema.String,
  experiments: Schema.Array(Entry),
  folders: Schema.Array(Schema.suspend((): Schema.Codec<Level["folders"][number]> => Folder)),
});

const Tree = Schema.Struct({
  experiments: Schema.Array(Entry),
  folders: Schema.Array(Folder),
}).annotate({ identifier: "FolderTree" });

const tree = {
  ...organizationEvent,
  event: "syvain.v2.foldertree.read",
  reply: "syvain.v2.foldertree.read",
  payload: Schema.Struct({}),
  success: Tree,
  repeat: "safe",
} as const;

export const readTree = defineEvent({
  ...tree,
  name: "Folders.tree",
  summary: "Every folder and every experiment of the organization, nested.",
});

/** The common looks at the tree under their own public names. */
export const lookForFolder = defineEvent({
  ...tree,
  name: "Folders.make",
  summary: "Find out which folders there are.",
});
export const findExperiment = defineEvent({
  ...tree,
  name: "Experiments.find",
  summary: "Find the experiment of a slug.",
});
export const listExperiments = defineEvent({
  ...tree,
  name: "Experiments.list",
  summary: "List experiments.",
});
export const lookForPlace = defineEvent({
  ...tree,
  name: "Runs.open",
  summary: "Find the folder of an experiment.",
});

/** Any of them. */
export type TreeOperation = Omit<typeof readTree, "name" | "summary"> &
  Pick<Operation, "name" | "summary">;

// -----------------------------------------------------------------------------
// Changes
// -----------------------------------------------------------------------------

/** The name of a folder. */
export const name = text(1, 200);

/** A move says from where, so that it fails when someone else was faster; `null` is the top level. */
export const move = { fromFolderId: Schema.NullOr(Id), toFolderId: Schema.NullOr(Id) };

/** What is answered where there is nothing to tell. */
export const Nothing = Schema.Struct({});

/** The code of the refusal of a name that a sibling has. Its details hold the `folderId` of that one. */
export const alreadyExists = "folder_already_exists";

export const createFolder = defineEvent({
  ...organizationEvent,
  name: "Folders.create",
  summary: "Create a folder.",
  event: "syvain.v2.folder.create",
  reply: "syvain.v2.folder.created",
  payload: Schema.Struct({ name, parentId: always(Schema.NullOr(Id), null) }).pipe(
    Schema.encodeKeys({ parentId: "parentFolderId" }),
  ),
  success: Schema.Struct({ folderId: Schema.String }),
  repeat: "once",
});

export const renameFolder = defineEvent({
  ...organizationEvent,
  name: "Folders.rename",
  summary: "Rename a folder.",
  event: "syvain.v2.folder.rename",
  reply: "syvain.v2.folder.renamed",
  payload: Schema.Struct({ folderId: Id, name }),
  success: Nothing,
  repeat: "once",
});

export const moveFolder = defineEvent({
  ...organizationEvent,
  name: "Folders.move",
  summary: "Move a folder.",
  event: "syvain.v2.folder.move",
  reply: "syvain.v2.folder.moved",
  payload: Schema.Struct({ folderId: Id, from: move.fromFolderId, to: move.toFolderId }).pipe(
    Schema.encodeKeys({ from: "fromFolderId", to: "toFolderId" }),
  ),
  success: Nothing,
  repeat: "once",
});
