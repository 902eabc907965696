/** Events of v1 in the batches they are sent in. */
import { bytesOf } from "../base/utf8.ts";
import { type Batch, type Frame, framed, Gathering, type Limits } from "../request/gathering.ts";
import { EventEncoder } from "./eventEncoder.ts";

const frame: Frame = { before: bytesOf('{"data":['), after: bytesOf("]}") };

/** The body of a request, of events in JSON with commas between them. */
export const bodyOf = (events: Uint8Array): Uint8Array => framed(frame, events);

const decoder = new TextDecoder();

/** Where the events begin and end was not kept: a batch is rarely too large. */
export const halvesOf = ({ body, indexes }: Batch): readonly [Batch, Batch] => {
  const { data }: { readonly data: ReadonlyArray<unknown> } = JSON.parse(decoder.decode(body));
  const events = data.map((event) => JSON.stringify(event));
  const middle = indexes.length >> 1;
  const part = (from: number, to?: number): Batch => ({
    body: bodyOf(bytesOf(events.slice(from, to).join(","))),
    indexes: indexes.slice(from, to),
  });
  return [part(0, middle), part(middle)];
};

export const makeGathering = (limits: Limits): Gathering => {
  const encoder = new EventEncoder();
  return new Gathering(frame, limits, (out, event) => encoder.encode(out, event));
};
