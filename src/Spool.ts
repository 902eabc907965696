/**
 * Where recorded events wait until the service has acknowledged them: in memory, or in files that outlive the process.
 *
 * @module
 */
import * as Layer from "effect/Layer";
import type * as FileSystem from "effect/FileSystem";
import type * as Path from "effect/Path";
import type { MetricsApiAuthError } from "./internal/base/errors.ts";
import { makeFileSpool } from "./internal/spool/fileSpool.ts";
import { makeMemorySpool } from "./internal/spool/memorySpool.ts";
import {
  type FileOptions,
  type MemoryOptions,
  Spool,
  type SpoolError,
} from "./internal/spool/service.ts";

export {
  type Adopted,
  type Batch,
  type Counts,
  type Destination,
  type Entry,
  type FileOptions,
  type Kind,
  type LeftAlone,
  type Leftover,
  type Limits,
  type Log,
  type MemoryOptions,
  type Outgoing,
  type Overflow,
  type Recipient,
  Spool,
  SpoolError,
} from "./internal/spool/service.ts";

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
 * `overflow: "backpressure"` lets `recorder.metric` wait for room, and so for the network. `recorder.metricUnsafe`
 * cannot wait and drops the event.
 *
 * @example
 * ```ts
 * import * as Layer from "effect/Layer";
 * import { Collector, Spool } from "syvain-metrics-effect";
 *
 * const recording = Collector.layer().pipe(Layer.provide(Spool.layerMemory({ capacity: 10_000 })));
 * ```
 *
 * @category layers
 */
export const layerMemory = (options: MemoryOptions = {}): Layer.Layer<Spool, MetricsApiAuthError> =>
  Layer.effect(Spool, makeMemorySpool(options));

/**
 * In files below a directory, which is made if need be: what is written there survives the process, killed at any
 * point.
 *
 * **Details**
 *
 * Each recorder writes files of its own, append-only, in checksummed blocks that are fsynced; what was acknowledged
 * is deleted. A directory can be shared by any number of processes. What a process left is taken over by the next
 * `Collector.layer` on the directory, at once when it ended by itself, and after `lease` of silence when it was
 * killed. A directory that cannot be made or written fails the layer with {@link SpoolError}, an option that cannot
 * be with `MetricsApiAuthError` (`InvalidSetting`).
 *
 * **Gotchas**
 *
 * With `durability: "batch"` a job that computes without giving anything else its turn has its events written when it
 * records the next one: what a kill costs is then what it recorded since, if that is longer than the interval ago.
 *
 * Files are open only while they are used, 32 at a time. A directory that is deleted is made again; the events that
 * were only there are lost, counted as dropped, and the log says how many.
 *
 * When the disk fails later, say because it is full, recording goes on: events are kept in memory, up to `capacity`,
 * and sent from there; what is beyond it is dropped and counted. The log says so.
 *
 * A process that does not show for longer than `lease`, say because it computes and lets nothing else have its turn,
 * is taken for gone: another one on the directory sends what it has written so far. Nothing is lost or stored twice,
 * but until that is done, `recorder.flush` waits and `recorder.flushOrFail` fails.
 *
 * @example
 * ```ts
 * import * as Layer from "effect/Layer";
 * import { Collector, Spool } from "syvain-metrics-effect";
 *
 * const recording = Collector.layer().pipe(Layer.provide(Spool.layerFileSystem("runs/spool")));
 * ```
 *
 * @category layers
 */
export const layerFileSystem = (
  directory: string,
  options: FileOptions = {},
): Layer.Layer<Spool, MetricsApiAuthError | SpoolError, FileSystem.FileSystem | Path.Path> =>
  Layer.effect(Spool, makeFileSpool(directory, options));
