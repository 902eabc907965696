import type * as DateTime from "effect/DateTime";
import * as Schema from "effect/Schema";
import { define } from "./operation.ts";
import {
  Id,
  Metadata,
  nextCursor,
  NonNegativeInt,
  optional,
  paged,
  Timestamp,
  wireStruct,
} from "./schema.ts";

/** The longest annotation text, in characters (Unicode code points). */
export const maxTextLength = 16_000;

/** The largest annotation metadata, in UTF-8 bytes of compact JSON. */
export const maxMetadataBytes = 65_536;

/** A note on an experiment. */
export interface Annotation {
  readonly id: string;
  readonly experimentId: string;
  readonly text: string;
  readonly step: number | null;
  readonly timestamp: DateTime.Utc | null;
  readonly metadata: Metadata;
  readonly clientEventId: string | null;
  readonly createdAt: DateTime.Utc;
}

export const Annotation = wireStruct({
  id: Id,
  experimentId: Id,
  text: Schema.String,
  step: Schema.NullOr(Schema.Int),
  timestamp: Schema.NullOr(Timestamp),
  metadata: Metadata,
  clientEventId: Schema.NullOr(Schema.String),
  createdAt: Timestamp,
}).annotate({ identifier: "Annotation" });

/** An annotation to create. */
export interface AnnotationInput {
  /** At most 16,000 characters. */
  readonly text: string;
  /** A non-negative integer: the step of the training loop. */
  readonly step?: number | undefined;
  readonly timestamp?: DateTime.Utc | undefined;
  /** At most 65,536 UTF-8 bytes of compact JSON. */
  readonly metadata?: Metadata | undefined;
  /** Names the event within its experiment: the service stores one annotation per id. */
  readonly clientEventId?: string | undefined;
}

const hasAtMost = (characters: number) => (text: string) => {
  // Code points are never more than UTF-16 units, so a short string needs no count.
  if (text.length <= characters) return true;
  let count = 0;
  for (const _ of text) count++;
  return count <= characters;
};

export const AnnotationInput = wireStruct({
  text: Schema.String.check(
    Schema.makeFilter(hasAtMost(maxTextLength), {
      expected: `at most ${maxTextLength} characters`,
    }),
  ),
  step: optional(NonNegativeInt),
  timestamp: optional(Timestamp),
  metadata: optional(
    Metadata.check(
      Schema.makeFilter(
        (metadata) =>
          new TextEncoder().encode(JSON.stringify(metadata)).byteLength <= maxMetadataBytes,
        { expected: `at most ${maxMetadataBytes} UTF-8 bytes of JSON` },
      ),
    ),
  ),
  clientEventId: optional(Schema.NonEmptyString),
}).annotate({ identifier: "AnnotationInput" });

export const listAnnotations = define({
  name: "Annotations.list",
  summary: "List the annotations of an experiment.",
  method: "GET",
  path: "/experiments/:experiment_id/annotations",
  query: wireStruct(paged({})),
  success: wireStruct({ annotations: Schema.Array(Annotation), nextCursor }),
  status: 200,
  auth: "apiKey",
  retry: "safe",
  timeout: "timeout",
});

export const createAnnotation = define({
  name: "Annotations.create",
  summary: "Annotate an experiment.",
  method: "POST",
  path: "/experiments/:experiment_id/annotations",
  payload: AnnotationInput,
  success: wireStruct({ annotation: Annotation }),
  status: 201,
  auth: "ingestionKey",
  retry: "keyed",
  timeout: "ingestTimeout",
});
