/**
 * Metrics of API v2 as a spool keeps them, the id of the message and its data, and as they are sent, in envelopes. The
 * id of their experiment comes in when they are sent, as it may not be known before.
 */
import { bytesOf, numberBytes, putBytes, putCount, putNumber, Utf8 } from "../base/utf8.ts";
import type { Series } from "../base/plainEvent.ts";
import type { EventFormat } from "../ingest/eventWriter.ts";
import type { Batch } from "../runs/points.ts";
import { lineBreak, separator } from "../spool/block.ts";
import type { Metadata } from "../wire/schema.ts";
import { type MetricData, recordMetrics } from "../wire/v2/runs.ts";

// -----------------------------------------------------------------------------
// Metadata
// -----------------------------------------------------------------------------

/** Metadata is a flat map of texts there: what is none is its JSON, as the service shows that of v1. */
export const textsOf = (metadata: Metadata = {}): { readonly [name: string]: string } =>
  Object.fromEntries(
    Object.entries(metadata).map(([name, value]) => [
      name,
      typeof value === "string" ? value : JSON.stringify(value),
    ]),
  );

// -----------------------------------------------------------------------------
// Entries
// -----------------------------------------------------------------------------

/** The name of a field as JSON, with what stands before it. */
const before = (name: keyof MetricData, mark = ","): string => `${mark}${JSON.stringify(name)}:`;

const beforeStep = bytesOf(before("step"));
const start = bytesOf(" {");
const end = 0x7d;

export const formatV2: EventFormat = {
  nameField: (name) =>
    bytesOf(before("metricName", "") + JSON.stringify(name) + before("metricValue")),
  metadataField: ({ fields }: Series) => before("meta") + JSON.stringify(textsOf(fields)),
  noMetadata: `${before("meta")}{}`,
  timeField: (time) => `${before("timestampMs")}${time}`,
  put: (out, id, name, value, step = 0, rest) => {
    const idBytes = typeof id === "string" ? bytesOf(id) : id;
    out.reserve(
      idBytes.length +
        start.length +
        name.length +
        beforeStep.length +
        rest.length +
        2 * numberBytes +
        1,
    );
    const { array } = out;
    let at = putBytes(array, out.length, idBytes);
    at = putBytes(array, at, start);
    at = putBytes(array, at, name);
    at = putNumber(array, at, value);
    at = putBytes(array, at, beforeStep);
    at = putCount(array, at, step);
    at = putBytes(array, at, rest);
    array[at] = end;
    out.length = at + 1;
  },
};

// -----------------------------------------------------------------------------
// Envelopes
// -----------------------------------------------------------------------------

const beforeId = bytesOf('{"messageId":"');
const space = 0x20;
const comma = 0x2c;
const decoder = new TextDecoder();

/** What an envelope takes beside its entry, with an id of usual length; bytes. */
export const roomOfEnvelopes = 160;

const byte = (out: Utf8, value: number): void => {
  out.reserve(1);
  out.array[out.length++] = value;
};

/** The body of a request, of entries as a spool has them. */
export const enveloped = (entries: Uint8Array, experimentId: string): Batch => {
  const afterId = bytesOf(
    `","event":${JSON.stringify(recordMetrics.event)},"data":{${JSON.stringify("experimentId")}:${JSON.stringify(experimentId)},`,
  );
  const out = new Utf8(new Uint8Array(entries.length * 2 + 1024));
  /** The ids, each with a space behind it. */
  const ids = new Utf8();
  let count = 0;
  for (let from = 0; from < entries.length;) {
    const found = entries.indexOf(lineBreak, from);
    const to = found === -1 ? entries.length : found + 1 - separator.length;
    const idEnd = entries.indexOf(space, from);
    ids.append(entries.subarray(from, idEnd + 1));
    byte(out, count++ === 0 ? 0x5b : comma);
    out.append(beforeId);
    out.append(entries.subarray(from, idEnd));
    out.append(afterId);
    // Behind the space and the bracket.
    out.append(entries.subarray(idEnd + start.length, to));
    byte(out, end);
    from = found === -1 ? entries.length : found + 1;
  }
  byte(out, 0x5d);
  const all = decoder.decode(ids.written).split(" ").slice(0, count);
  return { body: out.written, ids: all, indexes: all.map((_, index) => index) };
};
