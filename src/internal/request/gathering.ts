/** Events of a bulk call, of either generation, in the batches they are sent in. */
import type { Issue } from "../base/issue.ts";
import { Utf8 } from "../base/utf8.ts";

/** What one batch may hold. */
export interface Limits {
  /** Events in one request. */
  readonly maxEvents: number;
  /** Bytes of the body of one request, in UTF-8. */
  readonly maxBytes: number;
}

/** Events, in order. */
export interface Batch {
  /** The body of their request. */
  readonly body: Uint8Array;
  /** Where each of them stood in the input. */
  readonly indexes: ReadonlyArray<number>;
}

/** What stands around the events of a body. */
export interface Frame {
  readonly before: Uint8Array;
  readonly after: Uint8Array;
}

/** Appends an event to a body, or says what is wrong with it. */
export type Encode = (out: Utf8, event: unknown) => Issue | undefined;

const comma = 0x2c;

/** The body of a request, of events in JSON with commas between them. */
export const framed = ({ before, after }: Frame, events: Uint8Array): Uint8Array => {
  const body = new Uint8Array(before.length + events.length + after.length);
  body.set(before);
  body.set(events, before.length);
  body.set(after, before.length + events.length);
  return body;
};

/** Gathers events until it is full, or no more fit. An event that is larger than a body may be goes alone. */
export class Gathering {
  readonly #frame: Frame;
  readonly #limits: Limits;
  readonly #encode: Encode;
  /** The body so far, with a comma behind every event. */
  readonly #out = new Utf8();
  #indexes: Array<number> = [];

  constructor(frame: Frame, limits: Limits, encode: Encode) {
    this.#frame = frame;
    this.#limits = limits;
    this.#encode = encode;
    this.#begin();
  }

  get isFull(): boolean {
    return this.#indexes.length >= this.#limits.maxEvents;
  }

  /** Takes one more event. Answers the batch that it did not fit into any more, or what is wrong with it. */
  add(event: unknown, index: number): Batch | Issue | undefined {
    const out = this.#out;
    const { after } = this.#frame;
    const start = out.length;
    const issue = this.#encode(out, event);
    if (issue !== undefined) return issue;
    let full: Batch | undefined;
    if (out.length + after.length > this.#limits.maxBytes && this.#indexes.length > 0) {
      const json = out.array.slice(start, out.length);
      out.length = start;
      full = this.take();
      out.reserve(json.length);
      out.array.set(json, out.length);
      out.length += json.length;
    }
    out.reserve(after.length);
    out.array[out.length++] = comma;
    this.#indexes.push(index);
    return full;
  }

  /** What there is, to begin anew. */
  take(): Batch | undefined {
    if (this.#indexes.length === 0) return undefined;
    const { array, length } = this.#out;
    const { after } = this.#frame;
    // In the place of the last comma.
    array.set(after, length - 1);
    const batch = { body: array.slice(0, length - 1 + after.length), indexes: this.#indexes };
    this.#begin();
    return batch;
  }

  #begin(): void {
    const { before } = this.#frame;
    this.#out.length = before.length;
    this.#out.array.set(before);
    this.#indexes = [];
  }
}
