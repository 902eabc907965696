import type * as Effect from "effect/Effect";

/**
 * How far a bulk ingest has come.
 *
 * @category models
 * @since 0.1.0
 */
export interface IngestAllProgress {
  /** Events from the start of the input, without a gap, that are stored, or left out as invalid: where to go on from. */
  readonly acknowledged: number;
  /** Events that the service accepted, and had not before. */
  readonly accepted: number;
  /** Events that the service had before, under their `clientEventId`. */
  readonly duplicates: number;
  /** Requests that succeeded. */
  readonly batches: number;
}

/**
 * An event that was left out, as `onInvalid: "collect"` asks for.
 *
 * @category models
 * @since 0.1.0
 */
export interface InvalidEvent {
  /** Where in the input it stood. */
  readonly index: number;
  /** What is wrong, and where in the event. */
  readonly reason: string;
}

/**
 * What became of the events of a bulk ingest.
 *
 * @category models
 * @since 0.1.0
 */
export interface IngestAllResult {
  readonly accepted: number;
  readonly duplicates: number;
  /** Requests that succeeded. */
  readonly batches: number;
  /** Events that were left out; always empty unless `onInvalid` is `"collect"`. */
  readonly invalid: ReadonlyArray<InvalidEvent>;
}

/**
 * @category options
 * @since 0.1.0
 */
export interface IngestAllOptions {
  /** Answer when the metrics can be read, not when they are accepted. Default: `false`. */
  readonly sync?: boolean | undefined;
  /** Requests at a time. Default: 4. */
  readonly concurrency?: number | undefined;
  /** The largest number of events in one request. Default: 1,000. */
  readonly maxBatchEvents?: number | undefined;
  /** The largest body of one request, in bytes; an event that is larger goes alone. Default: 1 MiB. */
  readonly maxBatchBytes?: number | undefined;
  /**
   * What an event does that cannot be sent, such as one whose value is `NaN`: `"fail"` the call before its batch is sent, or be left out
   * and reported (`"collect"`). Default: `"fail"`.
   */
  readonly onInvalid?: "fail" | "collect" | undefined;
  /** Is told after every batch. Default: nobody is. */
  readonly onProgress?: ((progress: IngestAllProgress) => Effect.Effect<void>) | undefined;
}
