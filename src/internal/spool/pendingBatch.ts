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

  /** The room is its own until it is let go of. */
  constructor(kind: Kind, room: Uint8Array) {
    this.kind = kind;
    this.#entries = new Utf8(room);
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

  /** No more are to come. Answers the room that it had, if it needs much less. */
  close(): Uint8Array | undefined {
    const { array, written } = this.#entries;
    if (array.length <= written.length * 1.5) return undefined;
    this.#entries.array = written.slice();
    return array;
  }

  /** Its entries are needed no more. Answers the room that they had. */
  letGo(): Uint8Array {
    const { array } = this.#entries;
    this.#entries.array = new Uint8Array();
    this.#entries.length = this.#start = 0;
    return array;
  }
}
