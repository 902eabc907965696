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
  /** With a comma between them. */
  readonly json: string;
  /** Where in it each of them ends. */
  readonly ends: ReadonlyArray<number>;
  /** Where each of them stood in the input. */
  readonly indexes: ReadonlyArray<number>;
}

const encoded = (json: string): Uint8Array => utf8.encode(before + json + after);

export const bodyOf = ({ json }: Batch): Uint8Array => encoded(json);

export const halvesOf = ({ json, ends, indexes }: Batch): readonly [Batch, Batch] => {
  const middle = ends.length >> 1;
  const end = ends[middle - 1] ?? 0;
  const start = end + 1;
  return [
    { json: json.slice(0, end), ends: ends.slice(0, middle), indexes: indexes.slice(0, middle) },
    {
      json: json.slice(start),
      ends: ends.slice(middle).map((end) => end - start),
      indexes: indexes.slice(middle),
    },
  ];
};

/** Gathers events until it is full, or no more fit. An event that is larger than a body may be goes alone. */
export class Gathering {
  readonly #limits: Limits;
  /** One text that grows is half as dear as an array that is joined. */
  #json = "";
  #ends: Array<number> = [];
  #indexes: Array<number> = [];
  /** Bytes of the body and of one more comma, never less than there are: no UTF-16 unit takes more than three. */
  #atMost = before.length + after.length;
  #exact = false;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  get isFull(): boolean {
    return this.#ends.length >= this.#limits.maxEvents;
  }

  /** Takes one more event, and answers the batch that it did not fit into any more. */
  add(event: string, index: number): Batch | undefined {
    const full = this.#fits(event) ? undefined : this.take();
    this.#json = this.#ends.length === 0 ? event : `${this.#json},${event}`;
    this.#ends.push(this.#json.length);
    this.#indexes.push(index);
    this.#atMost += 1 + (this.#exact ? utf8.encode(event).length : event.length * 3);
    return full;
  }

  /** What there is, to begin anew. */
  take(): Batch | undefined {
    if (this.#ends.length === 0) return undefined;
    const batch = { json: this.#json, ends: this.#ends, indexes: this.#indexes };
    this.#json = "";
    this.#ends = [];
    this.#indexes = [];
    this.#atMost = before.length + after.length;
    this.#exact = false;
    return batch;
  }

  #fits(event: string): boolean {
    const { maxBytes } = this.#limits;
    if (this.#ends.length === 0) return true;
    if (this.#atMost + event.length * 3 <= maxBytes) return true;
    // Near the limit the bytes are counted.
    if (!this.#exact) {
      this.#exact = true;
      this.#atMost = encoded(this.#json).length + 1;
    }
    return this.#atMost + utf8.encode(event).length <= maxBytes;
  }
}
