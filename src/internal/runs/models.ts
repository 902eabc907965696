/**
 * An event that was left out, as `onInvalid: "collect"` asks for.
 *
 * @category models
 */
export interface InvalidPoint {
  /** Where in the input it stood. */
  readonly index: number;
  /** What is wrong, and where in the point, or what the service said. */
  readonly reason: string;
  /** The service's error code, when it was the service that refused it. */
  readonly code: string | undefined;
}

/**
 * What became of some metrics.
 *
 * @category models
 */
export interface MetricsResult {
  /** Points that the service acknowledged. */
  readonly acknowledged: number;
  /** Requests that succeeded. */
  readonly batches: number;
  /** Points that were left out; always empty unless `onInvalid` is `"collect"`. */
  readonly invalid: ReadonlyArray<InvalidPoint>;
}

/**
 * @category options
 */
export interface MetricsOptions {
  /** Requests at a time. Default: 4. */
  readonly concurrency?: number | undefined;
  /**
   * What a point does that cannot be sent, such as one whose value is `NaN`, or that the service refuses: `"fail"`
   * the call, or be left out and reported (`"collect"`). Default: `"fail"`.
   */
  readonly onInvalid?: "fail" | "collect" | undefined;
}
