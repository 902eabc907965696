/** What the public functions of API v2 take, answer, fail with and need, to the letter. Compiled, never run. */
import * as Effect from "effect/Effect";
import type * as FileSystem from "effect/FileSystem";
import type { HttpClient } from "effect/http/HttpClient";
import type * as Layer from "effect/Layer";
import type * as Path from "effect/Path";
import type * as Schema from "effect/Schema";
import type { Scope } from "effect/Scope";
import type * as Stream from "effect/Stream";
import {
  type ConfigService,
  Experiments as ExperimentsV1,
  type IngestionKeyCache,
  Metrics,
  type MetricsApiError,
} from "../../src/index.ts";
import { MetricsServer } from "../../src/testing/index.ts";
import {
  Auth,
  type Events,
  type Experiments,
  type Folders,
  Runs,
  Series,
  type SyvainMetrics,
} from "../../src/v2/index.ts";

/** The same type, and not merely one that fits. */
type Same<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
declare const isTrue: <_T extends true>() => void;

/** The names under which two records differ. */
type Differing<A, B> = {
  [K in keyof A | keyof B]: K extends keyof A & keyof B
    ? Same<A[K], B[K]> extends true
      ? never
      : K
    : K;
}[keyof A | keyof B];
declare const isNone: <_T extends never>() => void;

/** What a module has beside its schemas. */
type Members<Module> = {
  [K in keyof Module as Module[K] extends Schema.Top ? never : K]: Module[K];
};

type Config = ConfigService.ConfigService;
type Failure = MetricsApiError.MetricsApiError;
type Call<A> = Effect.Effect<A, Failure, Config | HttpClient>;
type Metadata = { readonly [key: string]: Schema.Json };

isNone<Differing<Members<typeof Auth>, { status: Call<Auth.AuthStatus> }>>();

isNone<
  Differing<
    typeof Events,
    {
      send: (event: string, data: Metadata) => Call<Events.Reply>;
      sendAll: (events: ReadonlyArray<Events.EventInput>) => Call<ReadonlyArray<Events.Reply>>;
    }
  >
>();

isNone<
  Differing<
    typeof Folders,
    {
      tree: Call<Folders.FolderTree>;
      make: (path: string) => Call<{ readonly folder: Folders.Folder }>;
      create: (input: Folders.FolderInput) => Call<{ readonly folderId: string }>;
      rename: (folderId: string, name: string) => Call<void>;
      move: (folderId: string, { from, to }: Folders.Move) => Call<void>;
    }
  >
>();

isNone<
  Differing<
    Members<typeof Experiments>,
    {
      get: (experimentId: string) => Call<{ readonly experiment: Experiments.Experiment }>;
      getMany: (experimentIds: ReadonlyArray<string>) => Call<{
        readonly experiments: ReadonlyArray<Experiments.Experiment & Experiments.Revisions>;
        readonly missing: ReadonlyArray<string>;
      }>;
      revisions: (experimentIds: ReadonlyArray<string>) => Call<{
        readonly revisions: ReadonlyArray<
          { readonly experimentId: string } & Experiments.Revisions
        >;
        readonly missing: ReadonlyArray<string>;
      }>;
      find: (slug: string) => Call<{ readonly experiment: Experiments.ExperimentEntry }>;
      list: (
        pattern?: string,
      ) => Call<{ readonly experiments: ReadonlyArray<Experiments.ExperimentEntry> }>;
      catalog: (
        experimentId: string,
      ) => Call<{ readonly series: ReadonlyArray<Experiments.CatalogSeries> }>;
      annotations: (
        experimentId: string,
      ) => Call<{ readonly annotations: ReadonlyArray<Experiments.Annotation> }>;
      move: (experimentId: string, { from, to }: Folders.Move) => Call<void>;
    }
  >
>();

isNone<
  Differing<
    typeof Series,
    {
      read: (
        experimentId: string,
        options?: Series.SeriesOptions,
      ) => Call<ReadonlyArray<Series.Series>>;
      stream: (
        experimentId: string,
        options?: Series.SeriesOptions,
      ) => Stream.Stream<Series.Series, Failure, Config | HttpClient>;
    }
  >
>();

isNone<
  Differing<
    Members<typeof Runs>,
    {
      open: (
        options: Runs.OpenOptions,
      ) => Effect.Effect<Runs.Run, Failure, Config | HttpClient | Scope>;
    }
  >
>();

/** Of a run that is open nothing needs a service. */
type Written<A> = Effect.Effect<A, Failure>;
type WithMeta = { readonly meta?: Metadata | undefined };
isNone<
  Differing<
    Omit<Runs.Run, "metrics">,
    {
      readonly experimentId: string;
      readonly start: Written<void>;
      readonly done: Written<void>;
      readonly annotate: (
        annotation: string,
        options?: WithMeta,
      ) => Written<{ readonly annotationId: string }>;
      readonly error: (message: string, options?: WithMeta) => Written<void>;
    }
  >
>();

type Configured<R = never> = Layer.Layer<Config, MetricsApiError.MetricsApiAuthError, R>;
isNone<
  Differing<
    typeof SyvainMetrics,
    {
      layer: (options: ConfigService.KeyOptions) => Configured;
      layerLocal: (
        options?: ConfigService.LocalOptions,
      ) => Configured<FileSystem.FileSystem | Path.Path>;
      layerConfig: Configured;
      layerAuto: (
        options?: ConfigService.AutoOptions,
      ) => Configured<FileSystem.FileSystem | Path.Path>;
    }
  >
>();

// -----------------------------------------------------------------------------
// Right calls, and wrong ones
// -----------------------------------------------------------------------------

declare const run: Runs.Run;
const point = { name: "n", value: 1, step: 0 };

const fromArray = run.metrics([point]);
isTrue<Same<typeof fromArray, Effect.Effect<Runs.MetricsResult, Failure>>>();
declare const points: Stream.Stream<Runs.MetricPoint, "no more", HttpClient>;
const fromStream = run.metrics(points);
isTrue<
  Same<typeof fromStream, Effect.Effect<Runs.MetricsResult, Failure | "no more", HttpClient>>
>();

Series.read("e", { names: ["loss"], where: { split: "val" }, has: ["rank"], x: "timestamp" });

// @ts-expect-error -- a point has a step
run.metrics([{ name: "n", value: 1 }]);
// @ts-expect-error -- its metadata is flat
run.metrics([{ ...point, metadata: { rank: 0 } }]);
// @ts-expect-error -- there are two orders
Series.read("e", { x: "value" });
// @ts-expect-error -- a slug is required
Runs.open({ description: "d" });
declare const live: Layer.Layer<Config | HttpClient>;
// @ts-expect-error -- the scope is missing
Effect.runPromise(Effect.provide(Runs.open({ slug: "s" }), live));
// @ts-expect-error -- the services are missing
Effect.runPromise(Auth.status);

// -----------------------------------------------------------------------------
// Both APIs in one program
// -----------------------------------------------------------------------------

const ofBoth = Effect.gen(function* () {
  const { experimentId } = yield* Runs.open({ slug: "s" });
  const { experiment } = yield* ExperimentsV1.get(experimentId);
  yield* Metrics.ingest(experiment.id, [{ clientEventId: "id", name: "n", value: 1 }]);
  return yield* Series.read(experimentId);
}).pipe(Effect.scoped);
isTrue<
  Same<
    typeof ofBoth,
    Effect.Effect<
      ReadonlyArray<Series.Series>,
      Failure,
      Config | HttpClient | IngestionKeyCache.IngestionKeyCache
    >
  >
>();
const tested = Effect.provide(ofBoth, MetricsServer.layerClient());
isTrue<Same<typeof tested, Effect.Effect<ReadonlyArray<Series.Series>, Failure>>>();
