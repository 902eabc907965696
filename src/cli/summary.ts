/** What there is of each series, added up while it arrives. */
import { canonical } from "../internal/base/clientEventId.ts";
import type * as Series from "../v2/Series.ts";

export interface Summary {
  readonly name: string;
  readonly metadata: Series.Series["metadata"];
  points: number;
  /** The step of the last point, in the order in which they were read. */
  lastStep: number | null;
  last: number;
  min: number;
  max: number;
  mean: number;
}

export const metadataInWords = (metadata: Series.Series["metadata"]): string =>
  Object.entries(metadata)
    .map(([key, value]) => `${key}=${value}`)
    .join(" ");

export class Summaries {
  readonly #all = new Map<string, Summary>();

  add({ name, metadata, steps, values }: Series.Series): void {
    const key = `${canonical(metadata)}${name}`;
    let summary = this.#all.get(key);
    if (summary === undefined) {
      summary = {
        name,
        metadata,
        points: 0,
        lastStep: null,
        last: NaN,
        min: Infinity,
        max: -Infinity,
        mean: 0,
      };
      this.#all.set(key, summary);
    }
    for (const value of values) {
      summary.points++;
      if (value < summary.min) summary.min = value;
      if (value > summary.max) summary.max = value;
      summary.mean += (value - summary.mean) / summary.points;
      summary.last = value;
    }
    if (values.length > 0) summary.lastStep = steps[values.length - 1] ?? null;
  }

  /** By name, and those of one name as they came. */
  get all(): ReadonlyArray<Summary> {
    return [...this.#all.values()].toSorted((a, b) =>
      a.name === b.name ? 0 : a.name < b.name ? -1 : 1,
    );
  }
}
