/** All points of a series in columns, part by part. */
import * as Effect from "effect/Effect";
import * as Option from "effect/Option";
import type * as SqlError from "effect/sql/SqlError";
import * as Stream from "effect/Stream";
import { type Direction, maxPart, type Points, type Series } from "../store.ts";
import { noStep } from "../buckets.ts";
import type { Driver } from "./driver.ts";
import { makeFragments } from "./fragments.ts";
import { allAt, type Place } from "./ranges.ts";

const none = new Float64Array();

type Axis = "step" | "timestamp";

/** By hand: there are millions. */
const toArray = <A>(column: Float64Array, to: (value: number) => A): ReadonlyArray<A> => {
  const all: Array<A> = [];
  for (let i = 0; i < column.length; i++) all.push(to(column[i]!));
  return all;
};

const asIs = (value: number) => value;
const toStep = (step: number) => (step === noStep ? null : step);

/** By step, those that have one go before those that have none. */
type Phase = "steps" | "none" | "all";

/** Reading goes on behind this point. */
const startOf = (phase: Phase, direction: Direction): Place => {
  if (direction === "desc") return allAt(2 ** 53);
  return phase === "steps" ? { ...allAt(2 ** 53), step: noStep } : allAt(-(2 ** 53));
};

export const makePoints = ({ sql, columns, sortedAtOnce }: Driver) => {
  const { word } = makeFragments(sql);
  // By step they lie in this order and are read on from anywhere; by time each search is one through all.
  const atOnce = { step: maxPart, timestamp: sortedAtOnce };

  const part = (
    { id }: Series,
    axis: Axis,
    direction: Direction,
    phase: Phase,
    { step, time, sequence }: Place,
  ) => {
    const way = word(direction.toUpperCase());
    const behind = word(direction === "asc" ? ">" : "<");
    // Upwards the place says it, and a second bound from below would be taken instead of it: a search from the start.
    const downwards = word(direction === "asc" ? "" : "AND step >= 0");
    const isOfPhase = {
      steps: sql`(step, time, sequence) ${behind} (${step}, ${time}, ${sequence}) ${downwards}`,
      none: sql`step = ${word(noStep)} AND (time, sequence) ${behind} (${time}, ${sequence})`,
      all: sql`(time, sequence) ${behind} (${time}, ${sequence})`,
    }[phase];
    const byStep = phase === "steps" ? sql`step ${way},` : word("");
    return columns(
      sql`
      SELECT step, time, sequence, value FROM points
      WHERE series = ${id} AND ${isOfPhase}
      ORDER BY ${byStep} time ${way}, sequence ${way} LIMIT ${atOnce[axis]}`,
      axis === "timestamp",
    );
  };

  const read = (series: Series, axis: Axis, direction: Direction, phase: Phase) =>
    Stream.paginate<Place, Points, SqlError.SqlError, never>(startOf(phase, direction), (place) =>
      Effect.map(
        part(series, axis, direction, phase, place),
        ([steps = none, times = none, sequences = none, values = none]) => {
          const last = steps.length - 1;
          const next: Option.Option<Place> =
            steps.length < atOnce[axis]
              ? Option.none()
              : Option.some({
                  step: steps[last]!,
                  time: times[last]!,
                  sequence: sequences[last]!,
                });
          // What was sorted at once is given out as anything else is.
          const parts = Array.from(
            { length: Math.ceil(steps.length / maxPart) },
            (_, i): Points => {
              const [from, to] = [i * maxPart, (i + 1) * maxPart];
              return {
                steps: toArray(steps.subarray(from, to), toStep),
                times: toArray(times.subarray(from, to), asIs),
                values: toArray(values.subarray(from, to), asIs),
              };
            },
          );
          return [parts, next] as const;
        },
      ),
    );

  return (
    series: Series,
    axis: Axis,
    direction: Direction,
  ): Stream.Stream<Points, SqlError.SqlError> =>
    axis === "step"
      ? Stream.concat(read(series, axis, direction, "steps"), read(series, axis, direction, "none"))
      : read(series, axis, direction, "all");
};
