/** Events in the batches they are sent in. */
import type { PlainEvent } from "./event.ts";

/** What one batch may hold. */
export interface Limits {
  /** Events in one request. */
  readonly maxEvents: number;
  /** Bytes of the body of one request, in UTF-8. */
  readonly maxBytes: number;
}

/** An event that was checked: as the contract has it, or its JSON. */
export type Checked = PlainEvent | string;

/** Events, in order. */
export interface Batch {
  readonly events: ReadonlyArray<Checked>;
  /** Where each of them stood in the input. */
  readonly indexes: ReadonlyArray<number>;
}

const utf8 = new TextEncoder();

const jsonOf = (event: Checked): string =>
  typeof event === "string" ? event : JSON.stringify(event);

const bytesOf = (event: Checked): number => utf8.encode(jsonOf(event)).length;

const isPlain = (event: Checked): boolean => typeof event !== "string";

const before = utf8.encode('{"data":[');
const after = utf8.encode("]}");

/** The body of a request, of events in JSON with commas between them. A long text that became a part of another would be copied once more. */
export const bodyOfJson = (events: string): Uint8Array => {
  const middle = utf8.encode(events);
  const body = new Uint8Array(before.length + middle.length + after.length);
  body.set(before);
  body.set(middle, before.length);
  body.set(after, before.length + middle.length);
  return body;
};

export const bodyOf = ({ events }: Pick<Batch, "events">): Uint8Array =>
  events.every(isPlain)
    ? utf8.encode(JSON.stringify({ data: events }))
    : bodyOfJson(events.map(jsonOf).join(","));

export const halvesOf = ({ events, indexes }: Batch): readonly [Batch, Batch] => {
  const middle = events.length >> 1;
  return [
    { events: events.slice(0, middle), indexes: indexes.slice(0, middle) },
    { events: events.slice(middle), indexes: indexes.slice(middle) },
  ];
};

/** Of a plain event, but for its id, its name and its metadata. */
const bytesOfTheRest = 200;

const emptyBody = '{"data":[]}';

/** Gathers events until it is full, or no more fit. An event that is larger than a body may be goes alone. */
export class Gathering {
  readonly #limits: Limits;
  #events: Array<Checked> = [];
  #indexes: Array<number> = [];
  /** Bytes of the body and of one more comma, never less than there are. */
  #atMost = emptyBody.length;
  #exact = false;
  #lastMetadata: PlainEvent["metadata"];
  #lastMetadataBytes = 0;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  get isFull(): boolean {
    return this.#events.length >= this.#limits.maxEvents;
  }

  /** Takes one more event, and answers the batch that it did not fit into any more. */
  add(event: Checked, index: number): Batch | undefined {
    const atMost = this.#bytesAtMost(event);
    const fits =
      this.#events.length === 0 ||
      this.#atMost + atMost <= this.#limits.maxBytes ||
      this.#fits(event);
    const full = fits ? undefined : this.take();
    this.#events.push(event);
    this.#indexes.push(index);
    this.#atMost += 1 + (this.#exact ? bytesOf(event) : atMost);
    return full;
  }

  /** What there is, to begin anew. */
  take(): Batch | undefined {
    if (this.#events.length === 0) return undefined;
    const batch = { events: this.#events, indexes: this.#indexes };
    this.#events = [];
    this.#indexes = [];
    this.#atMost = emptyBody.length;
    this.#exact = false;
    return batch;
  }

  /** Near the limit the bytes are counted. */
  #fits(event: Checked): boolean {
    if (!this.#exact) {
      this.#exact = true;
      this.#atMost = bodyOf({ events: this.#events }).length + 1;
    }
    return this.#atMost + bytesOf(event) <= this.#limits.maxBytes;
  }

  /** No UTF-16 unit takes more than three bytes, or six where JSON escapes it. */
  #bytesAtMost(event: Checked): number {
    if (typeof event === "string") return event.length * 3;
    const { client_event_id: id, metadata, name } = event;
    if (metadata !== undefined && metadata !== this.#lastMetadata) {
      this.#lastMetadata = metadata;
      this.#lastMetadataBytes = JSON.stringify(metadata).length * 3;
    }
    return (
      bytesOfTheRest +
      (id.length + name.length) * 6 +
      (metadata === undefined ? 0 : this.#lastMetadataBytes)
    );
  }
}
