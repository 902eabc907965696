/**
 * Recording from a job: metrics and annotations that are taken in at once, kept in a `Spool`, and sent in the background.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context";
import type * as DateTime from "effect/DateTime";
import type * as Duration from "effect/Duration";
import type * as Effect from "effect/Effect";
import type { HttpClient } from "effect/http/HttpClient";
import * as Layer from "effect/Layer";
import type * as Scope from "effect/Scope";
import type { ConfigService } from "./ConfigService.ts";
import type { Experiment, ExperimentInput } from "./Experiments.ts";
import type { IngestionKeyCache } from "./IngestionKeyCache.ts";
import { makeCollector } from "./internal/collector/collector.ts";
import { UndeliveredError } from "./internal/collector/undelivered.ts";
import type { Metadata } from "./internal/contract/schema.ts";
import type { MetricsApiAuthError, MetricsApiError } from "./MetricsApiError.ts";
import type { Spool, SpoolError } from "./Spool.ts";

// -----------------------------------------------------------------------------
// Errors
// -----------------------------------------------------------------------------

export {
  /**
   * Not everything that was recorded has been delivered: how many events wait to be sent (and why, in `detail`), and how many were ever dropped, refused
   * or left out.
   *
   * @category errors
   * @since 0.1.0
   */
  UndeliveredError,
};

// -----------------------------------------------------------------------------
// Models
// -----------------------------------------------------------------------------

/**
 * @category models
 * @since 0.1.0
 */
export interface EventOptions {
  /** A non-negative integer: the step of the training loop. Default: none. */
  readonly step?: number | undefined;
  /** Any JSON object, at most 65,536 UTF-8 bytes of it; tells series of one name apart. Default: none. */
  readonly metadata?: Metadata | undefined;
  /** When it was. Default: now. */
  readonly timestamp?: DateTime.Utc | undefined;
}

/**
 * How it stands with what was recorded.
 *
 * @category models
 * @since 0.1.0
 */
export interface Summary {
  /** Acknowledged by the service. */
  readonly delivered: number;
  /** Waiting to be sent. */
  readonly pending: number;
  /** Dropped for want of room in the spool. */
  readonly dropped: number;
  /** Refused by the service for good. */
  readonly refused: number;
  /** Left out, as they were none that the service takes. */
  readonly invalid: number;
}

/**
 * Records into one experiment. Nothing here waits for the network but `flush` and `flushOrFail`, and nothing but `flushOrFail` fails.
 *
 * @category models
 * @since 0.1.0
 */
export interface Recorder {
  readonly experiment: Experiment;

  /**
   * Records a measurement.
   *
   * **Details**
   *
   * An event that the service would not take (a value that is not finite, an empty name, a step that is no non-negative integer, metadata that is no JSON
   * or too large) is left out, counted, and warned of once per name.
   *
   * **Gotchas**
   *
   * An event with a step is named by slug, name, step and metadata: recording the same step again is the same event, of which the first is kept,
   * also when a job is run again under the same slug. An event without a step is always a new one.
   */
  readonly metric: (name: string, value: number, options?: EventOptions) => Effect.Effect<void>;

  /**
   * The same from a plain callback. Answers whether the event was taken in.
   *
   * **Gotchas**
   *
   * It cannot wait: not for room, and not for the disk. Under `durability: "event"` the event is on the disk soon after, not before it returns.
   */
  readonly metricUnsafe: (name: string, value: number, options?: EventOptions) => boolean;

  /** Records a note, of at most 16,000 characters. What is said of `metric` holds here. */
  readonly annotation: (text: string, options?: EventOptions) => Effect.Effect<void>;

  /**
   * Runs a job and records where it stands: `running`, then `done`, `failed` (a failure or a defect) or `cancelled` (interruption, and so signals).
   *
   * **Details**
   *
   * How it ended is sent after everything that was recorded before. If the process is killed, whoever takes its spool over says `failed`.
   */
  readonly run: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>;

  /**
   * Waits until everything recorded before it is acknowledged, refused or dropped.
   *
   * **Gotchas**
   *
   * While the service cannot be reached it waits: bound it with `Effect.timeout`.
   */
  readonly flush: Effect.Effect<void>;

  /** Tries to send everything, once with its retries, and fails with {@link UndeliveredError} if anything is left, or was ever dropped, refused or left out. */
  readonly flushOrFail: Effect.Effect<void, UndeliveredError>;

  readonly summary: Effect.Effect<Summary>;
}

/**
 * What became of what earlier processes left.
 *
 * @category models
 * @since 0.1.0
 */
export interface Recovery {
  /** Events delivered since the `Collector` was made. */
  readonly delivered: number;
  /** Events refused by the service for good, since then. */
  readonly refused: number;
  /** Events that were left, could not be delivered, and are kept. */
  readonly remaining: number;
}

// -----------------------------------------------------------------------------
// Service
// -----------------------------------------------------------------------------

/**
 * Makes recorders, and sends what earlier processes left.
 *
 * @category services
 * @since 0.1.0
 */
export class Collector extends Context.Service<
  Collector,
  {
    readonly experiment: (
      input: ExperimentInput,
    ) => Effect.Effect<Recorder, MetricsApiError | SpoolError, Scope.Scope>;
    /** `onProgress` is told after every batch. */
    readonly recover: (
      onProgress?: (recovery: Recovery) => void,
    ) => Effect.Effect<Recovery, SpoolError>;
  }
>()("syvain-metrics-effect/Collector") {}

// -----------------------------------------------------------------------------
// Options
// -----------------------------------------------------------------------------

/**
 * @category options
 * @since 0.1.0
 */
export interface Options {
  /** How many events make a batch. Default: 1,000. */
  readonly maxEvents?: number | undefined;
  /** How many UTF-8 bytes of events make a batch. Default: 1 MiB. */
  readonly maxBytes?: number | undefined;
  /** How old a batch may get before it is sent. Default: 1 second. */
  readonly interval?: Duration.Input | undefined;
  /** How long the end of a recorder's scope may wait for the service. Default: 10 seconds. */
  readonly shutdownTimeout?: Duration.Input | undefined;
  /** Send in the background what earlier processes left in the spool. Default: `true`. */
  readonly recoverOnStart?: boolean | undefined;
}

// -----------------------------------------------------------------------------
// Layers
// -----------------------------------------------------------------------------

/**
 * Recorders on the `Spool` in context. What earlier processes left there is sent in the background.
 *
 * Fails with `MetricsApiAuthError` (`InvalidSetting`) when the layer is built for a limit or duration that cannot be.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (
  options: Options = {},
): Layer.Layer<
  Collector,
  MetricsApiAuthError,
  ConfigService | HttpClient | IngestionKeyCache | Spool
> => Layer.effect(Collector, makeCollector(options));

// -----------------------------------------------------------------------------
// Recording
// -----------------------------------------------------------------------------

/**
 * Creates the experiment, or finds it by its slug, and answers a recorder that lives until the scope closes.
 *
 * **Details**
 *
 * Closing the scope sends what is left within `shutdownTimeout`, and then ends, whatever the service does. What is left then stays in the spool, and the
 * log says how to send it.
 *
 * **Gotchas**
 *
 * This is the one call that needs the service: it fails with `MetricsApiError` when the service cannot be reached, before the job has begun.
 * An experiment that is found keeps its description, folder and metadata.
 *
 * @category recording
 * @since 0.1.0
 */
export const experiment = (
  input: ExperimentInput,
): Effect.Effect<Recorder, MetricsApiError | SpoolError, Collector | Scope.Scope> =>
  Collector.use((collector) => collector.experiment(input));

/**
 * Sends what earlier processes left in the spool, and answers when all of it has been tried.
 *
 * **Details**
 *
 * Processes that are alive are left alone. One that was killed a moment ago looks alive for as long as the spool's `lease`: this waits for that.
 *
 * @category recovery
 * @since 0.1.0
 */
export const recover: Effect.Effect<Recovery, SpoolError, Collector> = Collector.use((collector) =>
  collector.recover(),
);
