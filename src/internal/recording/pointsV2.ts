/**
 * Metrics of API v2 as a spool keeps them: the end of an envelope, from the data that tells one from another. What comes
 * before is the same for all and is added when they are sent, as the id of their experiment may not be known before.
 */
import { bytesOf, numberBytes, putBytes, putCount, putNumber, Utf8 } from "../base/utf8.ts";
import type { Series } from "../base/plainEvent.ts";
import { beforeField } from "../base/putEvent.ts";
import type { EventFormat } from "../ingest/eventWriter.ts";
import type { Batch } from "../runs/points.ts";
import { splitEntries } from "../spool/block.ts";
import type { Metadata } from "../wire/schema.ts";
import type { Envelope } from "../wire/v2/envelope.ts";
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

const inEnvelope = (name: keyof Envelope, mark?: string): string => beforeField(name, mark);
const field = (name: keyof MetricData, mark?: string): string => beforeField(name, mark);

const beforeStep = bytesOf(field("step"));
/** Between the data and the id. */
const beforeId = `}${inEnvelope("messageId")}"`;
const afterId = '"}';
const afterIdBytes = bytesOf(afterId);

export const formatV2: EventFormat = {
  nameField: (name) =>
    bytesOf(field("metricName", "") + JSON.stringify(name) + field("metricValue")),
  metadataField: ({ fields }: Series) => field("meta") + JSON.stringify(textsOf(fields)),
  noMetadata: `${field("meta")}{}`,
  timeField: (time) => field("timestampMs") + time + beforeId,
  put: (out, id, name, value, step = 0, rest) => {
    const idBytes = typeof id === "string" ? bytesOf(id) : id;
    out.reserve(
      name.length +
        beforeStep.length +
        rest.length +
        idBytes.length +
        afterIdBytes.length +
        2 * numberBytes,
    );
    const { array } = out;
    let at = putBytes(array, out.length, name);
    at = putNumber(array, at, value);
    at = putBytes(array, at, beforeStep);
    at = putCount(array, at, step);
    at = putBytes(array, at, rest);
    at = putBytes(array, at, idBytes);
    out.length = putBytes(array, at, afterIdBytes);
  },
};

/** Any other, of its data as the wire has it. An id has nothing that JSON would escape. */
export const metricEntry = (id: string, data: unknown): Uint8Array =>
  bytesOf(`${JSON.stringify(data).slice(1, -1)}${beforeId}${id}${afterId}`);

// -----------------------------------------------------------------------------
// Envelopes
// -----------------------------------------------------------------------------

/** What an envelope takes beside its entry, with an id of usual length; bytes. */
export const roomOfEnvelopes = 160;

const decoder = new TextDecoder();
const quote = 0x22;
const comma = 0x2c;
/** The ids of a batch, each with its quote behind it: room that is used again. */
const ids = new Utf8();

/** The body of a request, of entries as a spool has them. */
export const enveloped = (entries: Uint8Array, experimentId: string): Batch => {
  const event = inEnvelope("event", "{") + JSON.stringify(recordMetrics.event);
  const data = `${inEnvelope("data")}${field("experimentId", "{")}${JSON.stringify(experimentId)},`;
  const before = bytesOf(event + data);
  const all = splitEntries(entries);
  const body = new Uint8Array(2 + entries.length + all.length * before.length);
  body[0] = 0x5b;
  let at = 1;
  ids.length = 0;
  for (const [i, entry] of all.entries()) {
    if (i > 0) body[at++] = comma;
    at = putBytes(body, putBytes(body, at, before), entry);
    const idEnd = entry.length - afterId.length;
    ids.append(entry.subarray(entry.lastIndexOf(quote, idEnd - 1) + 1, idEnd + 1));
  }
  body[at++] = 0x5d;
  return {
    body: body.subarray(0, at),
    ids: decoder.decode(ids.written).split('"').slice(0, all.length),
    indexes: all.map((_, index) => index),
  };
};
