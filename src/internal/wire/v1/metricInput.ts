import type * as DateTime from "effect/DateTime";
import * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";
import * as SchemaGetter from "effect/SchemaGetter";
import {
  always,
  Metadata,
  NonNegativeInt,
  optional,
  text,
  TimestampInput,
  wireStruct,
} from "../schema.ts";

/**
 * One measurement to store.
 *
 * @category models
 */
export interface MetricInput {
  /** Names the event within its experiment, 1 to 200 characters: the service stores one event per id, however often it is sent. */
  readonly clientEventId: string;
  /** 1 to 500 characters (UTF-16 units). Later releases of the service take printable ASCII only, at most 256 bytes of it. */
  readonly name: string;
  /** Finite: JSON has no `NaN` and no infinities. */
  readonly value: number;
  /** A non-negative integer: the step of the training loop. Default: `null`, none. */
  readonly step?: number | null | undefined;
  /** Tells series of one name apart. Later releases of the service take a flat map of strings only. Default: none. */
  readonly metadata?: Metadata | undefined;
  /** When it was, in 1970 or later. Default: when the service gets it. */
  readonly timestamp?: DateTime.Utc | undefined;
}

export const idLength = { min: 1, max: 200 } as const;
export const nameLength = { min: 1, max: 500 } as const;

const clientEventId = text(idLength.min, idLength.max);

/**
 * The schema of {@link MetricInput}.
 *
 * @category models
 */
export const MetricInput = wireStruct(
  {
    // The service's own collector of 0.0.62 leaves it out: such an event is like no other.
    clientEventId: Schema.optionalKey(clientEventId).pipe(
      Schema.decodeTo(Schema.toType(clientEventId), {
        decode: SchemaGetter.withDefault(Effect.sync((): string => crypto.randomUUID())),
        // Ours never does.
        encode: SchemaGetter.required(),
      }),
    ),
    name: text(nameLength.min, nameLength.max),
    value: Schema.Finite,
    step: always(Schema.NullOr(NonNegativeInt), null),
    metadata: optional(Metadata),
    timestamp: optional(TimestampInput),
  },
  { timestamp: "timestamp_ms" },
).annotate({ identifier: "MetricInput" });
