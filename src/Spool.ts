/**
 * Where recorded events wait until the service has acknowledged them: in memory, or in files that outlive the process.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import type * as FileSystem from "effect/FileSystem";
import * as Layer from "effect/Layer";
import type * as Path from "effect/Path";
import type * as Scope from "effect/Scope";
import { makeFileSpool } from "./internal/spool/fileSpool.ts";
import type { Limits, Overflow } from "./internal/spool/intake.ts";
import type { Destination, Leftover, Log } from "./internal/spool/log.ts";
import { countSetting } from "./internal/setting.ts";
import type { MetricsApiAuthError } from "./MetricsApiError.ts";
import { SpoolError } from "./internal/spool/spoolError.ts";
import { makeMemoryLog } from "./internal/spool/memoryLog.ts";

// -----------------------------------------------------------------------------
// Errors
// -----------------------------------------------------------------------------

export {
  /**
   * The spool cannot be used: a directory that is not there and cannot be made, that may not be written, a disk that is full.
   * `operation` says what was tried, `path` where, `detail` what the system said.
   *
   * @category errors
   * @since 0.1.0
   */
  SpoolError,
};

// -----------------------------------------------------------------------------
// Models
// -----------------------------------------------------------------------------

export type {
  /**
   * Where the events of a log go: an experiment of a host.
   *
   * @category models
   * @since 0.1.0
   */
  Destination,
  /**
   * The events of one recorder, on their way from the recorder to the sender.
   *
   * @category models
   * @since 0.1.0
   */
  Log,
  /**
   * A log that its owner left, taken over.
   *
   * @category models
   * @since 0.1.0
   */
  Leftover,
  /**
   * When a batch closes: at so many events, so many bytes, or so old, whichever comes first.
   *
   * @category models
   * @since 0.1.0
   */
  Limits,
  /**
   * What becomes of an event for which there is no room: it waits, the oldest goes, or it goes itself. What goes is counted.
   *
   * @category models
   * @since 0.1.0
   */
  Overflow,
};

/**
 * What earlier owners left.
 *
 * @category models
 * @since 0.1.0
 */
export interface Adopted {
  /** Taken over: this process owns them now. Oldest first. */
  readonly leftovers: ReadonlyArray<Leftover>;
  /** How many logs were not taken because their owner is alive, or has not been silent for long enough to be known as gone. */
  readonly owned: number;
}

// -----------------------------------------------------------------------------
// Service
// -----------------------------------------------------------------------------

/**
 * Keeps what was recorded and not yet acknowledged.
 *
 * @category services
 * @since 0.1.0
 */
export class Spool extends Context.Service<
  Spool,
  {
    /** A log for a recorder of this process, until the scope closes. What is then left is found by {@link adopt}, here or in another process. */
    readonly open: (
      destination: Destination,
      limits: Limits,
    ) => Effect.Effect<Log, SpoolError, Scope.Scope>;
    /** Takes over what earlier owners left for this host. */
    readonly adopt: (host: string, limits: Limits) => Effect.Effect<Adopted, SpoolError>;
    /** How long an owner must be silent before it is known as gone. */
    readonly lease: Duration.Duration;
  }
>()("syvain-metrics-effect/Spool") {}

// -----------------------------------------------------------------------------
// Options
// -----------------------------------------------------------------------------

/**
 * @category options
 * @since 0.1.0
 */
export interface MemoryOptions {
  /** How many events of one recorder are held. Default: 100,000. */
  readonly capacity?: number | undefined;
  /** What becomes of an event beyond that. Default: `"dropOldest"`. */
  readonly overflow?: Overflow | undefined;
}

/**
 * @category options
 * @since 0.1.0
 */
export interface FileOptions {
  /**
   * When an event is on the disk: before the call that recorded it returns (`"event"`), or within the batch interval, 1 second by default (`"batch"`).
   * Default: `"batch"`.
   */
  readonly durability?: "event" | "batch" | undefined;
  /** How many events of one recorder may wait in memory for the disk. Default: 20,000. */
  readonly capacity?: number | undefined;
  /** What becomes of an event beyond that. Default: `"backpressure"`, which waits for the disk and never for the network. */
  readonly overflow?: Overflow | undefined;
  /** How long a process must be silent before another one takes over its files. Default: 10 seconds. */
  readonly lease?: Duration.Input | undefined;
}

// -----------------------------------------------------------------------------
// Layers
// -----------------------------------------------------------------------------

/**
 * In memory: what is not delivered when the process ends is lost, and counted.
 *
 * Fails with `MetricsApiAuthError` (`InvalidSetting`) when the layer is built for a capacity that cannot be.
 *
 * **Gotchas**
 *
 * `overflow: "backpressure"` lets `recorder.metric` wait for room, and so for the network. `recorder.metricUnsafe` cannot wait and drops the event.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerMemory = (options: MemoryOptions = {}): Layer.Layer<Spool, MetricsApiAuthError> =>
  Layer.effect(
    Spool,
    Effect.map(countSetting(options.capacity ?? 100_000, "capacity"), (capacity) => ({
      open: (destination, limits) =>
        makeMemoryLog(destination, capacity, options.overflow ?? "dropOldest", limits),
      adopt: () => Effect.succeed({ leftovers: [], owned: 0 }),
      lease: Duration.zero,
    })),
  );

/**
 * In files below a directory, which is made if need be: what is written there survives the process, killed at any point.
 *
 * **Details**
 *
 * Each recorder writes files of its own, append-only, in checksummed blocks that are fsynced; what was acknowledged is deleted. A directory can be shared
 * by any number of processes. What a process left is taken over by the next `Collector.layer` on the directory, at once when it ended by itself,
 * and after `lease` of silence when it was killed. A directory that cannot be made or written fails the layer with {@link SpoolError},
 * an option that cannot be with `MetricsApiAuthError` (`InvalidSetting`).
 *
 * **Gotchas**
 *
 * When the disk fails later, say because it is full, recording goes on: events are kept in memory, up to `capacity`, and sent from there; what is beyond it
 * is dropped and counted. The log says so.
 *
 * A process that does not show for longer than `lease`, say because it computes and lets nothing else have its turn, is taken for gone: another one
 * on the directory sends what it has written so far. Nothing is lost or stored twice, but until that is done, `recorder.flush` waits and
 * `recorder.flushOrFail` fails.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerFileSystem = (
  directory: string,
  options: FileOptions = {},
): Layer.Layer<Spool, MetricsApiAuthError | SpoolError, FileSystem.FileSystem | Path.Path> =>
  Layer.effect(Spool, makeFileSpool(directory, options));
