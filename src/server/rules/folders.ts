/** Folders: a tree in which the names of siblings differ. */
import * as Effect from "effect/Effect";
import { newId } from "../ids.ts";
import { type Folder, Store } from "../store.ts";
import { notFound, Refusal } from "./refusal.ts";

export type Folders = ReadonlyMap<string, Folder>;

/** The folders around one, the outermost first. */
export const ancestorsOf = (folders: Folders, { parentId }: Folder): ReadonlyArray<Folder> => {
  const parent = parentId === null ? undefined : folders.get(parentId);
  return parent === undefined ? [] : [...ancestorsOf(folders, parent), parent];
};

/** `/models/mamba` */
export const pathOf = (folders: Folders, folder: Folder): string =>
  [...ancestorsOf(folders, folder), folder].map(({ name }) => `/${name}`).join("");

const find = (folders: Folders, id: string): Effect.Effect<Folder, Refusal> => {
  const folder = folders.get(id);
  return folder === undefined ? notFound("folder", id) : Effect.succeed(folder);
};

/** What something is put into must be there; the top level always is. */
export const checkFolder = (id: string | null | undefined) =>
  Effect.flatMap(Store, ({ folders }) =>
    id == null ? Effect.void : Effect.flatMap(folders, (all) => Effect.asVoid(find(all, id))),
  );

const checkName = (folders: Folders, folder: Folder): Effect.Effect<void, Refusal> => {
  const other = [...folders.values()].find(
    ({ id, name, parentId }) =>
      id !== folder.id && name === folder.name && parentId === folder.parentId,
  );
  return other === undefined
    ? Effect.void
    : new Refusal({
        status: 409,
        message: `there is a folder ${JSON.stringify(folder.name)} beside it`,
        code: "folder_already_exists",
        details: { folderId: other.id },
      });
};

/** In the order of their paths; those at `path` when there is one. */
export const listFolders = (path: string | undefined) =>
  Effect.gen(function* () {
    const folders = yield* (yield* Store).folders;
    const wanted = path?.replace(/^\/*/, "/").replace(/\/+$/, "");
    return Array.from(folders.values(), (folder) => ({ folder, path: pathOf(folders, folder) }))
      .filter((one) => wanted === undefined || one.path === wanted)
      .toSorted((a, b) => (a.path < b.path ? -1 : Number(a.path > b.path)))
      .map(({ folder }) => folder);
  });

export const createFolder = ({ name, parentId }: Omit<Folder, "id">) =>
  Effect.gen(function* () {
    const store = yield* Store;
    const folders = yield* store.folders;
    yield* checkFolder(parentId);
    const folder = { id: newId(), name, parentId };
    yield* checkName(folders, folder);
    yield* store.putFolder(folder);
    return folder;
  });

/** A folder, and the folders right inside it. */
export const getFolder = (id: string) =>
  Effect.gen(function* () {
    const folder = yield* find(yield* (yield* Store).folders, id);
    const all = yield* listFolders(undefined);
    return { folder, folders: all.filter(({ parentId }) => parentId === id) };
  });

export const patchFolder = (id: string, patch: Partial<Omit<Folder, "id">>) =>
  Effect.gen(function* () {
    const store = yield* Store;
    const folders = yield* store.folders;
    const before = yield* find(folders, id);
    yield* checkFolder(patch.parentId);
    const folder: Folder = { ...before, ...patch };
    if (folder.parentId === id || ancestorsOf(folders, folder).includes(before)) {
      return yield* new Refusal({
        status: 400,
        message: "a folder cannot lie inside itself",
        code: "folder_inside_itself",
      });
    }
    yield* checkName(folders, folder);
    yield* store.putFolder(folder);
    return folder;
  });

/** Only from where the client saw it: someone else may have moved it meanwhile. */
export const moveFolder = (id: string, from: string | null, to: string | null) =>
  Effect.gen(function* () {
    const { parentId } = yield* find(yield* (yield* Store).folders, id);
    if (parentId !== from) {
      return yield* new Refusal({
        status: 409,
        message: "the folder is elsewhere by now",
        code: "folder_move_conflict",
      });
    }
    return yield* patchFolder(id, { parentId: to });
  });
