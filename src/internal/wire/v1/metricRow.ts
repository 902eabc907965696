import * as Schema from "effect/Schema";
import * as SchemaGetter from "effect/SchemaGetter";
import { isJsonObject, Metadata, nullable, wireStruct } from "../schema.ts";

/**
 * One stored measurement, with its experiment.
 *
 * @category models
 */
export interface MetricRow {
  readonly eventId: string;
  readonly orgId: string;
  readonly experimentId: string;
  readonly experimentSlug: string;
  readonly experimentDescription: string | null;
  /** The metadata of the experiment. Rows that follow one another share one object where it is the same text. */
  readonly experimentMetadata: Metadata | null;
  readonly metricName: string;
  readonly metricValue: number;
  readonly step: number | null;
  /** The metadata of the event, `{}` when it has none. Rows that follow one another share one object where it is the same text. */
  readonly metadata: Metadata;
  /** Unix milliseconds. */
  readonly clientTimestampMs: number;
  /** Unix milliseconds. */
  readonly serverTimestampMs: number;
}

/** A JSON object inside a string. Thousands of rows have the same text, one behind the other: it is read once, and the object shared. */
const metadataText = () => {
  let lastText = "";
  let last: Metadata | undefined;
  const read = (text: string): Metadata | undefined => {
    if (text === lastText) return last;
    lastText = text;
    try {
      const json: Schema.Json = JSON.parse(text);
      last = isJsonObject(json) ? json : undefined;
    } catch {
      last = undefined;
    }
    return last;
  };
  return Schema.String.check(
    Schema.makeFilter((text: string) => read(text) !== undefined, {
      expected: "the JSON text of an object",
    }),
  ).pipe(
    Schema.decodeTo(Schema.toType(Metadata), {
      decode: SchemaGetter.transform((text) => read(text) ?? {}),
      encode: SchemaGetter.transform((metadata) => JSON.stringify(metadata)),
    }),
  );
};

/**
 * The schema of {@link MetricRow}.
 *
 * @category models
 */
export const MetricRow = wireStruct(
  {
    eventId: Schema.String,
    orgId: Schema.String,
    experimentId: Schema.String,
    experimentSlug: Schema.String,
    experimentDescription: nullable(Schema.String),
    experimentMetadata: nullable(metadataText()),
    metricName: Schema.String,
    metricValue: Schema.Finite,
    step: nullable(Schema.Int),
    metadata: metadataText(),
    clientTimestampMs: Schema.Int,
    serverTimestampMs: Schema.Int,
  },
  { experimentMetadata: "experiment_metadata_json", metadata: "event_metadata_json" },
).annotate({ identifier: "MetricRow" });
