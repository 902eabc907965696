import * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";
import { wireStruct } from "../schema.ts";

/**
 * A folder: a place for experiments and for other folders.
 *
 * @category models
 */
export interface Folder {
  readonly folderId: string;
  readonly orgId: string;
  readonly name: string;
  /** The ids of the folders around it, the outermost first; empty at the top level. */
  readonly parentIdPath: ReadonlyArray<string>;
  /** The names on the way to it: `/models/mamba`. */
  readonly pathName: string;
}

/**
 * The schema of {@link Folder}.
 *
 * @category models
 */
export const Folder = wireStruct({
  folderId: Schema.String,
  orgId: Schema.String,
  name: Schema.String,
  parentIdPath: Schema.Array(Schema.String).pipe(Schema.withDecodingDefaultKey(Effect.succeed([]))),
  pathName: Schema.String,
}).annotate({ identifier: "Folder" });
