/**
 * Series in as many points as a chart can show, for the page. It belongs to no generation of the service's API: only
 * our own server answers it.
 */
import * as Schema from "effect/Schema";
import { count, Id } from "./schema.ts";

/** Where it is asked, with the API key as bearer. */
export const viewSeries = { method: "POST", path: "/api/view/series" } as const;

/** The most buckets of one series: of an answer, and of a width that is asked for. */
export const maxBuckets = 10_000;

const atMost = 1000;

const isWidth = (width: number): boolean =>
  width === 0 || (width >= 1 && width <= 2 ** 53 && Number.isInteger(Math.log2(width)));

const Query = Schema.Struct({
  experimentId: Id,
  /** Default: all. */
  seriesNames: Schema.optionalKey(
    Schema.Array(Schema.String).check(count(0, atMost, "names of series")),
  ),
  /** Inclusive, in steps or in Unix milliseconds. An event without a step lies in no range of steps. */
  from: Schema.optionalKey(Schema.Finite),
  to: Schema.optionalKey(Schema.Finite),
  /** Exactly this width, as an earlier answer had it, so that one can be asked on from. */
  width: Schema.optionalKey(
    Schema.Finite.check(Schema.makeFilter(isWidth, { expected: "0 or a power of two" })),
  ),
});

export const ViewQuery = Schema.Struct({
  queries: Schema.Array(Query).check(count(1, atMost, "queries")),
  axis: Schema.Literals(["step", "time"]),
  /** About how many buckets of each series are wanted. */
  points: Schema.Int.check(Schema.isBetween({ minimum: 2, maximum: maxBuckets })),
});

export type ViewQuery = typeof ViewQuery.Type;

/** Columns of one length, ascending; what has no event is left out. */
export interface ViewBuckets {
  readonly count: ReadonlyArray<number>;
  readonly min: ReadonlyArray<number>;
  readonly max: ReadonlyArray<number>;
  readonly mean: ReadonlyArray<number>;
  /** The value of the last event by step, time and arrival; one without a step goes before those with one. */
  readonly last: ReadonlyArray<number>;
  /** The least and the greatest; `null` where no event has a step. */
  readonly firstStep: ReadonlyArray<number | null>;
  readonly lastStep: ReadonlyArray<number | null>;
  /** Unix milliseconds, the least and the greatest. */
  readonly firstTime: ReadonlyArray<number>;
  readonly lastTime: ReadonlyArray<number>;
}

export interface ViewSeries {
  readonly name: string;
  readonly metadata: { readonly [key: string]: string };
  /** Of all events of the series that lie on the axis, whatever the range. */
  readonly count: number;
  /** Where the first and the last of those lie; `null` when there are none. */
  readonly from: number | null;
  readonly to: number | null;
  /** Of a bucket, a power of two; buckets begin at its multiples. 0 when each bucket is one event. */
  readonly width: number;
  readonly buckets: ViewBuckets;
}

/** In the order in which it was asked. */
export interface ViewAnswer {
  readonly experiments: ReadonlyArray<{
    readonly experimentId: string;
    readonly series: ReadonlyArray<ViewSeries>;
  }>;
}
