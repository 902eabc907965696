/** Points of one series in their order, from one to another. */
import * as Effect from "effect/Effect";
import type * as SqlError from "effect/sql/SqlError";
import type { Events } from "../buckets.ts";
import type { Driver } from "./driver.ts";

/** How many are read at once. */
const pointsAtOnce = 10_000;

/** Where a point lies. */
export interface Place {
  readonly step: number;
  readonly time: number;
  readonly sequence: number;
}

export const allAt = (number: number): Place => ({ step: number, time: number, sequence: number });

/** Before and behind all points. */
export const start = allAt(-2);
export const end = allAt(2 ** 53);

export const isBefore = (a: Place, b: Place): boolean =>
  a.step !== b.step
    ? a.step < b.step
    : a.time !== b.time
      ? a.time < b.time
      : a.sequence < b.sequence;

const none = new Float64Array();

/** The first is outside, the last is inside. */
export interface Range {
  readonly after: Place;
  readonly last: Place;
}

export const makeRanges = ({ sql, columns }: Driver) => {
  const isWithin = (series: number, { after, last }: Range) => sql`series = ${series}
    AND (step, time, sequence) > (${after.step}, ${after.time}, ${after.sequence})
    AND (step, time, sequence) <= (${last.step}, ${last.time}, ${last.sequence})`;

  /** The first so many. */
  const read = (series: number, range: Range, most: number) =>
    Effect.map(
      columns(sql`
        SELECT step, time, value, sequence FROM points WHERE ${isWithin(series, range)}
        ORDER BY step, time, sequence LIMIT ${most}`),
      ([steps = none, times = none, values = none, sequences = none]) => ({
        steps,
        times,
        values,
        sequences,
      }),
    );

  /** All, in parts that are let go. */
  const forEach = (
    series: number,
    range: Range,
    each: (events: Events) => void,
  ): Effect.Effect<void, SqlError.SqlError> =>
    Effect.gen(function* () {
      let after = range.after;
      while (isBefore(after, range.last)) {
        const part = yield* read(series, { ...range, after }, pointsAtOnce);
        const { steps, times, sequences } = part;
        if (steps.length > 0) each(part);
        if (steps.length < pointsAtOnce) return;
        const at = steps.length - 1;
        after = { step: steps[at]!, time: times[at]!, sequence: sequences[at]! };
      }
    });

  return { isWithin, read, forEach };
};
