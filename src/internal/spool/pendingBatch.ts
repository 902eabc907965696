import { separator } from "./block.ts";
import type { Kind } from "./service.ts";

/**
 * Entries of one kind, in the order in which they were offered. A batch that is closed is one string: a thousand that
 * each keep their pieces would keep the garbage collector busy.
 */
export class PendingBatch {
  readonly kind: Kind;
  /** Called when the batch is where it is safe, or out. */
  readonly waiting: Array<() => void> = [];
  /** Its last entry came when it should have been closed. */
  isLate = false;
  #entries: Array<string> | undefined = [];
  #body = "";
  #count = 0;

  constructor(kind: Kind) {
    this.kind = kind;
  }

  get count(): number {
    return this.#count;
  }

  push(entry: string): void {
    this.#list().push(entry);
    this.#count++;
  }

  /** The oldest entry goes. */
  drop(): void {
    this.#list().shift();
    this.#count--;
  }

  /** The entries, with a comma and a line break between them. */
  close(): string {
    if (this.#entries !== undefined) {
      this.#body = this.#entries.join(separator);
      this.#entries = undefined;
    }
    return this.#body;
  }

  #list(): Array<string> {
    this.#entries ??= this.#body.split(separator);
    return this.#entries;
  }
}
