/** Series in buckets: of those that are kept where they are, and of the points where they are not. */
import * as Effect from "effect/Effect";
import type * as SqlError from "effect/sql/SqlError";
import { addEvent, finish, layoutOf, makeColumns, noStep } from "../buckets.ts";
import type { BucketQuery, Sample, Series } from "../store.ts";
import type { Driver } from "./driver.ts";
import { makeFragments } from "./fragments.ts";
import { addLevel, type Level, unpack, widening } from "./levels.ts";
import { allAt, end, isBefore, makeRanges, type Range, start } from "./ranges.ts";

interface Answer {
  readonly sample: Sample | undefined;
  /** How many events lie in no segment. */
  readonly loose: number;
}

/** How much is in a range on an axis. */
interface Extent {
  readonly count: number;
  readonly from: number;
  readonly to: number;
}

interface Segment extends Range, Extent {
  /** Of the narrow buckets. */
  readonly width: number;
}

/** Whole numbers, as any database can compare them with its own. */
const bound = (x: number): number => Math.min(Math.max(x, -(2 ** 53)), 2 ** 53);

const nameOf = ({ after, last, count }: Segment): string =>
  `${after.sequence} ${last.sequence} ${count}`;

export const makeSamples = (driver: Driver) => {
  const { sql, columns } = driver;
  const { word } = makeFragments(sql);
  const { isWithin, forEach } = makeRanges(driver);

  const readSegments = (series: number, axis: BucketQuery["axis"]) =>
    Effect.map(
      columns(sql`
        SELECT after_step, after_time, after_sequence, step, time, sequence,
          ${word(`${axis}_count, ${axis}_from, ${axis}_to, ${axis}_width`)}
        FROM segments WHERE series = ${series} ORDER BY after_step, after_time, after_sequence`),
      ([step = [], ...rest]): ReadonlyArray<Segment> =>
        Array.from(step, (step, i) => {
          const [time, sequence, lastStep, lastTime, lastSequence, count, from, to, width] =
            rest.map((column) => column[i]!) as [
              number,
              number,
              number,
              number,
              number,
              number,
              number,
              number,
              number,
            ];
          return {
            after: { step, time, sequence },
            last: { step: lastStep, time: lastTime, sequence: lastSequence },
            count,
            from,
            to,
            width,
          };
        }),
    );

  /** The buckets of segments that are still as they were, by their names. */
  const readLevels = (
    series: number,
    axis: BucketQuery["axis"],
    level: "wide" | "narrow",
    segments: ReadonlyArray<Segment>,
  ): Effect.Effect<ReadonlyMap<string, Level>, SqlError.SqlError> => {
    if (segments.length === 0) return Effect.succeed(new Map());
    const [first, last] = [segments[0]!.after, segments.at(-1)!.after];
    return Effect.map(
      sql<{ after: number; sequence: number; count: number; level: Uint8Array }>`
        SELECT after_sequence AS after, sequence, ${word(`${axis}_count AS count`)},
          ${word(`${axis}_${level} AS level`)}
        FROM segments WHERE series = ${series}
          AND (after_step, after_time, after_sequence)
            >= (${first.step}, ${first.time}, ${first.sequence})
          AND (after_step, after_time, after_sequence)
            <= (${last.step}, ${last.time}, ${last.sequence})`,
      (rows) =>
        new Map(
          rows.map(({ after, sequence, count, level }) => [
            `${after} ${sequence} ${count}`,
            unpack(level),
          ]),
        ),
    );
  };

  const readExtent = (
    series: number,
    { axis, from = -Infinity, to = Infinity }: BucketQuery,
    range: Range,
  ) =>
    Effect.map(
      columns(sql`
        SELECT COUNT(*), COALESCE(MIN(${word(axis)}), 0), COALESCE(MAX(${word(axis)}), 0),
          COALESCE(SUM(CASE WHEN ${word(axis)} >= ${bound(Math.ceil(from))}
            AND ${word(axis)} <= ${bound(Math.floor(to))} THEN 1 ELSE 0 END), 0)
        FROM points WHERE ${isWithin(series, range)}`),
      (row) => row.map((column) => column[0]!) as [number, number, number, number],
    );

  return ({ id }: Series, query: BucketQuery): Effect.Effect<Answer, SqlError.SqlError> =>
    Effect.gen(function* () {
      const { axis, from: least = -Infinity, to: greatest = Infinity } = query;
      /** Those without a step lie before all that have one. */
      const before = axis === "step" ? { ...allAt(2 ** 53), step: noStep } : start;
      const segments = yield* readSegments(id, axis);

      // All of the series in order: segments that lie in the range, and what has to be read itself.
      const pieces: Array<Segment | Range> = [];
      let [count, countWithin, first, last] = [0, 0, Infinity, -Infinity];
      let loose = 0;
      const countIn = (extent: Extent) => {
        if (extent.count === 0) return;
        count += extent.count;
        first = Math.min(first, extent.from);
        last = Math.max(last, extent.to);
      };
      const look = (range: Range, isGap: boolean) =>
        Effect.gen(function* () {
          const after = isBefore(range.after, before) ? before : range.after;
          if (!isBefore(after, range.last)) return;
          const [count, from, to, within] = yield* readExtent(id, query, {
            after,
            last: range.last,
          });
          if (isGap) {
            loose += count;
            countIn({ count, from, to });
          }
          countWithin += within;
          if (within > 0) pieces.push({ after, last: range.last });
        });
      let after = start;
      for (const segment of segments) {
        if (isBefore(after, segment.after)) yield* look({ after, last: segment.after }, true);
        after = segment.last;
        countIn(segment);
        if (segment.count === 0 || segment.to < least || segment.from > greatest) continue;
        if (segment.from >= least && segment.to <= greatest) {
          pieces.push(segment);
          countWithin += segment.count;
        } else yield* look(segment, false);
      }
      yield* look({ after, last: end }, true);

      const layout = layoutOf(query, { count, from: first, to: last, countWithin });
      if (layout === undefined) return { sample: undefined, loose };
      const { width } = layout;
      const made = makeColumns(layout.length);
      const ofWidth = (isFit: (segment: Segment) => boolean) =>
        pieces.filter((piece): piece is Segment => "width" in piece && isFit(piece));
      const levels = new Map([
        ...(yield* readLevels(
          id,
          axis,
          "wide",
          ofWidth((one) => one.width * widening <= width),
        )),
        ...(yield* readLevels(
          id,
          axis,
          "narrow",
          ofWidth((one) => one.width <= width && one.width * widening > width),
        )),
      ]);
      let next = 0;
      for (const piece of pieces) {
        const level = "width" in piece ? levels.get(nameOf(piece)) : undefined;
        if ("width" in piece && level !== undefined) {
          const own = piece.width * widening <= width ? piece.width * widening : piece.width;
          addLevel(made, layout.first, width / own, level);
          continue;
        }
        yield* forEach(id, piece, ({ steps, times, values }) => {
          const xs = axis === "step" ? steps : times;
          for (let i = 0; i < xs.length; i++) {
            const x = xs[i]!;
            // What has come in the meantime may lie outside.
            if (x < layout.from || x > layout.to || (axis === "step" && x === noStep)) continue;
            const at = width === 0 ? next++ : Math.floor(x / width) - layout.first;
            if (at < layout.length) addEvent(made, at, steps[i]!, times[i]!, values[i]!);
          }
        });
      }
      const sample = {
        count,
        from: first,
        to: last,
        width,
        buckets: finish(made, axis, width),
      };
      return { sample, loose };
    });
};
