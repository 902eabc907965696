import type * as DateTime from "effect/DateTime";
import * as Schema from "effect/Schema";
import { fitsUtf8 } from "../../base/fitsUtf8.ts";
import {
  always,
  Metadata,
  metadataOrEmpty,
  optional,
  text,
  Timestamp,
  wireStruct,
} from "../schema.ts";
import { Experiment, withUrlOn } from "./experiment.ts";
import { defineV1 } from "./generation.ts";

/** The largest annotation metadata, in UTF-8 bytes of compact JSON. */
export const maxMetadataBytes = 65_536;

/**
 * A note on an experiment.
 *
 * @category models
 */
export interface Annotation {
  readonly id: string;
  readonly experimentId: string;
  /** The text. */
  readonly annotation: string;
  readonly metadata: Metadata;
  readonly createdAt: DateTime.Utc;
}

/**
 * The schema of {@link Annotation}.
 *
 * @category models
 */
export const Annotation = wireStruct(
  {
    id: Schema.String,
    experimentId: Schema.String,
    annotation: Schema.String,
    metadata: metadataOrEmpty,
    createdAt: Timestamp,
  },
  { createdAt: "created_at_ms" },
).annotate({ identifier: "Annotation" });

/**
 * An annotation to create.
 *
 * @category models
 */
export interface AnnotationInput {
  /** The text, 1 to 16,000 characters (UTF-16 units). */
  readonly annotation: string;
  /** At most 65,536 UTF-8 bytes of compact JSON. Default: `{}`. */
  readonly metadata?: Metadata | undefined;
}

/** Whether metadata is as small as the service takes it. */
const isSmallEnough = (metadata: Metadata): boolean =>
  fitsUtf8(JSON.stringify(metadata), maxMetadataBytes);

/** Metadata as small as the service takes it. */
export const SmallMetadata = Metadata.check(
  Schema.makeFilter(isSmallEnough, {
    expected: `at most ${maxMetadataBytes} UTF-8 bytes of JSON`,
  }),
);

/**
 * The schema of {@link AnnotationInput}.
 *
 * @category models
 */
export const AnnotationInput = wireStruct({
  annotation: text(1, 16_000),
  metadata: always(SmallMetadata, {}),
}).annotate({ identifier: "AnnotationInput" });

/**
 * The annotation that was made, and its experiment where the service tells it.
 *
 * @category models
 */
export interface CreatedAnnotation {
  readonly annotation: Annotation;
  readonly experiment?: Experiment;
}

export const listAnnotations = defineV1({
  name: "Annotations.list",
  summary: "List the annotations of an experiment, the newest first.",
  method: "GET",
  path: "/experiments/:experiment_id/annotations",
  query: wireStruct({
    from: optional(Timestamp),
    to: optional(Timestamp),
    limit: optional(Schema.Int),
  }),
  success: wireStruct({ annotations: Schema.Array(Annotation) }),
  status: 200,
  auth: "apiKey",
  repeat: "safe",
  timeout: "timeout",
});

export const createAnnotation = defineV1({
  name: "Annotations.create",
  summary: "Annotate an experiment.",
  method: "POST",
  path: "/experiments/:experiment_id/annotations",
  payload: AnnotationInput,
  success: wireStruct({ annotation: Annotation, experiment: Schema.optionalKey(Experiment) }),
  onHost: ({ annotation, experiment }: CreatedAnnotation, host: string): CreatedAnnotation =>
    experiment === undefined
      ? { annotation }
      : { annotation, experiment: withUrlOn(experiment, host) },
  status: 201,
  auth: "ingestionKey",
  repeat: "keyed",
  timeout: "ingestTimeout",
});
