/**
 * What the server keeps: plain records that belong to no generation of the API, and the service that keeps them.
 * Times are Unix milliseconds.
 */
import * as Context from "effect/Context";
import type * as Effect from "effect/Effect";
import type { Metadata } from "../internal/wire/schema.ts";

export interface Folder {
  readonly id: string;
  readonly name: string;
  /** `null` at the top level. */
  readonly parentId: string | null;
}

export type Status = "created" | "running" | "done" | "error";

export interface Experiment {
  readonly id: string;
  /** Unique. */
  readonly slug: string;
  readonly folderId: string | null;
  /** Which description it has: an index into `Store.descriptions`. */
  readonly revision: number;
  readonly status: Status;
  readonly error: { readonly name: string; readonly detail: string | null } | null;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly startedAt: number | null;
  readonly doneAt: number | null;
  readonly lastEventAt: number | null;
}

/** What an experiment says of itself. Opened again, it has a new one; events keep the one that they came under. */
export interface Description {
  readonly text: string;
  readonly metadata: Metadata;
}

/** The events of one experiment, one metric and one metadata object, equal as JSON. */
export interface Series {
  readonly experimentId: string;
  readonly name: string;
  readonly metadata: Metadata;
  /** Tells the metadata from others. */
  readonly hash: string;
  /** How many events it has. */
  readonly count: number;
}

export interface Event {
  readonly id: string;
  readonly value: number;
  readonly step: number | null;
  readonly clientTime: number;
  readonly serverTime: number;
  /** The description of the experiment when the event came. */
  readonly revision: number;
  /** The order of arrival. */
  readonly sequence: number;
}

/** An event to keep. */
export interface NewEvent extends Omit<Event, "sequence"> {
  /** Unique in the experiment. */
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

/** An answer that is given again to the same request. */
export interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

/** What a claim on an `Idempotency-Key` came to. */
export type Claim =
  | { readonly _tag: "Granted" }
  | { readonly _tag: "Answered"; readonly answer: Answer }
  /** The same request is still at work. */
  | { readonly _tag: "InProgress" }
  /** Another request has the key. */
  | { readonly _tag: "Reused" };

/** Records are replaced whole (`put…`) or only ever added (`add…`); lists are in the order of arrival. */
export class Store extends Context.Service<
  Store,
  {
    /** One at a time, all or nothing. Not to be nested. */
    readonly transaction: <A, E, R>(self: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>;

    readonly folders: Effect.Effect<ReadonlyMap<string, Folder>>;
    readonly putFolder: (folder: Folder) => Effect.Effect<void>;

    readonly experiments: Effect.Effect<ReadonlyArray<Experiment>>;
    readonly experiment: (id: string) => Effect.Effect<Experiment | undefined>;
    readonly experimentOfSlug: (slug: string) => Effect.Effect<Experiment | undefined>;
    readonly putExperiment: (experiment: Experiment) => Effect.Effect<void>;
    readonly descriptions: (experimentId: string) => Effect.Effect<ReadonlyArray<Description>>;
    /** Answers its revision. */
    readonly addDescription: (
      experimentId: string,
      description: Description,
    ) => Effect.Effect<number>;

    readonly series: (experimentId: string) => Effect.Effect<ReadonlyArray<Series>>;
    readonly events: (series: Series) => Effect.Effect<ReadonlyArray<Event>>;
    /** Of several with one `clientEventId` the first stays. */
    readonly addEvents: (
      experimentId: string,
      events: ReadonlyArray<NewEvent>,
    ) => Effect.Effect<void>;

    readonly annotations: (experimentId: string) => Effect.Effect<ReadonlyArray<Annotation>>;
    readonly addAnnotation: (annotation: Annotation) => Effect.Effect<void>;

    readonly ingestionKeys: (experimentId: string) => Effect.Effect<ReadonlyArray<IngestionKey>>;
    readonly ingestionKeyOfToken: (token: string) => Effect.Effect<IngestionKey | undefined>;
    readonly addIngestionKey: (key: IngestionKey, token: string) => Effect.Effect<void>;
    readonly putIngestionKey: (key: IngestionKey) => Effect.Effect<void>;

    /** `request` is the same text for the same request. */
    readonly claim: (idempotencyKey: string, request: string) => Effect.Effect<Claim>;
    readonly keepAnswer: (idempotencyKey: string, answer: Answer) => Effect.Effect<void>;
    /** The request may be tried again under the same key. */
    readonly dropClaim: (idempotencyKey: string) => Effect.Effect<void>;
  }
>()("syvain-metrics-effect/server/Store") {}
