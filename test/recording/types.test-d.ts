/** What recording takes, answers, fails with and needs, to the letter. Compiled, never run. */
import type * as Effect from "effect/Effect";
import type * as FileSystem from "effect/FileSystem";
import type * as Layer from "effect/Layer";
import type * as Path from "effect/Path";
import type * as Schedule from "effect/Schedule";
import type * as Scope from "effect/Scope";
import type { HttpClient } from "effect/http/HttpClient";
import {
  Collector,
  type ConfigService,
  type IngestionKeyCache,
  MetricReporter,
  type MetricsApiError,
  Spool,
} from "../../src/index.ts";

/** The same type, and not merely one that fits. */
type Same<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
declare const isTrue: <_T extends true>() => void;

// -----------------------------------------------------------------------------
// What each needs and fails with
// -----------------------------------------------------------------------------

type NeededForV2 = ConfigService.ConfigService | HttpClient | Spool.Spool;
type Recording<R> = Layer.Layer<Collector.Collector, MetricsApiError.MetricsApiAuthError, R>;
isTrue<
  Same<
    typeof Collector.layer,
    <Api extends "v1" | "v2" = "v1">(
      options?: Collector.Options & { readonly api?: Api | undefined },
    ) => Recording<
      NeededForV2 | { readonly v1: IngestionKeyCache.IngestionKeyCache; readonly v2: never }[Api]
    >
  >
>();
const overV1 = Collector.layer({ interval: "1 second" });
isTrue<Same<typeof overV1, Recording<NeededForV2 | IngestionKeyCache.IngestionKeyCache>>>();
const overV2 = Collector.layer({ api: "v2", interval: "1 second" });
// There are no ingestion keys in v2.
isTrue<Same<typeof overV2, Recording<NeededForV2>>>();
const plainly = Collector.layer();
isTrue<Same<typeof plainly, typeof overV1>>();
declare const either: "v1" | "v2";
const overEither = Collector.layer({ api: either });
isTrue<Same<typeof overEither, typeof overV1>>();
isTrue<
  Same<
    typeof Collector.experiment,
    (
      input: Collector.ExperimentInput,
    ) => Effect.Effect<
      Collector.Recorder,
      MetricsApiError.MetricsApiError | Collector.FolderPathError | Spool.SpoolError,
      Collector.Collector | Scope.Scope
    >
  >
>();
isTrue<
  Same<
    typeof Collector.recover,
    Effect.Effect<Collector.Recovery, Spool.SpoolError, Collector.Collector>
  >
>();
isTrue<
  Same<
    typeof Spool.layerMemory,
    (options?: Spool.MemoryOptions) => Layer.Layer<Spool.Spool, MetricsApiError.MetricsApiAuthError>
  >
>();
isTrue<
  Same<
    typeof Spool.layerFileSystem,
    (
      directory: string,
      options?: Spool.FileOptions,
    ) => Layer.Layer<
      Spool.Spool,
      MetricsApiError.MetricsApiAuthError | Spool.SpoolError,
      FileSystem.FileSystem | Path.Path
    >
  >
>();
isTrue<
  Same<
    typeof MetricReporter.layer,
    (options: MetricReporter.Options) => Layer.Layer<never, MetricsApiError.MetricsApiAuthError>
  >
>();
isTrue<
  Same<
    typeof MetricReporter.report,
    (recorder: Collector.Recorder, options?: MetricReporter.ReportOptions) => Effect.Effect<void>
  >
>();

// -----------------------------------------------------------------------------
// A recorder needs nothing, and fails nowhere but where it says so
// -----------------------------------------------------------------------------

const recorder: Collector.Recorder = undefined!;

const recorded = recorder.metric("loss", 1, { step: 1, metadata: { split: "val" } });
isTrue<Same<typeof recorded, Effect.Effect<void>>>();
const taken = recorder.metricUnsafe("loss", 1);
isTrue<Same<typeof taken, boolean>>();
isTrue<Same<typeof recorder.flush, Effect.Effect<void>>>();
isTrue<Same<typeof recorder.flushOrFail, Effect.Effect<void, Collector.UndeliveredError>>>();

// Whatever it is recorded over, a recorder is of one type.
isTrue<
  Same<
    typeof recorder.experiment,
    Effect.Effect<
      Collector.OpenedExperiment,
      MetricsApiError.MetricsApiError | Collector.FolderPathError
    >
  >
>();

const job: Effect.Effect<number, "no", Path.Path> = undefined!;
const run = recorder.run(job);
isTrue<Same<typeof run, typeof job>>();

// -----------------------------------------------------------------------------
// Wrong calls
// -----------------------------------------------------------------------------

const schedule: Schedule.Schedule<number> = undefined!;
MetricReporter.layer({ recorder, interval: schedule });
MetricReporter.layer({ recorder, interval: "1 minute", filter: ({ id }) => id !== "x" });

// @ts-expect-error -- a value is a number
recorder.metric("loss", "1");
// @ts-expect-error -- metadata is JSON
recorder.metric("loss", 1, { metadata: { at: new Date() } });
// @ts-expect-error -- a time is a DateTime.Utc
recorder.metric("loss", 1, { timestamp: new Date() });
// @ts-expect-error -- a misspelt field
recorder.metric("loss", 1, { steps: 1 });
// @ts-expect-error -- no such policy
Spool.layerMemory({ overflow: "drop" });
// @ts-expect-error -- no such durability
Spool.layerFileSystem("spool", { durability: "always" });
// @ts-expect-error -- a directory
Spool.layerFileSystem();
Collector.experiment({ slug: "s", folderId: null });
Collector.experiment({ slug: "s", folderPath: undefined });
// @ts-expect-error -- no slug
Collector.experiment({ description: "d" });
// @ts-expect-error -- a folder has one name
Collector.experiment({ slug: "s", folderId: "f", folderPath: "/f" });
recorder.annotation("halved", { step: 1, metadata: { lr: 0.1 } });
// @ts-expect-error -- a step is a number
recorder.annotation("halved", { step: "1" });
// @ts-expect-error -- a misspelt option
Collector.layer({ api: "v2", intervall: "1 second" });
// @ts-expect-error -- no such generation
Collector.layer({ api: "v3" });
// @ts-expect-error -- no recorder
MetricReporter.layer({ interval: "1 second" });
