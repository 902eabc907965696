/** Events, encoded, in the batches they are sent in. */

/** What one batch may hold. */
export interface Limits {
  /** Events in one request. */
  readonly maxEvents: number;
  /** Bytes of the body of one request, in UTF-8. */
  readonly maxBytes: number;
}

const utf8 = new TextEncoder();
const before = '{"metrics":[';
const after = "]}";

/** Encoded events, in order. */
export interface Batch {
  readonly events: ReadonlyArray<string>;
  /** Where each of them stood in the input. */
  readonly indexes: ReadonlyArray<number>;
}

export const bodyOf = ({ events }: Batch): Uint8Array =>
  utf8.encode(before + events.join() + after);

export const halvesOf = ({ events, indexes }: Batch): readonly [Batch, Batch] => {
  const middle = events.length >> 1;
  return [
    { events: events.slice(0, middle), indexes: indexes.slice(0, middle) },
    { events: events.slice(middle), indexes: indexes.slice(middle) },
  ];
};

/** Gathers events until no more fit. An event that is larger than a body may be goes alone. */
export class Gathering {
  readonly #limits: Limits;
  #events: Array<string> = [];
  #indexes: Array<number> = [];
  /** Bytes of the body and of one more comma, never less than there are: no UTF-16 unit takes more than three. */
  #atMost = before.length + after.length;
  #exact = false;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  /** Takes one more event, and answers the batch that it did not fit into any more. */
  add(event: string, index: number): Batch | undefined {
    const full = this.#fits(event) ? undefined : this.take();
    this.#events.push(event);
    this.#indexes.push(index);
    this.#atMost += 1 + (this.#exact ? utf8.encode(event).length : event.length * 3);
    return full;
  }

  /** What there is, to begin anew. */
  take(): Batch | undefined {
    if (this.#events.length === 0) return undefined;
    const batch = { events: this.#events, indexes: this.#indexes };
    this.#events = [];
    this.#indexes = [];
    this.#atMost = before.length + after.length;
    this.#exact = false;
    return batch;
  }

  #fits(event: string): boolean {
    const { maxEvents, maxBytes } = this.#limits;
    if (this.#events.length === 0) return true;
    if (this.#events.length >= maxEvents) return false;
    if (this.#atMost + event.length * 3 <= maxBytes) return true;
    // Near the limit the bytes are counted.
    if (!this.#exact) {
      this.#exact = true;
      this.#atMost = bodyOf({ events: this.#events, indexes: [] }).length + 1;
    }
    return this.#atMost + utf8.encode(event).length <= maxBytes;
  }
}
