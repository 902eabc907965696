import type * as Effect from "effect/Effect";

/** What failed is told in a log, so no error may hold anything of what is stored. */
type Asked<A> = Effect.Effect<A, unknown>;

/** The right to mint the key of a name. It runs out by itself, so that nobody who dies with it holds up the others for long. */
export interface Lock {
  /** Holds it for its whole time again, if it has not gone to another. */
  readonly extend: Asked<void>;
  /** Gives it up, if it has not gone to another. */
  readonly release: Asked<void>;
}

/** Where processes leave ingestion keys for each other: sealed texts under names that tell nothing. */
export interface Store {
  readonly read: (name: string) => Asked<string | undefined>;
  /** The text goes by itself at `until`, in milliseconds since the epoch, or not at all if that is `Infinity`. */
  readonly write: (name: string, text: string, until: number) => Asked<void>;
  /** With a text, only while that is what is there. */
  readonly remove: (name: string, text?: string) => Asked<void>;
  /** For so many milliseconds, unless it is extended. `undefined` while another has it. */
  readonly lock: (name: string, ttl: number) => Asked<Lock | undefined>;
}
