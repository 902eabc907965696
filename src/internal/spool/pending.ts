import { type Kind, separator } from "./block.ts";

/**
 * Events of one kind, in the order in which they were offered. A batch that is closed is one string: a thousand that each keep their pieces would keep
 * the garbage collector busy.
 */
export class Pending {
  readonly kind: Kind;
  /** Called when the batch is where it is safe, or out. */
  readonly waiting: Array<() => void> = [];
  #events: Array<string> | undefined = [];
  #body = "";
  #count = 0;

  constructor(kind: Kind) {
    this.kind = kind;
  }

  get count(): number {
    return this.#count;
  }

  push(event: string): void {
    this.#list().push(event);
    this.#count++;
  }

  /** The oldest event goes. */
  drop(): void {
    this.#list().shift();
    this.#count--;
  }

  /** The events as JSON, separated by a comma and a line break. */
  close(): string {
    if (this.#events !== undefined) {
      this.#body = this.#events.join(separator);
      this.#events = undefined;
    }
    return this.#body;
  }

  #list(): Array<string> {
    this.#events ??= this.#body.split(separator);
    return this.#events;
  }
}
