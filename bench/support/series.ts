/** What the contenders that read series have in common. */

/** A line of the stream: the points of a series, or the record at its end. */
export interface Line {
  readonly kind?: string;
  readonly data: { readonly value: ReadonlyArray<number> };
}

export const mediaType = "application/vnd.syvain.metric-series+ndjson";

export const queryOf = (experimentId: string) => ({
  series: [{ experimentId }],
  order: { axis: "step", direction: "asc" } as const,
  stream: true,
});

/** Looks at every point that a contender reads, so that none is left out. */
export class Reading {
  #seen = 0;
  #sum = 0;

  add(values: ArrayLike<number> & Iterable<number>): void {
    for (const value of values) this.#sum += value;
    this.#seen += values.length;
  }

  addLine(line: Line): void {
    if (line.kind === undefined) this.add(line.data.value);
  }

  check(count: number): void {
    if (this.#seen !== count || this.#sum === 0) throw new Error(`${this.#seen} of ${count} came`);
  }
}

/** The hand loop over chunks of bytes: whole lines out, the rest kept. */
export class Lines {
  readonly #decoder = new TextDecoder();
  #rest: Array<string> = [];

  *push(chunk: Uint8Array): Generator<string> {
    const [first = "", ...more] = this.#decoder.decode(chunk, { stream: true }).split("\n");
    this.#rest.push(first);
    for (const next of more) {
      yield this.#rest.join("");
      this.#rest = [next];
    }
  }
}
