/**
 * Metrics of API v2 as a spool keeps them: the end of an envelope, from the data that tells one from another. What comes
 * before is the same for all and is added when they are sent, as the id of their experiment may not be known before.
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
const field = (name: keyof MetricData, mark = ","): string => `${mark}${JSON.stringify(name)}:`;

const beforeStep = bytesOf(field("step"));
/** Between the data and the id. */
const beforeId = '},"messageId":"';
const afterId = bytesOf('"}');

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
        afterId.length +
        2 * numberBytes,
    );
    const { array } = out;
    let at = putBytes(array, out.length, name);
    at = putNumber(array, at, value);
    at = putBytes(array, at, beforeStep);
    at = putCount(array, at, step);
    at = putBytes(array, at, rest);
    at = putBytes(array, at, idBytes);
    out.length = putBytes(array, at, afterId);
  },
};

/** Any other, of its data as the wire has it. An id has nothing that JSON would escape. */
export const metricEntry = (id: string, data: unknown): Uint8Array =>
  bytesOf(`${JSON.stringify(data).slice(1, -1)}${beforeId}${id}"}`);

// -----------------------------------------------------------------------------
// Envelopes
// -----------------------------------------------------------------------------

/** What an envelope takes beside its entry, with an id of usual length; bytes. */
export const roomOfEnvelopes = 160;

const decoder = new TextDecoder();
const quote = 0x22;
const space = 0x20;
/** The ids of a batch, each with a space behind it: room that is used again. */
const ids = new Utf8();

/** Where entries begin. */
const startsOf = (entries: Uint8Array): ReadonlyArray<number> => {
  const starts = [0];
  for (let at = entries.indexOf(lineBreak); at !== -1; at = entries.indexOf(lineBreak, at + 1)) {
    starts.push(at + 1);
  }
  return starts;
};

/** The body of a request, of entries as a spool has them. */
export const enveloped = (entries: Uint8Array, experimentId: string): Batch => {
  const before = bytesOf(
    `{"event":${JSON.stringify(recordMetrics.event)},"data":{${field("experimentId", "")}${JSON.stringify(experimentId)},`,
  );
  const starts = startsOf(entries);
  const body = new Uint8Array(2 + entries.length + starts.length * before.length);
  ids.length = 0;
  ids.reserve(entries.length);
  let [at, idsEnd] = [0, 0];
  body[at++] = 0x5b;
  // Moved from the end to where they belong, which takes less than a view of each.
  const moved = body.length - 1 - entries.length;
  body.set(entries, moved);
  for (const [i, start] of starts.entries()) {
    const next = starts[i + 1] ?? entries.length;
    at = putBytes(body, at, before);
    body.copyWithin(at, moved + start, moved + next);
    at += next - start;
    const idEnd = (next === entries.length ? next : next - separator.length) - afterId.length;
    let id = idEnd;
    while (entries[id - 1] !== quote) id--;
    while (id < idEnd) ids.array[idsEnd++] = entries[id++] as number;
    ids.array[idsEnd++] = space;
  }
  body[at] = 0x5d;
  ids.length = idsEnd;
  const all = decoder.decode(ids.written).split(" ").slice(0, starts.length);
  return { body, ids: all, indexes: all.map((_, index) => index) };
};
