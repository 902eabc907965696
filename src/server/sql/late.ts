/** Events that come to where their series is sealed, and what they take away. */
import type { PackedEvents } from "./packed.ts";

/** Up to where a series is sealed. Of two events of the same time either may have been there. */
export interface Sealed {
  readonly step: number;
  readonly time: number;
}

/** Of a series that was not there before. */
export const unsealed: Sealed = { step: -2, time: -2 };

export const isLate = (sealed: Sealed, step: number, time: number): boolean =>
  step < sealed.step || (step === sealed.step && time <= sealed.time);

interface Late {
  /** An index into the series of the batch. */
  readonly series: number;
  readonly count: number;
  readonly first: Sealed;
  readonly last: Sealed;
}

/** The late ones of a batch, by series: how many, and between which places they lie. */
export const lateOf = (
  late: ReadonlyArray<number>,
  { series, steps, times }: PackedEvents,
): Iterable<Late> => {
  const all = new Map<number, Late>();
  for (const i of late) {
    const index = series[i]!;
    const at: Sealed = { step: steps[i]!, time: times[i]! };
    const before = all.get(index);
    all.set(
      index,
      before === undefined
        ? { series: index, count: 1, first: at, last: at }
        : {
            series: index,
            count: before.count + 1,
            first: isLate(before.first, at.step, at.time) ? at : before.first,
            last: isLate(at, before.last.step, before.last.time) ? at : before.last,
          },
    );
  }
  return all.values();
};

/** In SQL, of a series, from one step and time to another. */
export const takeSegments = `DELETE FROM segments WHERE series = ?
  AND (step, time) >= (?, ?) AND (after_step, after_time) <= (?, ?)`;
