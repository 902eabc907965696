/**
 * What the server keeps: plain records that belong to no generation of the API, and the service that keeps them.
 * Times are Unix milliseconds.
 */
import * as Context from "effect/Context";
import * as Data from "effect/Data";
import type * as Effect from "effect/Effect";
import type * as Stream from "effect/Stream";
import type { Metadata } from "../internal/wire/schema.ts";

// -----------------------------------------------------------------------------
// Records
// -----------------------------------------------------------------------------

export interface Folder {
  readonly id: string;
  /** Unlike those beside it. */
  readonly name: string;
  /** `null` at the top level. */
  readonly parentId: string | null;
}

export type Status = "created" | "running" | "done" | "error";

/** What an experiment says of itself. Opened again, it has a new one; events keep the one that they came under. */
export interface Description {
  readonly text: string;
  readonly metadata: Metadata;
}

/** Why an experiment ended. */
export interface ExperimentError {
  readonly name: string;
  readonly detail: string | null;
  /** Of one that came with metadata, as those of v2 do: then the detail is the message. */
  readonly meta?: Metadata | undefined;
}

export interface Experiment {
  readonly id: string;
  /** Unique. */
  readonly slug: string;
  readonly folderId: string | null;
  /** From 0 on, one more for each new description. */
  readonly revision: number;
  /** That of the revision. */
  readonly description: Description;
  readonly status: Status;
  readonly error: ExperimentError | null;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly startedAt: number | null;
  readonly doneAt: number | null;
  /** When the last event or annotation came. */
  readonly lastEventAt: number | null;
}

/** They grow with what they are of, so that what was read before is still so while they stay the same. */
export interface Revisions {
  /** Of the record and the annotations. */
  readonly experiment: number;
  /** Of the events. */
  readonly series: number;
}

/** What is left out does not narrow. */
export interface ExperimentFilter {
  readonly folderId?: string | undefined;
  readonly status?: string | undefined;
  readonly slug?: string | undefined;
  /** A part of the slug, whatever the case. */
  readonly search?: string | undefined;
  /** Inclusive, of the time of creation. */
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  /** Default: all. */
  readonly limit?: number | undefined;
}

/** The events of one experiment, one metric and one metadata object, equal as JSON. */
export interface Series {
  /** The store's own number of it. */
  readonly id: number;
  readonly experimentId: string;
  readonly name: string;
  readonly metadata: Metadata;
  /** Tells the metadata from others. */
  readonly hash: string;
  /** How many events it has. */
  readonly count: number;
}

export interface Event {
  readonly value: number;
  readonly step: number | null;
  readonly clientTime: number;
  readonly serverTime: number;
  /** The revision of the experiment when the event came. */
  readonly revision: number;
  /** The order of arrival; unique in the store, so that it names the event. */
  readonly sequence: number;
}

/** An event to keep. */
export interface NewEvent extends Pick<Event, "value" | "step"> {
  /** That of the server, when the client does not say. */
  readonly clientTime: number | undefined;
  /** Unique in the experiment: of several the first stays. */
  readonly clientEventId: string;
  readonly name: string;
  readonly metadata: Metadata;
}

export interface Annotation {
  readonly id: string;
  readonly experimentId: string;
  readonly text: string;
  readonly metadata: Metadata;
  readonly createdAt: number;
}

/** An ingestion key, without its token. */
export interface IngestionKey {
  readonly id: string;
  readonly experimentId: string;
  readonly name: string;
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly revokedAt: number | null;
  readonly lastUsedAt: number | null;
}

/** Of an experiment token, without the token. */
export interface ExperimentToken {
  readonly experimentId: string;
  readonly expiresAt: number;
  readonly revokedAt: number | null;
}

/** An answer that is given again to the same request. */
export interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

export interface KeptAnswer {
  /** Unique. */
  readonly idempotencyKey: string;
  /** The same text for the same request. */
  readonly request: string;
  readonly answer: Answer;
}

// -----------------------------------------------------------------------------
// Events in and out
// -----------------------------------------------------------------------------

/** The most events that a batch has. */
export const maxBatch = 1000;

/** Events that come together, and are kept together or not at all. */
export interface Batch {
  readonly experimentId: string;
  readonly serverTime: number;
  /** The ingestion key that was used, if one was. */
  readonly keyId: string | null;
  /** At most {@link maxBatch}. */
  readonly events: ReadonlyArray<NewEvent>;
  /** Kept with the events, for the next time the same is asked. */
  readonly answer: KeptAnswer | undefined;
}

export type Ingested =
  | { readonly _tag: "Ingested"; readonly added: number }
  | { readonly _tag: "NoExperiment" }
  /** The key of the answer has one: nothing was done. */
  | { readonly _tag: "Answered"; readonly kept: KeptAnswer };

/** Inclusive. An event without a step lies outside any bound of steps. */
export interface Bounds {
  readonly fromStep?: number | undefined;
  readonly toStep?: number | undefined;
  readonly fromTime?: number | undefined;
  readonly toTime?: number | undefined;
}

export type Direction = "asc" | "desc";

/** `series` is the place of the series in the query. */
export type SortKey = "series" | "step" | "clientTime" | "serverTime";

export interface RowQuery extends Bounds {
  readonly series: ReadonlyArray<{ readonly series: Series; readonly place: number }>;
  /** The most important first; after them goes the order of arrival. Events without a step come last, in either direction. */
  readonly sortBy: ReadonlyArray<SortKey>;
  readonly direction: Direction;
  readonly limit: number;
}

export interface SeriesEvent {
  /** An index into the series of the query. */
  readonly index: number;
  readonly event: Event;
}

/** How many points a part of a series has at most. */
export const maxPart = 10_000;

/** A part of a series in columns of one length. */
export interface Points {
  readonly steps: ReadonlyArray<number | null>;
  readonly times: ReadonlyArray<number>;
  readonly values: ReadonlyArray<number>;
}

/** What is asked of a series that is to be shown in so many points. */
export interface BucketQuery {
  /** Events without a step do not lie on that axis. */
  readonly axis: "step" | "time";
  /** Inclusive, in steps or in milliseconds. */
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  /** At most so many buckets, when no width is asked for. */
  readonly points: number;
  /** 0 or a power of two. */
  readonly width?: number | undefined;
}

/** What there is of some events, in columns of one length. */
export interface Buckets {
  readonly count: Float64Array;
  readonly min: Float64Array;
  readonly max: Float64Array;
  readonly mean: Float64Array;
  /** The value of the last by step, time and arrival; those without a step go first. */
  readonly last: Float64Array;
  /** -1 when none has a step. */
  readonly firstStep: Float64Array;
  readonly lastStep: Float64Array;
  readonly firstTime: Float64Array;
  readonly lastTime: Float64Array;
}

/** A series in buckets, ascending; those without an event are left out. */
export interface Sample {
  /** Of all events on the axis, and where the first and the last of them lie: `Infinity` when there is none. */
  readonly count: number;
  readonly from: number;
  readonly to: number;
  /** Of a bucket, which begins at a multiple of it; 0 when each bucket is an event. */
  readonly width: number;
  readonly buckets: Buckets;
}

// -----------------------------------------------------------------------------
// Service
// -----------------------------------------------------------------------------

/** The store could not do what it was told to, and has not done a part of it. */
export class StoreError extends Data.TaggedError("StoreError")<{
  /** There is no room; it is not to be had now, but may be later; or it is broken. */
  readonly reason: "full" | "unavailable" | "failed";
  readonly message: string;
  readonly cause?: unknown;
}> {}

type Kept<A> = Effect.Effect<A, StoreError>;

/** Records are replaced whole (`put…`) or only ever added (`add…`). All of these but reads and `ingest` belong into a transaction. */
export class Store extends Context.Service<
  Store,
  {
    /** One at a time, all or nothing: what fails or is interrupted has done nothing. Not to be nested. */
    readonly transaction: <A, E, R>(
      self: Effect.Effect<A, E, R>,
    ) => Effect.Effect<A, E | StoreError, R>;

    readonly folders: Kept<ReadonlyMap<string, Folder>>;
    readonly putFolder: (folder: Folder) => Kept<void>;

    /** The last updated first. */
    readonly experiments: (filter: ExperimentFilter) => Kept<ReadonlyArray<Experiment>>;
    readonly experiment: (id: string) => Kept<Experiment | undefined>;
    /** Without `lastEventAt`, which `touchExperiment` sets; what was kept of a revision stays. */
    readonly putExperiment: (experiment: Experiment) => Kept<void>;
    /** For an annotation: ingestion does it by itself. */
    readonly touchExperiment: (id: string, lastEventAt: number) => Kept<void>;
    /** Of those that are there, by id; at most 1,000 at once. */
    readonly revisions: (ids: ReadonlyArray<string>) => Kept<ReadonlyMap<string, Revisions>>;
    /** By revision. */
    readonly descriptions: (experimentId: string) => Kept<ReadonlyArray<Description>>;

    /** In the order of arrival; of one metric, when it is named. */
    readonly series: (
      experimentId: string,
      name: string | undefined,
    ) => Kept<ReadonlyArray<Series>>;
    readonly rows: (query: RowQuery) => Kept<ReadonlyArray<SeriesEvent>>;
    /** All of a series, in parts of at most {@link maxPart}. Equal steps go by time, then by arrival. */
    readonly points: (
      series: Series,
      axis: "step" | "timestamp",
      direction: Direction,
    ) => Stream.Stream<Points, StoreError>;
    /** `undefined` when there were too many buckets of the width that is asked for. */
    readonly sample: (series: Series, query: BucketQuery) => Kept<Sample | undefined>;
    /** A transaction of its own. */
    readonly ingest: (batch: Batch) => Kept<Ingested>;

    /** The newest first, of one time the last that came; the bounds of their creation are inclusive. */
    readonly annotations: (
      experimentId: string,
      filter: { readonly from: number; readonly to: number; readonly limit: number },
    ) => Kept<ReadonlyArray<Annotation>>;
    readonly addAnnotation: (annotation: Annotation) => Kept<void>;

    /** In the order of creation. */
    readonly ingestionKeys: (experimentId: string) => Kept<ReadonlyArray<IngestionKey>>;
    /** Of a token only a hash is kept, where it is kept at all. */
    readonly addIngestionKey: (key: IngestionKey, token: string) => Kept<void>;
    readonly ingestionKeyOfToken: (token: string) => Kept<IngestionKey | undefined>;
    readonly revokeIngestionKey: (id: string, revokedAt: number) => Kept<void>;
    readonly touchIngestionKey: (id: string, lastUsedAt: number) => Kept<void>;

    /** Kept as an ingestion key's is. */
    readonly addExperimentToken: (
      token: string,
      of: Omit<ExperimentToken, "revokedAt">,
    ) => Kept<void>;
    readonly experimentToken: (token: string) => Kept<ExperimentToken | undefined>;
    readonly revokeExperimentToken: (token: string, revokedAt: number) => Kept<void>;

    readonly answer: (idempotencyKey: string) => Kept<KeptAnswer | undefined>;
    /** The oldest go when there are many. */
    readonly addAnswer: (kept: KeptAnswer) => Kept<void>;
  }
>()("syvain-metrics-effect/server/Store") {}
