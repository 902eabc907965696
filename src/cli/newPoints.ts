/** Which points of series that are read again were not there the last time. */
import { canonical } from "../internal/base/clientEventId.ts";
import type { Series } from "../v2/Series.ts";

export interface Point {
  readonly name: string;
  readonly metadata: Series["metadata"];
  readonly step: number | null;
  readonly timestampMs: number;
  readonly value: number;
}

/** Remembers columns alone: for a run of a million points that is some 24 MB. */
export class NewPoints {
  #seen = new Map<string, Series>();

  /**
   * Those that are new, the oldest first. Each series has to come in one order, in which what is new may stand
   * anywhere.
   */
  of(all: ReadonlyArray<Series>): ReadonlyArray<Point> {
    const found: Array<Point> = [];
    const seen = new Map<string, Series>();
    for (const series of all) {
      const key = `${canonical(series.metadata)}${series.name}`;
      const before = this.#seen.get(key);
      seen.set(key, series);
      const { metadata, name, steps, timestampsMs, values } = series;
      let next = 0;
      for (const [i, value] of values.entries()) {
        const step = steps[i] ?? null;
        const timestampMs = timestampsMs[i] ?? 0;
        const isKnown =
          before !== undefined &&
          next < before.values.length &&
          before.values[next] === value &&
          before.timestampsMs[next] === timestampMs &&
          before.steps[next] === step;
        if (isKnown) next++;
        else found.push({ name, metadata, step, timestampMs, value });
      }
    }
    this.#seen = seen;
    return found.toSorted((a, b) => a.timestampMs - b.timestampMs);
  }
}
