import type * as Effect from "effect/Effect";
import type { SpoolError } from "./spoolError.ts";
import type { Kind } from "./block.ts";

/** Where events go: an experiment of a host. */
export interface Destination {
  readonly host: string;
  readonly experimentId: string;
  readonly slug: string;
}

/** Events of one kind to be sent together. They stay in the log until they are settled. */
export interface Batch {
  readonly kind: Kind;
  readonly count: number;
  /** The events as JSON, separated by a comma and a line break. */
  readonly body: string;
  /** They need not be sent any more. */
  readonly settle: Effect.Effect<void>;
}

/** What there is to send, in the order in which it was recorded. */
export interface Outgoing {
  readonly destination: Destination;
  /** The next batch, if there is one. */
  readonly poll: Effect.Effect<Batch | undefined, SpoolError>;
}

/** How it stands with the events of a log. */
export interface Counts {
  /** Taken in, and neither delivered nor refused nor dropped. */
  readonly pending: number;
  /** Not taken in, or put out again, for want of room. */
  readonly dropped: number;
}

/** The events of one recorder. */
export interface Log extends Outgoing {
  /** Takes an event in at once, or says that there is no room. */
  readonly offerUnsafe: (kind: Kind, event: string) => boolean;
  /** Takes an event in, as durable as was asked for, and waits for room where that is the policy. Never waits for the network but so. */
  readonly offer: (kind: Kind, event: string) => Effect.Effect<void>;
  /** Closes the open batch, so that it can be polled. */
  readonly seal: Effect.Effect<void>;
  /** Waits until there may be something to poll. */
  readonly ready: Effect.Effect<void>;
  /** Waits until an event is dropped. */
  readonly dropping: Effect.Effect<void>;
  /** Where in the order the log ends now, and up to where everything is out. */
  readonly accepted: () => number;
  readonly left: () => number;
  /** How many events wait for another process, which took this one for gone and has them in hand: neither out nor to be polled. */
  readonly waiting: () => number;
  readonly counts: () => Counts;
  /** Where what is left will be found, or `undefined` when it is lost with the process. */
  readonly directory: string | undefined;
}

/** A log that its owner left. */
export interface Leftover extends Outgoing {
  /** Events that are not settled. */
  readonly remaining: () => number;
  /** Whether the run began and nobody said how it ended. */
  readonly interrupted: boolean;
  /** Whether it is still there: this process, too, may have been taken for gone. */
  readonly isHere: Effect.Effect<boolean>;
  /** All is settled: the log is removed. */
  readonly remove: Effect.Effect<void, SpoolError>;
  /** Leaves it to whoever comes next. */
  readonly release: Effect.Effect<void>;
}
