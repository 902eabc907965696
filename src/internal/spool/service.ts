/** What a spool is to those who record and to those who send. */
import * as Context from "effect/Context";
import type * as Duration from "effect/Duration";
import type * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";
import type * as Scope from "effect/Scope";

// -----------------------------------------------------------------------------
// Errors
// -----------------------------------------------------------------------------

/**
 * The spool cannot be used: a directory that is not there and cannot be made, that may not be written, a disk that is
 * full.
 *
 * @category errors
 */
export class SpoolError extends Schema.TaggedError<SpoolError>()("SpoolError", {
  /** What was tried. */
  operation: Schema.Literals(["open", "read", "write", "remove"]),
  /** The file or directory. */
  path: Schema.String,
  /** What the system said. */
  detail: Schema.String,
}) {
  override get message(): string {
    return `Cannot ${this.operation} ${this.path}: ${this.detail}`;
  }
}

// -----------------------------------------------------------------------------
// Models
// -----------------------------------------------------------------------------

/**
 * What an entry of a log is: a metric, an annotation, that the run has started, or how it ended.
 *
 * @category models
 */
export type Kind = "metric" | "annotation" | "started" | "ended";

/**
 * Where entries are sent, and in which generation of the API. What an entry says is known only there: a spool keeps
 * texts.
 *
 * @category models
 */
export interface Recipient {
  /** The generation of the API that the entries are written for, such as `"v1"`. They are never sent in another one. */
  readonly api: string;
  readonly host: string;
}

/**
 * Whose entries a log keeps: those of an experiment.
 *
 * @category models
 */
export interface Destination extends Recipient {
  readonly slug: string;
}

/**
 * When a batch closes: whichever comes first.
 *
 * @category models
 */
export interface Limits {
  readonly maxEvents: number;
  /** UTF-8 bytes of the entries. */
  readonly maxBytes: number;
  readonly interval: Duration.Duration;
}

/**
 * What becomes of an event for which there is no room: it waits, the oldest goes, or it goes itself. What goes is
 * counted.
 *
 * @category models
 */
export type Overflow = "backpressure" | "dropOldest" | "dropNewest";

/**
 * Entries of one kind to be sent together. They stay in the log until they are settled.
 *
 * @category models
 */
export interface Batch {
  readonly kind: Kind;
  readonly count: number;
  /** The entries in UTF-8, with a comma and a line break between them. Good until they are settled. */
  readonly body: Uint8Array;
  /** They need not be sent any more. */
  readonly settle: Effect.Effect<void>;
}

/**
 * What there is to send, in the order in which it was recorded.
 *
 * @category models
 */
export interface Outgoing {
  readonly destination: Destination;
  /** What whoever sends noted with the log, and needs to go on with it. */
  readonly note: () => string;
  /** Notes something else. What a disk does not take is good for this process. */
  readonly keepNote: (note: string) => Effect.Effect<void>;
  /** The next batch, if there is one. */
  readonly poll: Effect.Effect<Batch | undefined, SpoolError>;
}

/**
 * How it stands with the events of a log.
 *
 * @category models
 */
export interface Counts {
  /** Taken in, and neither delivered nor refused nor dropped. */
  readonly pending: number;
  /** Not taken in, or put out again: for want of room, or as the files that held them were deleted. */
  readonly dropped: number;
}

/**
 * A text without a line break, or its UTF-8, which is copied when it is taken in.
 *
 * @category models
 */
export type Entry = string | Uint8Array;

/**
 * The entries of one recorder, on their way to the sender.
 *
 * @category models
 */
export interface Log extends Outgoing {
  /** Takes an entry in at once, or says that there is no room. */
  readonly offerUnsafe: (kind: Kind, entry: Entry) => boolean;
  /**
   * Takes an entry in, as durable as was asked for, and waits for room where that is the policy. Never waits for the
   * network but so.
   */
  readonly offer: (kind: Kind, entry: Entry) => Effect.Effect<void>;
  /** Closes the open batch, so that it can be polled. */
  readonly seal: Effect.Effect<void>;
  /** Waits until there may be something to poll. */
  readonly ready: Effect.Effect<void>;
  /** Waits until an event is dropped. */
  readonly dropping: Effect.Effect<void>;
  /** Where in the order the log ends now. */
  readonly accepted: () => number;
  /** Up to where in the order everything is out. */
  readonly left: () => number;
  /**
   * How many events wait for another process, which took this one for gone and sends them: neither out nor to be
   * polled.
   */
  readonly waiting: () => number;
  /** How it stands with its events. */
  readonly counts: () => Counts;
  /** Where what is left will be found, or `undefined` when it is lost with the process. */
  readonly directory: string | undefined;
}

/**
 * A log that its owner left, taken over.
 *
 * @category models
 */
export interface Leftover extends Outgoing {
  /** Events that are not settled. */
  readonly remaining: () => number;
  /** Whether it says where a run stands, or that it was cut off. */
  readonly isOfRun: boolean;
  /** Whether the run began and nobody said how it ended. */
  readonly interrupted: boolean;
  /** Keeps this as how the run ended, unless something is kept as that; answers what is. */
  readonly end: (entry: string) => Effect.Effect<string>;
  /** Whether it is still there: this process, too, may have been taken for gone. */
  readonly isHere: Effect.Effect<boolean>;
  /** All is settled: the log is removed. */
  readonly remove: Effect.Effect<void, SpoolError>;
  /** Leaves it to whoever comes next. */
  readonly release: Effect.Effect<void>;
}

/**
 * A log that was not taken over, and why: its owner is alive, or has not been silent for long enough to be known as
 * gone (`"owned"`), it is for another host or generation of the API (`"other"`), or it cannot be read.
 *
 * @category models
 */
export interface LeftAlone {
  /** The directory of the log. */
  readonly path: string;
  readonly reason: "owned" | "other" | "unreadable";
  /** The same in words. */
  readonly detail: string;
}

/**
 * What earlier owners left.
 *
 * @category models
 */
export interface Adopted {
  /** Taken over: this process owns them now. Oldest first. */
  readonly leftovers: ReadonlyArray<Leftover>;
  readonly leftAlone: ReadonlyArray<LeftAlone>;
}

// -----------------------------------------------------------------------------
// Service
// -----------------------------------------------------------------------------

/**
 * Keeps what was recorded and not yet acknowledged.
 *
 * @category services
 */
export class Spool extends Context.Service<
  Spool,
  {
    /**
     * A log for a recorder of this process, until the scope closes. What is then left is found by `adopt`, here or in
     * another process, with its note.
     */
    readonly open: (
      destination: Destination,
      note: string,
      limits: Limits,
    ) => Effect.Effect<Log, SpoolError, Scope.Scope>;
    /** Takes over what earlier owners left for this recipient. */
    readonly adopt: (recipient: Recipient, limits: Limits) => Effect.Effect<Adopted, SpoolError>;
    /** How long an owner must be silent before it is known as gone. */
    readonly lease: Duration.Duration;
    /** Whether what is taken in outlives the process. */
    readonly survives: boolean;
  }
>()("syvain-metrics-effect/Spool") {}

// -----------------------------------------------------------------------------
// Options
// -----------------------------------------------------------------------------

/**
 * @category options
 */
export interface MemoryOptions {
  /** How many events of one recorder are held. Default: 100,000. */
  readonly capacity?: number | undefined;
  /** What becomes of an event beyond that. Default: `"dropOldest"`. */
  readonly overflow?: Overflow | undefined;
}

/**
 * @category options
 */
export interface FileOptions {
  /**
   * When an event is on the disk: before the call that recorded it returns (`"event"`), or within the batch interval,
   * 1 second by default (`"batch"`). A call that finds its batch older than that waits for the disk. Default:
   * `"batch"`.
   */
  readonly durability?: "event" | "batch" | undefined;
  /** How many events of one recorder may wait in memory for the disk. Default: 20,000. */
  readonly capacity?: number | undefined;
  /**
   * What becomes of an event beyond that. Default: `"backpressure"`, which waits for the disk and never for the
   * network.
   */
  readonly overflow?: Overflow | undefined;
  /**
   * How long a process must be silent before another one takes over its files. One that showed further in the future
   * than this is gone, too: a clock went back. Default: 10 seconds.
   */
  readonly lease?: Duration.Input | undefined;
}
