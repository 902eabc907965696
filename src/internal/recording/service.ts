/** What recording is to those who record. */
import * as Context from "effect/Context";
import type * as DateTime from "effect/DateTime";
import type * as Duration from "effect/Duration";
import type * as Effect from "effect/Effect";
import type * as Scope from "effect/Scope";
import type { MetricsApiError } from "../base/errors.ts";
import type { LeftAlone, SpoolError } from "../spool/service.ts";
import type { Metadata } from "../wire/schema.ts";
import type { FolderPathError, UndeliveredError } from "./errors.ts";

// -----------------------------------------------------------------------------
// Models
// -----------------------------------------------------------------------------

/**
 * What an experiment is made of.
 *
 * @category models
 */
export interface NewExperiment {
  /** 1 to 200 characters (UTF-16 units), unique in the organization. */
  readonly slug: string;
  /** At most 4,000 characters. Default: `""`. */
  readonly description?: string | undefined;
  /** Any JSON object. It is stored and given back as it is. Default: `{}`. */
  readonly metadata?: Metadata | undefined;
}

/**
 * The experiment to record into, in a folder that is named by its id or by its path.
 *
 * @category models
 */
export type ExperimentInput = NewExperiment &
  (
    | {
        /** Default: the top level. */
        readonly folderId?: string | null | undefined;
        readonly folderPath?: undefined;
      }
    | {
        /** The names on the way to the folder: `"/models/mamba"`. It must be there. Default: the top level. */
        readonly folderPath?: string | undefined;
        readonly folderId?: undefined;
      }
  );

/**
 * An experiment as it was when it was opened: what both generations of the API say of one. `Experiments.get` says the
 * rest.
 *
 * @category models
 */
export interface OpenedExperiment {
  readonly id: string;
  /** Unique in the organization. */
  readonly slug: string;
  /** Its page; API v2 does not say. */
  readonly url?: string | undefined;
  readonly description: string;
  /** The user's own JSON object, as it was given. */
  readonly metadata: Metadata;
  /** Where it stood. */
  readonly status: "created" | "running" | "done" | "error" | (string & {});
  readonly createdAt: DateTime.Utc;
  readonly updatedAt: DateTime.Utc;
  readonly startedAt: DateTime.Utc | null;
  readonly doneAt: DateTime.Utc | null;
  /** When a metric or an annotation last arrived. */
  readonly lastEventAt: DateTime.Utc | null;
}

/**
 * @category models
 */
export interface AnnotationOptions {
  /** The step that it is about, a non-negative integer; kept as `step` in the metadata. Default: none. */
  readonly step?: number | undefined;
  /** Any JSON object, at most 65,536 UTF-8 bytes of it. Default: `{}`. */
  readonly metadata?: Metadata | undefined;
}

/**
 * @category models
 */
export interface EventOptions {
  /**
   * A non-negative integer: the step of the training loop. Default: none; over API v2, where every metric has one, how
   * many were recorded before without.
   */
  readonly step?: number | undefined;
  /**
   * Any JSON object, at most 65,536 UTF-8 bytes of it; tells series of one name apart. Over API v2, where it is a flat
   * map of texts, what is no text is stored as its JSON. Default: none.
   */
  readonly metadata?: Metadata | undefined;
  /** When it was, in 1970 or later. Default: now. */
  readonly timestamp?: DateTime.Utc | undefined;
}

/**
 * How it stands with what was recorded.
 *
 * @category models
 */
export interface Summary {
  /** Acknowledged by the service. */
  readonly delivered: number;
  /** Waiting to be sent. */
  readonly pending: number;
  /** Dropped by the spool, for want of room, or as the files that held them were deleted. */
  readonly dropped: number;
  /** Refused by the service for good. */
  readonly refused: number;
  /** Left out, as they were none that the service takes. */
  readonly invalid: number;
  /** Left out, as they were recorded after the scope of the recorder had closed. */
  readonly late: number;
}

/**
 * Records into one experiment. Nothing here waits for the network but `flush` and `flushOrFail`, and `metric` and
 * `annotation` on a spool in memory with `overflow: "backpressure"` that is full. Of itself nothing but `flushOrFail`
 * fails.
 *
 * @category models
 */
export interface Recorder {
  /** The slug of the experiment. */
  readonly slug: string;

  /**
   * The experiment as it was when it was opened.
   *
   * **Gotchas**
   *
   * Where the job started without the service, this asks the service to open it now, and fails as
   * `Collector.experiment` would have.
   */
  readonly experiment: Effect.Effect<OpenedExperiment, MetricsApiError | FolderPathError>;

  /**
   * Records a measurement.
   *
   * **Details**
   *
   * An event that the service would not take (a value that is not finite, an empty name or one over 500 characters, a
   * step that is no non-negative integer, metadata that is no JSON or too large) is left out, counted, and warned of
   * once per name.
   *
   * **Gotchas**
   *
   * An event with a step is named by slug, name, step and metadata: recording the same step again is the same event,
   * of which the first is kept, also when a job is run again under the same slug. An event without a step is always a
   * new one.
   */
  readonly metric: (name: string, value: number, options?: EventOptions) => Effect.Effect<void>;

  /**
   * The same from a plain callback. Answers whether the event was taken in.
   *
   * **Gotchas**
   *
   * It cannot wait: not for room, and not for the disk. Under `durability: "event"` the event is on the disk soon
   * after, not before it returns.
   */
  readonly metricUnsafe: (name: string, value: number, options?: EventOptions) => boolean;

  /**
   * Records a note, of 1 to 16,000 characters. One that the service would not take is left out and counted, as by
   * `metric`.
   *
   * **Details**
   *
   * A note is no event of its own to the service but a request, whose `Idempotency-Key` is drawn here and kept in the
   * spool: however often it is sent, and by whom, it is one note. API v2 has no such keys, so that where the answer was
   * lost the service is asked whether the note is there. Its time is that of its arrival.
   */
  readonly annotation: (text: string, options?: AnnotationOptions) => Effect.Effect<void>;

  /**
   * Runs a job and records where it stands: `running`, then `done`, or `error` with a name and a detail.
   *
   * **Details**
   *
   * The name is the `_tag` or the name of the error, or `Interrupted` for interruption and signals; the detail is the
   * cause as effect prints it, cut to 8,000 characters. How it ended is sent after everything that was recorded
   * before. If the process is killed, whoever takes its spool over says `error`, with the name `Killed`.
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

  /**
   * Tries to send everything, once with its retries, and fails with {@link UndeliveredError} if anything is left, or
   * was ever dropped, refused or left out.
   */
  readonly flushOrFail: Effect.Effect<void, UndeliveredError>;

  readonly summary: Effect.Effect<Summary>;
}

/**
 * What became of what earlier processes left.
 *
 * @category models
 */
export interface Recovery {
  /** Events delivered since the `Collector` was made. */
  readonly delivered: number;
  /** Events refused by the service for good, since then. */
  readonly refused: number;
  /** Events that were left, could not be delivered, and are kept. */
  readonly remaining: number;
  /** What was not tried, and why: a process that is alive sends its own. */
  readonly leftAlone: ReadonlyArray<LeftAlone>;
}

// -----------------------------------------------------------------------------
// Service
// -----------------------------------------------------------------------------

/**
 * Makes recorders, and sends what earlier processes left.
 *
 * @category services
 */
export class Collector extends Context.Service<
  Collector,
  {
    /** A recorder for an experiment, which is created, or found where its slug is taken. */
    readonly experiment: (
      input: ExperimentInput,
    ) => Effect.Effect<Recorder, MetricsApiError | FolderPathError | SpoolError, Scope.Scope>;
    /** `onProgress` is called after every batch. */
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
 */
export interface Options {
  /**
   * The generation of the API that is recorded over. What a recorder of the other one left in the spool is left alone.
   * Default: `"v1"`.
   */
  readonly api?: "v1" | "v2" | undefined;
  /** How many events make a batch. Default: 1,000, which is the most that the service takes. */
  readonly maxEvents?: number | undefined;
  /** How many UTF-8 bytes of events make a batch. Default: so many that a request holds about 1 MiB. */
  readonly maxBytes?: number | undefined;
  /** How old a batch may get before it is sent. Default: 1 second. */
  readonly interval?: Duration.Input | undefined;
  /** How long the end of a recorder's scope may wait for the service. Default: 10 seconds. */
  readonly shutdownTimeout?: Duration.Input | undefined;
  /**
   * What becomes of a job that starts when the service cannot be reached. `"record"`: after 5 seconds at most it
   * records all the same, under its slug, and the experiment is opened as soon as the service answers; a spool in
   * memory cannot, as it would lose everything with the process. `"fail"`: `Collector.experiment` fails. Default:
   * `"record"`.
   */
  readonly offline?: "record" | "fail" | undefined;
  /** Send in the background what earlier processes left in the spool. Default: `true`. */
  readonly recoverOnStart?: boolean | undefined;
}
