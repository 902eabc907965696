import type { IngestAllProgress, IngestAllResult, InvalidEvent } from "./models.ts";

/** What has become of the batches so far. */
export class Account {
  accepted = 0;
  duplicates = 0;
  batches = 0;
  acknowledged = 0;
  readonly invalid: Array<InvalidEvent> = [];
  /** By the batch's number: the index behind its last event. */
  readonly #done = new Map<number, number>();
  #next = 0;

  /** Batches end in any order, and those behind one that has not ended do not count. */
  settle(batch: number, end: number): void {
    this.#done.set(batch, end);
    for (;;) {
      const acknowledged = this.#done.get(this.#next);
      if (acknowledged === undefined) return;
      this.#done.delete(this.#next++);
      this.acknowledged = acknowledged;
    }
  }

  get progress(): IngestAllProgress {
    const { acknowledged, accepted, duplicates, batches } = this;
    return { acknowledged, accepted, duplicates, batches };
  }

  get result(): IngestAllResult {
    const { accepted, duplicates, batches } = this;
    const invalid = this.invalid.toSorted((a, b) => a.index - b.index);
    return { accepted, duplicates, batches, invalid };
  }
}
