/** Events are encoded when they are recorded: what is written to a spool is what is sent. */
import * as DateTime from "effect/DateTime";
import * as Result from "effect/Result";
import type { EventOptions } from "../../Collector.ts";
import { AnnotationInput, maxMetadataBytes } from "../contract/annotations.ts";
import { encodeEvent } from "../ingest/encodeEvent.ts";
import { type Encode, makeEncode, tooDeep } from "../road/encode.ts";
import type { Issue } from "../road/issue.ts";

/** The JSON of an event, or why it is left out. */
export type Encoded = Result.Result<string, Issue>;

let last = DateTime.makeUnsafe(0);

/** Many events are of the same millisecond. */
const instant = (millis: number): DateTime.Utc =>
  last.epochMilliseconds === millis ? last : (last = DateTime.makeUnsafe(millis));

const utf8 = new TextEncoder();

const isOversized = (json: string): boolean =>
  json.length * 3 > maxMetadataBytes && utf8.encode(json).byteLength > maxMetadataBytes;

const oversized: Encoded = Result.fail({
  path: ["metadata"],
  expected: `at most ${maxMetadataBytes} UTF-8 bytes of JSON`,
});

/** The id looks at metadata that was not checked yet, and may be a circle. */
const checked = (encode: () => Encoded): Encoded => {
  try {
    return encode();
  } catch {
    return Result.fail({ ...tooDeep, path: ["metadata"] });
  }
};

export const encodeMetric = (
  clientEventId: () => string,
  name: string,
  value: number,
  { step, metadata, timestamp }: EventOptions,
  now: number,
): Encoded =>
  checked(() => {
    const encoded = encodeEvent({
      clientEventId: clientEventId(),
      name,
      value,
      step,
      timestamp: timestamp ?? instant(now),
      metadata,
    });
    if (typeof encoded !== "string") return Result.fail(encoded);
    // The rest of the event is small, but for its name.
    return metadata !== undefined &&
      encoded.length * 3 > maxMetadataBytes &&
      isOversized(JSON.stringify(metadata))
      ? oversized
      : Result.succeed(encoded);
  });

let encodeInput: Encode | undefined;

export const encodeAnnotation = (
  clientEventId: () => string,
  text: string,
  { step, metadata, timestamp }: EventOptions,
  now: number,
): Encoded =>
  checked(() => {
    encodeInput ??= makeEncode(AnnotationInput);
    const input = {
      clientEventId: clientEventId(),
      text,
      step,
      timestamp: timestamp ?? instant(now),
      metadata,
    };
    return Result.map(encodeInput(input), (encoded) => JSON.stringify(encoded));
  });
