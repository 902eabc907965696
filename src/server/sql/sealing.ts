/**
 * Makes segments of the points of long series, behind the back of those who write and read: neither waits for it, and
 * what is read is right with and without.
 *
 * First it is said up to which place a series is sealed. Whoever adds events before that place counts them as late, and
 * takes away the segments that they fall into. Then the points up to there are read, and what is made of them is kept
 * unless some have come late in the meantime. Several servers may do this at once: no two segments begin at one place.
 */
import * as Effect from "effect/Effect";
import * as Queue from "effect/Queue";
import type * as Scope from "effect/Scope";
import type { Events } from "../buckets.ts";
import type { Driver } from "./driver.ts";
import { eventsOfSegment, levelsOf } from "./levels.ts";
import { end, isBefore, makeRanges, type Place, type Range, start } from "./ranges.ts";

/** How many of the last events stay as they are: most that come late are only a little late. */
const margin = eventsOfSegment / 8;
/** What is left of a range is one segment when it has fewer events than this, so that few small ones come to be. */
const mostOfSegment = 1.5 * eventsOfSegment;
/** As many events are worth to be sealed. */
export const enough = eventsOfSegment + margin;
/** How many segments of those that events took away are made anew while such events still come. */
const partsOfRestless = 2;
/** So many series are sealed side by side: while batches come in, each writing of a segment waits for its turn. */
const lanes = 2;
/** Of so many series something is known. */
const maxKnown = 100_000;

interface State {
  /** How many events lie behind the place up to which it is sealed. */
  readonly loose: number;
  /** How many events have come late. */
  readonly late: number;
  readonly sealed: Place;
}

interface Look {
  readonly late: number;
  /** Whether all that was sealed lay in segments. */
  readonly isWhole: boolean;
}

export const makeSealing = (
  driver: Driver,
): Effect.Effect<(series: Iterable<number>) => void, never, Scope.Scope> => {
  const { sql, columns, write } = driver;
  const { isWithin, read } = makeRanges(driver);
  // Late events of a batch under way are counted when it ends.
  const forUpdate = sql.onDialectOrElse({
    pg: () => sql.literal("FOR UPDATE"),
    orElse: () => sql.literal(""),
  });

  /** Written out, as a list of a query has no types. */
  const numbers = (...all: ReadonlyArray<number>) => sql.literal(all.join(", "));

  const stateOf = (series: number) =>
    Effect.map(
      columns(sql`
        SELECT count - sealed - late, late, sealed_step, sealed_time, sealed_sequence
        FROM series WHERE number = ${series}`),
      ([loose, late, step, time, sequence]): State => ({
        loose: loose![0]!,
        late: late![0]!,
        sealed: { step: step![0]!, time: time![0]!, sequence: sequence![0]! },
      }),
    );

  /**
   * As many events more as a segment has are sealed, unless another has said something else. Those that have come
   * before the new place in the meantime are taken for loose ones, until it is seen that there are fewer of those.
   */
  const announce = (series: number, { loose, sealed }: State) =>
    Effect.gen(function* () {
      const behind = isWithin(series, { after: sealed, last: end });
      const isStill = sql`number = ${series} AND sealed_step = ${sealed.step}
        AND sealed_time = ${sealed.time} AND sealed_sequence = ${sealed.sequence}`;
      const [[count = 0] = []] = yield* columns(sql`
        SELECT COUNT(*) FROM (SELECT 1 FROM points WHERE ${behind} LIMIT ${enough}) AS some`);
      if (count < enough) {
        yield* write(sql`UPDATE series SET sealed = sealed + ${loose - count} WHERE ${isStill}`);
        return false;
      }
      const [[step = 0] = [], [time = 0] = [], [sequence = 0] = []] = yield* columns(sql`
        SELECT step, time, sequence FROM points WHERE ${behind}
        ORDER BY step, time, sequence LIMIT 1 OFFSET ${eventsOfSegment - 1}`);
      yield* write(sql`
        UPDATE series SET sealed = sealed + ${eventsOfSegment}, sealed_step = ${step},
          sealed_time = ${time}, sealed_sequence = ${sequence} WHERE ${isStill}`);
      return true;
    });

  /** Unless more events have come late. */
  const keep = (series: number, late: number, { after, last }: Range, events: Events) => {
    const [byStep, byTime] = [levelsOf("step", events), levelsOf("time", events)];
    return write(sql`
      INSERT INTO segments (series, after_step, after_time, after_sequence, step, time, sequence,
        step_count, step_from, step_to, step_width, time_count, time_from, time_to, time_width,
        step_wide, time_wide, step_narrow, time_narrow)
      SELECT number, ${numbers(after.step, after.time, after.sequence)},
        ${numbers(last.step, last.time, last.sequence)},
        ${numbers(byStep.count, byStep.from, byStep.to, byStep.width)},
        ${numbers(byTime.count, byTime.from, byTime.to, byTime.width)},
        ${byStep.wide}, ${byTime.wide}, ${byStep.narrow}, ${byTime.narrow}
      FROM series WHERE number = ${series} AND late = ${late} ${forUpdate}
      ON CONFLICT DO NOTHING`);
  };

  /** What is left of the range. */
  const sealPart = (series: number, late: number, range: Range) =>
    Effect.gen(function* () {
      const { sequences, ...all } = yield* read(series, range, mostOfSegment);
      const isWhole = all.steps.length < mostOfSegment;
      const count = isWhole ? all.steps.length : eventsOfSegment;
      const [steps, times, values] = [all.steps, all.times, all.values].map((column) =>
        column.subarray(0, count),
      ) as [Float64Array, Float64Array, Float64Array];
      const at = count - 1;
      const last = isWhole
        ? range.last
        : { step: steps[at]!, time: times[at]!, sequence: sequences[at]! };
      if (count > 0)
        yield* keep(series, late, { after: range.after, last }, { steps, times, values });
      return { after: last, last: range.last };
    });

  const sealAll = (series: number, late: number, range: Range, parts: number) =>
    Effect.gen(function* () {
      let rest = range;
      for (let i = 0; i < parts && isBefore(rest.after, rest.last); i++) {
        rest = yield* sealPart(series, late, rest);
      }
    });

  /** What is sealed and lies in no segment. */
  const gapsOf = (series: number, { sealed }: State) =>
    Effect.map(
      columns(sql`
        SELECT after_step, after_time, after_sequence, step, time, sequence FROM segments
        WHERE series = ${series} ORDER BY after_step, after_time, after_sequence`),
      ([steps = [], ...rest]) => {
        const [times, sequences, lastSteps, lastTimes, lastSequences] = rest;
        const gaps: Array<Range> = [];
        let after = start;
        const look = (last: Place) => {
          if (isBefore(after, last)) gaps.push({ after, last });
        };
        for (let i = 0; i < steps.length; i++) {
          look({ step: steps[i]!, time: times![i]!, sequence: sequences![i]! });
          after = { step: lastSteps![i]!, time: lastTimes![i]!, sequence: lastSequences![i]! };
        }
        look(sealed);
        return gaps;
      },
    );

  /** What was known of series when they were last looked at. */
  const known = new Map<number, Look>();

  const seal = (series: number) =>
    Effect.gen(function* () {
      let state = yield* stateOf(series);
      const { late, isWhole } = known.get(series) ?? { late: 0, isWhole: false };
      const isCalm = state.late === late;
      while (state.loose >= enough && (yield* announce(series, state))) {
        const { late, sealed } = state;
        state = yield* stateOf(series);
        yield* sealAll(series, late, { after: sealed, last: state.sealed }, Infinity);
      }
      if (isCalm && isWhole && state.late === late) return;
      const gaps = yield* gapsOf(series, state);
      for (const gap of isCalm ? gaps : gaps.slice(0, 1)) {
        yield* sealAll(series, state.late, gap, isCalm ? Infinity : partsOfRestless);
      }
      if (known.size >= maxKnown) known.clear();
      known.set(series, { late: state.late, isWhole: isCalm || gaps.length === 0 });
    });

  return Effect.gen(function* () {
    // A series is always in the same, so that it is not sealed twice at once.
    const queues = yield* Effect.replicateEffect(Queue.unbounded<number>(), lanes);
    const waiting = new Set<number>();
    const add = (all: Iterable<number>) => {
      for (const series of all) {
        if (waiting.has(series)) continue;
        waiting.add(series);
        Queue.offerUnsafe(queues[series % lanes]!, series);
      }
    };
    // Those that an older version has stored, or that were not done when the server stopped.
    const left = columns(
      sql`SELECT number FROM series WHERE count - sealed - late >= ${enough} ORDER BY number`,
    );
    yield* Effect.ignore(Effect.map(left, ([numbers = []]) => add(Array.from(numbers))));
    yield* Effect.forEach(queues, (queue) =>
      Queue.take(queue).pipe(
        Effect.tap((series) => Effect.sync(() => waiting.delete(series))),
        // What cannot be kept now is looked at again when the series grows or is read.
        Effect.flatMap((series) => Effect.ignore(seal(series))),
        Effect.forever,
        Effect.forkScoped,
      ),
    );
    return add;
  });
};
