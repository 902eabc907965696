import { Utf8 } from "../base/utf8.ts";
import { lineBreak, separator } from "./block.ts";
import type { Entry, Kind } from "./service.ts";

/** Entries of one kind, in the order in which they were offered: as the bytes that are written and sent. */
export class PendingBatch {
  readonly kind: Kind;
  /** Called when the batch is where it is safe, or out. */
  readonly waiting: Array<() => void> = [];
  /** Its last entry came when it should have been closed. */
  isLate = false;
  readonly #entries: Utf8;
  /** Where the first of them begins. */
  #start = 0;
  #count = 0;

  constructor(kind: Kind, capacity?: number) {
    this.kind = kind;
    this.#entries = new Utf8(capacity);
  }

  get count(): number {
    return this.#count;
  }

  push(entry: Entry): void {
    if (this.#count++ > 0) this.#entries.append(separator);
    this.#entries.append(entry);
  }

  /** The oldest entry goes. */
  drop(): void {
    const entries = this.#entries.written;
    const end = entries.indexOf(lineBreak, this.#start);
    this.#start = end === -1 ? entries.length : end + 1;
    this.#count--;
  }

  /** The entries, with a comma and a line break between them. */
  get body(): Uint8Array {
    return this.#entries.written.subarray(this.#start);
  }

  /** Lets go of room that it does not need, when no more are to come. */
  close(): void {
    const { array, written } = this.#entries;
    if (array.length > written.length * 1.5) this.#entries.array = written.slice();
  }
}
