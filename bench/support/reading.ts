/** A page of metrics, as it comes. */
export interface Page {
  readonly metrics: ReadonlyArray<{ readonly value: number }>;
  readonly next_cursor: string | null;
}

/** Looks at every metric that a contender reads, so that none is left out. */
export class Reading {
  #seen = 0;
  #sum = 0;

  add(metrics: Page["metrics"]): void {
    for (const { value } of metrics) {
      this.#sum += value;
      this.#seen++;
    }
  }

  check(count: number): void {
    if (this.#seen !== count || this.#sum === 0) throw new Error(`${this.#seen} of ${count} came`);
  }
}
