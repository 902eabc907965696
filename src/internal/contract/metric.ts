import type * as DateTime from "effect/DateTime";
import * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";
import { Metadata, NonNegativeInt, optional, Timestamp, wireStruct } from "./schema.ts";

/** One measurement to store. */
export interface MetricInput {
  /** Names the event within its experiment: the service stores one event per id, however often it is sent. */
  readonly clientEventId: string;
  readonly name: string;
  /** Finite: JSON has no `NaN` and no infinities. */
  readonly value: number;
  /** A non-negative integer: the step of the training loop. */
  readonly step?: number | undefined;
  readonly timestamp?: DateTime.Utc | undefined;
  readonly metadata?: Metadata | undefined;
}

export const MetricInput = wireStruct({
  clientEventId: Schema.NonEmptyString,
  name: Schema.NonEmptyString,
  value: Schema.Finite,
  step: optional(NonNegativeInt),
  timestamp: optional(Timestamp),
  metadata: optional(Metadata),
}).annotate({ identifier: "MetricInput" });

/** One stored measurement. */
export interface Metric {
  readonly clientEventId: string;
  readonly name: string;
  readonly value: number;
  readonly step: number | null;
  readonly timestamp: DateTime.Utc | null;
  /** `{}` when none was given. */
  readonly metadata: Metadata;
}

/** Left out is the same as empty. */
export const metadataOrEmpty = Metadata.pipe(Schema.withDecodingDefaultKey(Effect.succeed({})));

export const Metric = wireStruct({
  clientEventId: Schema.String,
  name: Schema.String,
  value: Schema.Finite,
  step: Schema.NullOr(Schema.Int),
  timestamp: Schema.NullOr(Timestamp),
  metadata: metadataOrEmpty,
}).annotate({ identifier: "Metric" });
