/** What the public functions take, answer, fail with and need, to the letter. Compiled, never run. */
import type * as DateTime from "effect/DateTime";
import * as Effect from "effect/Effect";
import type * as FileSystem from "effect/FileSystem";
import type { HttpClient } from "effect/http/HttpClient";
import type * as Layer from "effect/Layer";
import type * as Path from "effect/Path";
import type { BackingPersistence } from "effect/persistence/Persistence";
import type * as Redacted from "effect/Redacted";
import type * as Schema from "effect/Schema";
import type * as Sink from "effect/Sink";
import type * as Stream from "effect/Stream";
import {
  type Annotations,
  Auth,
  type ConfigService,
  Experiments,
  type Folders,
  IdempotencyKey,
  type IngestionKeyCache,
  type IngestionKeys,
  Metrics,
  MetricsApiError,
  type PersistedIngestionKeyCache,
  RequestPolicy,
  ResponseInfo,
  type RetryBudget,
  type SyvainMetrics,
  type Telemetry,
} from "../../src/index.ts";

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
type Cache = IngestionKeyCache.IngestionKeyCache;
type Failure = MetricsApiError.MetricsApiError;

/** Most calls. */
type Call<A> = Effect.Effect<A, Failure, Config | HttpClient>;
/** Those under an ingestion key. */
type Ingestion<A> = Effect.Effect<A, Failure, Config | HttpClient | Cache>;

type FolderAnswer = { readonly folder: Folders.Folder };
type ExperimentAnswer = { readonly experiment: Experiments.Experiment };
type Rows = { readonly rows: ReadonlyArray<Metrics.MetricRow> };

// -----------------------------------------------------------------------------
// The calls
// -----------------------------------------------------------------------------

isNone<
  Differing<
    Members<typeof Folders>,
    {
      list: (
        options?: Folders.ListOptions,
      ) => Call<{ readonly folders: ReadonlyArray<Folders.Folder> }>;
      create: (input: Folders.FolderInput) => Call<FolderAnswer>;
      get: (folderId: string) => Call<Folders.FolderContents>;
      patch: (folderId: string, input: Folders.FolderPatch) => Call<FolderAnswer>;
      rename: (folderId: string, name: string) => Call<FolderAnswer>;
      move: (folderId: string, parentId: string | null) => Call<FolderAnswer>;
    }
  >
>();

isNone<
  Differing<
    Members<typeof Experiments>,
    {
      list: (
        options?: Experiments.ListOptions,
      ) => Call<{ readonly experiments: ReadonlyArray<Experiments.ExperimentSummary> }>;
      create: (input: Experiments.ExperimentInput) => Call<ExperimentAnswer>;
      get: (experimentId: string) => Call<ExperimentAnswer>;
      updateStatus: (
        experimentId: string,
        status: "running" | "done" | "error",
        options?: Experiments.StatusOptions,
      ) => Call<ExperimentAnswer>;
      move: (experimentId: string, folderId: string | null) => Call<ExperimentAnswer>;
    }
  >
>();

isNone<
  Differing<
    Omit<Members<typeof Metrics>, "ingestAll">,
    {
      list: (experimentId: string, options?: Metrics.ListOptions) => Call<Rows>;
      compare: (
        series: ReadonlyArray<Metrics.ComparisonSeries>,
        options?: Metrics.CompareOptions,
      ) => Call<Rows>;
      querySeries: (
        series: ReadonlyArray<Metrics.SeriesSelection>,
        options?: Metrics.SeriesOptions,
      ) => Call<ReadonlyArray<Metrics.SeriesBatch>>;
      streamSeries: (
        series: ReadonlyArray<Metrics.SeriesSelection>,
        options?: Metrics.SeriesOptions,
      ) => Stream.Stream<Metrics.SeriesBatch, Failure, Config | HttpClient>;
      ingest: (
        experimentId: string,
        metrics: ReadonlyArray<Metrics.MetricInput>,
        options?: Metrics.IngestOptions,
      ) => Ingestion<Metrics.IngestResult>;
      sink: (
        experimentId: string,
        options?: Metrics.IngestAllOptions,
      ) => Sink.Sink<
        Metrics.IngestAllResult,
        Metrics.MetricInput,
        never,
        Failure,
        Config | HttpClient | Cache
      >;
      listCatalog: (
        experimentId: string,
        options?: Metrics.CatalogOptions,
      ) => Call<{ readonly metrics: ReadonlyArray<Metrics.CatalogMetric> }>;
      inspectCatalogValues: (
        experimentId: string,
        metricName: string,
        options?: Metrics.CatalogValuesOptions,
      ) => Call<{ readonly metadata: Metrics.CatalogValues }>;
      queryCatalog: (
        experimentIds: ReadonlyArray<string>,
      ) => Call<ReadonlyArray<Metrics.ExperimentCatalogMetric>>;
    }
  >
>();

isNone<
  Differing<
    Members<typeof IngestionKeys>,
    {
      list: (
        experimentId: string,
      ) => Call<{ readonly keys: ReadonlyArray<IngestionKeys.IngestionKey> }>;
      create: (
        experimentId: string,
        options?: IngestionKeys.CreateOptions,
      ) => Call<IngestionKeys.IngestionCredential>;
      revoke: (
        experimentId: string,
        keyId: string,
      ) => Ingestion<{ readonly key: IngestionKeys.IngestionKey }>;
      forgetCredential: (experimentId: string) => Effect.Effect<void, never, Config | Cache>;
      prepare: (experimentId: string) => Ingestion<void>;
    }
  >
>();

isNone<
  Differing<
    Members<typeof Annotations>,
    {
      list: (
        experimentId: string,
        options?: Annotations.ListOptions,
      ) => Call<{ readonly annotations: ReadonlyArray<Annotations.Annotation> }>;
      create: (
        experimentId: string,
        input: Annotations.AnnotationInput,
      ) => Ingestion<Annotations.CreatedAnnotation>;
    }
  >
>();

isNone<Differing<Members<typeof Auth>, { status: Call<Auth.AuthStatus> }>>();

declare const few: ReadonlyArray<Metrics.MetricInput>;
declare const endless: Stream.Stream<Metrics.MetricInput, "disk", FileSystem.FileSystem>;
const ofFew = Metrics.ingestAll("e", few, { onInvalid: "collect" });
isTrue<Same<typeof ofFew, Ingestion<Metrics.IngestAllResult>>>();
const ofEndless = Metrics.ingestAll("e", endless);
isTrue<
  Same<
    typeof ofEndless,
    Effect.Effect<
      Metrics.IngestAllResult,
      Failure | "disk",
      Config | HttpClient | Cache | FileSystem.FileSystem
    >
  >
>();

// -----------------------------------------------------------------------------
// Layers
// -----------------------------------------------------------------------------

type AuthError = MetricsApiError.MetricsApiAuthError;
type Files = FileSystem.FileSystem | Path.Path;
/** The four ways to be configured. */
interface Layers<Services> {
  layer: (options: ConfigService.KeyOptions) => Layer.Layer<Services, AuthError>;
  layerLocal: (options?: ConfigService.LocalOptions) => Layer.Layer<Services, AuthError, Files>;
  layerConfig: Layer.Layer<Services, AuthError>;
  layerAuto: (options?: ConfigService.AutoOptions) => Layer.Layer<Services, AuthError, Files>;
}

isNone<Differing<Omit<typeof ConfigService, "ConfigService">, Layers<Config>>>();
isNone<Differing<typeof SyvainMetrics, Layers<Config | Cache>>>();
isTrue<Same<typeof IngestionKeyCache.layer, Layer.Layer<Cache>>>();
isTrue<
  Same<
    typeof IngestionKeyCache.layerOptions,
    (options: IngestionKeyCache.Options) => Layer.Layer<Cache>
  >
>();
isTrue<
  Same<
    typeof PersistedIngestionKeyCache.layer,
    (options?: PersistedIngestionKeyCache.Options) => Layer.Layer<Cache, never, BackingPersistence>
  >
>();
isTrue<Same<typeof Telemetry.layer, Layer.Layer<never>>>();
isTrue<Same<typeof Telemetry.layerLog, (options?: Telemetry.LogOptions) => Layer.Layer<never>>>();

// -----------------------------------------------------------------------------
// Every model is an interface and a schema of one name, and the two agree
// -----------------------------------------------------------------------------

type Flat<T> = { [K in keyof T]: T[K] };
type Agrees<Interface, S extends Schema.Top> = Same<Flat<Interface>, Flat<S["Type"]>>;

isTrue<Agrees<Folders.Folder, typeof Folders.Folder>>();
isTrue<Agrees<Experiments.Experiment, typeof Experiments.Experiment>>();
isTrue<Agrees<Experiments.ExperimentSummary, typeof Experiments.ExperimentSummary>>();
isTrue<Same<Experiments.ExperimentStatus, (typeof Experiments.ExperimentStatus)["Type"]>>();
isTrue<Agrees<Metrics.MetricInput, typeof Metrics.MetricInput>>();
isTrue<Agrees<Metrics.MetricRow, typeof Metrics.MetricRow>>();
isTrue<Agrees<Metrics.ComparisonSeries, typeof Metrics.ComparisonSeries>>();
isTrue<Agrees<Metrics.CatalogMetric, typeof Metrics.CatalogMetric>>();
isTrue<Agrees<Metrics.CatalogValues, typeof Metrics.CatalogValues>>();
isTrue<Agrees<Metrics.SeriesSelection, typeof Metrics.SeriesSelection>>();
isTrue<Agrees<Metrics.SeriesBatch, typeof Metrics.SeriesBatch>>();
isTrue<Agrees<Metrics.ExperimentCatalogMetric, typeof Metrics.ExperimentCatalogMetric>>();
isTrue<Agrees<IngestionKeys.IngestionKey, typeof IngestionKeys.IngestionKey>>();
isTrue<Agrees<IngestionKeys.IngestionCredential, typeof IngestionKeys.IngestionCredential>>();
isTrue<Agrees<Annotations.Annotation, typeof Annotations.Annotation>>();
isTrue<Agrees<Annotations.AnnotationInput, typeof Annotations.AnnotationInput>>();
isTrue<Agrees<Auth.AuthStatus, typeof Auth.AuthStatus>>();

isTrue<Same<Experiments.Experiment["createdAt"], DateTime.Utc>>();
isTrue<Same<Metrics.MetricRow["clientTimestampMs"], number>>();
isTrue<Same<IngestionKeys.IngestionCredential["token"], Redacted.Redacted>>();
isTrue<Same<(typeof Experiments.Experiment)["Encoded"]["created_at_ms"], number>>();
isTrue<Same<(typeof Folders.Folder)["DecodingServices"], never>>();

// -----------------------------------------------------------------------------
// Failures narrow
// -----------------------------------------------------------------------------

isTrue<
  Same<
    Failure,
    | MetricsApiError.MetricsApiRequestError
    | MetricsApiError.MetricsApiResponseError
    | MetricsApiError.MetricsApiAuthError
  >
>();
isTrue<Same<(typeof MetricsApiError.MetricsApiError)["Type"], Failure>>();

const byTag = Experiments.get("e").pipe(
  Effect.catchTag("MetricsApiResponseError", (error) => {
    isTrue<Same<typeof error, MetricsApiError.MetricsApiResponseError>>();
    return Effect.succeed(error.path);
  }),
);
isTrue<
  Same<
    Effect.Error<typeof byTag>,
    MetricsApiError.MetricsApiRequestError | MetricsApiError.MetricsApiAuthError
  >
>();

const allTags = Auth.status.pipe(
  Effect.catchTag(
    ["MetricsApiRequestError", "MetricsApiResponseError", "MetricsApiAuthError"],
    () => Effect.succeed(undefined),
  ),
);
isTrue<Same<Effect.Error<typeof allTags>, never>>();
isTrue<Same<Effect.Success<typeof allTags>, Auth.AuthStatus | undefined>>();

const byReason = Experiments.create({ slug: "s" }).pipe(
  Effect.catchReason("MetricsApiRequestError", "RateLimited", (reason, error) => {
    isTrue<Same<typeof reason, MetricsApiError.RateLimited>>();
    isTrue<Same<typeof error.status, number | undefined>>();
    return Effect.succeed(reason.retryAfter);
  }),
);
isTrue<Same<Effect.Services<typeof byReason>, Config | HttpClient>>();

Auth.status.pipe(
  Effect.catchReasons("MetricsApiAuthError", {
    HostMismatch: ({ host, pairedHost }) => Effect.succeed([host, pairedHost]),
    UnusableLogin: ({ problem, path }) => Effect.succeed([problem, path]),
  }),
);

declare const unknown: unknown;
if (MetricsApiError.isMetricsApiError(unknown)) isTrue<Same<typeof unknown, Failure>>();

// -----------------------------------------------------------------------------
// Regions of code leave the types as they are
// -----------------------------------------------------------------------------

const region = Auth.status.pipe(
  RequestPolicy.withPolicy({ timeout: "1 second", retry: RequestPolicy.noRetry }),
  RequestPolicy.withTimeout(1000),
  RequestPolicy.withDeadline("1 minute"),
  RequestPolicy.withRetry(RequestPolicy.defaultRetry),
  RequestPolicy.withHeaders({ "x-a": "b" }),
  IdempotencyKey.withKey("k"),
);
isTrue<Same<typeof region, typeof Auth.status>>();
const dataFirst = RequestPolicy.withDeadline(Auth.status, "1 minute");
isTrue<Same<typeof dataFirst, typeof Auth.status>>();
const told = ResponseInfo.withResponse(Auth.status);
isTrue<Same<typeof told, Call<ResponseInfo.WithResponse<Auth.AuthStatus>>>>();
isTrue<
  Same<
    typeof RetryBudget.make,
    (options?: RetryBudget.Options) => Effect.Effect<RetryBudget.RetryBudget>
  >
>();

// -----------------------------------------------------------------------------
// Right calls, and wrong ones that no other test has words for
// -----------------------------------------------------------------------------

const now: DateTime.Utc = undefined!;
const event = { clientEventId: "c", name: "n", value: 1 };

Metrics.ingest("e", [{ ...event, step: null, timestamp: now, metadata: { a: [null] } }]);
Metrics.compare([{ experimentId: "e", metricName: "n" }], { sortBy: ["series", "step"] });
Experiments.list({ status: "a status of tomorrow" });

// @ts-expect-error -- rows of one experiment are of no other series
Metrics.list("e", { sortBy: ["series"] });
// @ts-expect-error -- metadata is an object
Experiments.create({ slug: "s", metadata: [1] });
// @ts-expect-error -- null moves, undefined is nothing
Experiments.move("e", undefined);
// @ts-expect-error -- a value is a number
Metrics.ingest("e", [{ ...event, value: "1" }]);
// @ts-expect-error -- the name of a metric
Metrics.inspectCatalogValues("e");
// @ts-expect-error -- the services are missing
Effect.runPromise(Auth.status);
