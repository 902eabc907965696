import type * as Effect from "effect/Effect";

/**
 * How far a bulk ingest has come.
 *
 * @category models
 */
export interface IngestAllProgress {
  /** Events that the service acknowledged. */
  readonly acknowledged: number;
  /** Requests that succeeded. */
  readonly batches: number;
  /** Events that were left out; always empty unless `onInvalid` is `"collect"`. */
  readonly invalid: ReadonlyArray<InvalidEvent>;
}

/**
 * An event that was left out, as `onInvalid: "collect"` asks for.
 *
 * @category models
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
 */
export interface IngestAllResult extends IngestAllProgress {
  /** As the service said, `"mixed"` if it said several things; `undefined` when nothing was sent. */
  readonly mode: "sync" | "queued" | "mixed" | (string & {}) | undefined;
}

/**
 * @category options
 */
export interface IngestAllOptions {
  /** Answer when the metrics can be read, not when they are accepted. Default: `false`. */
  readonly sync?: boolean | undefined;
  /** Requests at a time. Default: 4. */
  readonly concurrency?: number | undefined;
  /** The largest number of events in one request, at most 1,000. Default: 1,000. */
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
