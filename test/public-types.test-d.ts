/** What the public functions take, answer, fail with and need, to the letter. Compiled, never run. */
import type * as DateTime from "effect/DateTime";
import * as Effect from "effect/Effect";
import type * as FileSystem from "effect/FileSystem";
import type * as Layer from "effect/Layer";
import type * as Path from "effect/Path";
import type { Redis } from "effect/persistence/Redis";
import type * as Redacted from "effect/Redacted";
import * as Schedule from "effect/Schedule";
import type * as Schema from "effect/Schema";
import type * as Sink from "effect/Sink";
import type * as Stream from "effect/Stream";
import type { HttpClient } from "effect/http/HttpClient";
import type * as Breaker from "effect/persistence/CircuitBreaker";
import type * as RateLimiter from "effect/persistence/RateLimiter";
import {
  type Annotations,
  Auth,
  CircuitBreaker,
  ConfigService,
  DebugLog,
  Experiments,
  Folders,
  IdempotencyKey,
  type IngestionKeyCache,
  type IngestionKeys,
  Metrics,
  MetricsApiError,
  type PersistedIngestionKeyCache,
  RateLimit,
  RequestPolicy,
  ResponseInfo,
  type RetryBudget,
  type SyvainMetrics,
  type Telemetry,
} from "../src/index.ts";

/** The same type, and not merely one that fits. */
type Same<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
declare const isTrue: <_T extends true>() => void;

type Config = ConfigService.ConfigService;
type Cache = IngestionKeyCache.IngestionKeyCache;
type Failure = MetricsApiError.MetricsApiError;

/** Most calls. */
type Call<A> = Effect.Effect<A, Failure, Config | HttpClient>;
/** Those under an ingestion key. */
type Ingestion<A> = Effect.Effect<A, Failure, Config | HttpClient | Cache>;
type Items<A> = Stream.Stream<A, Failure, Config | HttpClient>;

type FolderAnswer = { readonly folder: Folders.Folder };
type ExperimentAnswer = { readonly experiment: Experiments.Experiment };
type Status = "pending" | "running" | "done" | "failed" | "cancelled" | (string & {});

// -----------------------------------------------------------------------------
// The 23 calls
// -----------------------------------------------------------------------------

isTrue<Same<typeof Folders.list, (options?: Folders.ListOptions) => Call<Folders.FolderPage>>>();
isTrue<Same<typeof Folders.create, (input: Folders.FolderInput) => Call<FolderAnswer>>>();
isTrue<Same<typeof Folders.get, (folderId: string) => Call<FolderAnswer>>>();
isTrue<
  Same<typeof Folders.patch, (id: string, input: Folders.FolderPatch) => Call<FolderAnswer>>
>();
isTrue<Same<typeof Folders.rename, (id: string, name: string) => Call<FolderAnswer>>>();
isTrue<Same<typeof Folders.move, (id: string, parentId: string | null) => Call<FolderAnswer>>>();

isTrue<
  Same<
    typeof Experiments.list,
    (options?: Experiments.ListOptions) => Call<Experiments.ExperimentPage>
  >
>();
isTrue<
  Same<typeof Experiments.create, (input: Experiments.ExperimentInput) => Call<ExperimentAnswer>>
>();
isTrue<Same<typeof Experiments.get, (experimentId: string) => Call<ExperimentAnswer>>>();
isTrue<
  Same<typeof Experiments.updateStatus, (id: string, status: Status) => Call<ExperimentAnswer>>
>();
isTrue<
  Same<typeof Experiments.move, (id: string, folderId: string | null) => Call<ExperimentAnswer>>
>();

isTrue<
  Same<typeof Metrics.list, (id: string, options?: Metrics.ListOptions) => Call<Metrics.MetricPage>>
>();
isTrue<
  Same<
    typeof Metrics.compare,
    (
      input: ReadonlyArray<Metrics.ComparisonMetricSeries>,
      options?: Metrics.CompareOptions,
    ) => Call<ReadonlyArray<Metrics.ComparisonRow>>
  >
>();
isTrue<
  Same<
    typeof Metrics.ingest,
    (
      id: string,
      input: ReadonlyArray<Metrics.MetricInput>,
      options?: Metrics.IngestOptions,
    ) => Ingestion<Metrics.IngestResult>
  >
>();
isTrue<
  Same<typeof Metrics.listCatalog, (options?: Metrics.CatalogOptions) => Call<Metrics.CatalogPage>>
>();
isTrue<
  Same<
    typeof Metrics.inspectCatalogValues,
    (input: Metrics.CatalogValuesOptions) => Call<Metrics.CatalogValuesPage>
  >
>();

isTrue<
  Same<
    typeof IngestionKeys.list,
    (id: string, options?: IngestionKeys.ListOptions) => Call<IngestionKeys.IngestionKeyPage>
  >
>();
isTrue<
  Same<
    typeof IngestionKeys.create,
    (id: string) => Call<{ readonly ingestionKey: IngestionKeys.IngestionKey }>
  >
>();
isTrue<
  Same<typeof IngestionKeys.revoke, (id: string, ingestionKeyId: string) => Ingestion<void>>
>();
isTrue<
  Same<
    typeof IngestionKeys.forgetCredential,
    (id: string) => Effect.Effect<void, never, Config | Cache>
  >
>();

isTrue<
  Same<
    typeof Annotations.list,
    (id: string, options?: Annotations.ListOptions) => Call<Annotations.AnnotationPage>
  >
>();
isTrue<
  Same<
    typeof Annotations.create,
    (
      id: string,
      input: Annotations.AnnotationInput,
    ) => Ingestion<{ readonly annotation: Annotations.Annotation }>
  >
>();

isTrue<Same<typeof Auth.status, Call<Auth.AuthStatus>>>();

// -----------------------------------------------------------------------------
// The 7 streams take what the pages take, and give the items
// -----------------------------------------------------------------------------

isTrue<
  Same<typeof Folders.stream, (...args: Parameters<typeof Folders.list>) => Items<Folders.Folder>>
>();
isTrue<
  Same<
    typeof Experiments.stream,
    (...args: Parameters<typeof Experiments.list>) => Items<Experiments.Experiment>
  >
>();
isTrue<
  Same<typeof Metrics.stream, (...args: Parameters<typeof Metrics.list>) => Items<Metrics.Metric>>
>();
isTrue<
  Same<
    typeof Metrics.streamCatalog,
    (...args: Parameters<typeof Metrics.listCatalog>) => Items<Metrics.CatalogMetric>
  >
>();
isTrue<
  Same<
    typeof Metrics.streamCatalogValues,
    (...args: Parameters<typeof Metrics.inspectCatalogValues>) => Items<Metrics.CatalogValue>
  >
>();
isTrue<
  Same<
    typeof IngestionKeys.stream,
    (...args: Parameters<typeof IngestionKeys.list>) => Items<IngestionKeys.IngestionKeyInfo>
  >
>();
isTrue<
  Same<
    typeof Annotations.stream,
    (...args: Parameters<typeof Annotations.list>) => Items<Annotations.Annotation>
  >
>();

// -----------------------------------------------------------------------------
// Layers
// -----------------------------------------------------------------------------

type AuthError = MetricsApiError.MetricsApiAuthError;
type Files = FileSystem.FileSystem | Path.Path;

isTrue<
  Same<
    typeof ConfigService.layer,
    (input: ConfigService.KeyOptions) => Layer.Layer<Config, AuthError>
  >
>();
isTrue<
  Same<
    typeof ConfigService.layerLocal,
    (options?: ConfigService.Options) => Layer.Layer<Config, AuthError, Files>
  >
>();
isTrue<Same<typeof ConfigService.layerConfig, Layer.Layer<Config, AuthError>>>();
isTrue<
  Same<
    typeof ConfigService.layerAuto,
    (options?: ConfigService.AutoOptions) => Layer.Layer<Config, AuthError, Files>
  >
>();

isTrue<Same<typeof IngestionKeyCache.layer, Layer.Layer<Cache>>>();
isTrue<
  Same<
    typeof IngestionKeyCache.layerOptions,
    (input: IngestionKeyCache.Options) => Layer.Layer<Cache>
  >
>();
isTrue<
  Same<
    typeof PersistedIngestionKeyCache.layerFileSystem,
    (
      options?: PersistedIngestionKeyCache.FileSystemOptions,
    ) => Layer.Layer<Cache, AuthError, FileSystem.FileSystem | Path.Path>
  >
>();
isTrue<
  Same<
    typeof PersistedIngestionKeyCache.layerRedis,
    (options?: PersistedIngestionKeyCache.RedisOptions) => Layer.Layer<Cache, AuthError, Redis>
  >
>();

isTrue<
  Same<
    typeof SyvainMetrics.layer,
    (input: ConfigService.KeyOptions) => Layer.Layer<Config | Cache, AuthError>
  >
>();
isTrue<
  Same<
    typeof SyvainMetrics.layerLocal,
    (options?: ConfigService.Options) => Layer.Layer<Config | Cache, AuthError, Files>
  >
>();
isTrue<Same<typeof SyvainMetrics.layerConfig, Layer.Layer<Config | Cache, AuthError>>>();
isTrue<
  Same<
    typeof SyvainMetrics.layerAuto,
    (options?: ConfigService.AutoOptions) => Layer.Layer<Config | Cache, AuthError, Files>
  >
>();

// -----------------------------------------------------------------------------
// Every model is an interface and a schema of one name, and the two agree
// -----------------------------------------------------------------------------

type Flat<T> = { [K in keyof T]: T[K] };
type Agrees<Interface, S extends Schema.Top> = Same<Flat<Interface>, Flat<S["Type"]>>;

isTrue<Agrees<Folders.Folder, typeof Folders.Folder>>();
isTrue<Agrees<Experiments.Experiment, typeof Experiments.Experiment>>();
isTrue<Same<Experiments.ExperimentStatus, (typeof Experiments.ExperimentStatus)["Type"]>>();
isTrue<Agrees<Metrics.Metric, typeof Metrics.Metric>>();
isTrue<Agrees<Metrics.MetricInput, typeof Metrics.MetricInput>>();
isTrue<Agrees<Metrics.ComparisonMetricSeries, typeof Metrics.ComparisonMetricSeries>>();
isTrue<Agrees<Metrics.ComparisonRow, typeof Metrics.ComparisonRow>>();
isTrue<Agrees<Metrics.CatalogMetric, typeof Metrics.CatalogMetric>>();
isTrue<Agrees<Metrics.CatalogValue, typeof Metrics.CatalogValue>>();
isTrue<Agrees<IngestionKeys.IngestionKey, typeof IngestionKeys.IngestionKey>>();
isTrue<Agrees<IngestionKeys.IngestionKeyInfo, typeof IngestionKeys.IngestionKeyInfo>>();
isTrue<Agrees<Annotations.Annotation, typeof Annotations.Annotation>>();
isTrue<Agrees<Annotations.AnnotationInput, typeof Annotations.AnnotationInput>>();
isTrue<Agrees<Auth.AuthStatus, typeof Auth.AuthStatus>>();

isTrue<Same<Experiments.Experiment["createdAt"], DateTime.Utc>>();
isTrue<Same<IngestionKeys.IngestionKey["key"], Redacted.Redacted>>();
isTrue<Same<(typeof Metrics.Metric)["Encoded"]["client_event_id"], string>>();
isTrue<
  Same<
    keyof (typeof Experiments.Experiment)["Encoded"],
    | "id"
    | "slug"
    | "description"
    | "status"
    | "folder_id"
    | "metadata"
    | "created_at"
    | "updated_at"
  >
>();
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

const status = Auth.status;
isTrue<
  Same<
    typeof status,
    ReturnType<typeof RequestPolicy.withDeadline<Auth.AuthStatus, Failure, Config | HttpClient>>
  >
>();
const region = Auth.status.pipe(
  RequestPolicy.withPolicy({ timeout: "1 second", retry: RequestPolicy.noRetry }),
  RequestPolicy.withTimeout(1000),
  RequestPolicy.withDeadline("1 minute"),
  RequestPolicy.withRetry(RequestPolicy.defaultRetry),
  RequestPolicy.withHeaders({ "x-a": "b" }),
  IdempotencyKey.withKey("k"),
  DebugLog.withDebugLog,
);
isTrue<Same<typeof region, typeof Auth.status>>();
const told = ResponseInfo.withResponse(Auth.status);
isTrue<Same<typeof told, Call<ResponseInfo.WithResponse<Auth.AuthStatus>>>>();
isTrue<Same<typeof Telemetry.layer, Layer.Layer<never>>>();
isTrue<
  Same<
    typeof RateLimit.layer,
    (options: RateLimit.Options) => Layer.Layer<never, AuthError, RateLimiter.RateLimiter>
  >
>();
isTrue<
  Same<typeof RateLimit.layerMemory, (options: RateLimit.Options) => Layer.Layer<never, AuthError>>
>();
isTrue<
  Same<
    typeof CircuitBreaker.layer,
    (options?: CircuitBreaker.Options) => Layer.Layer<never, AuthError, Breaker.CircuitBreakerStore>
  >
>();
isTrue<
  Same<
    typeof CircuitBreaker.layerMemory,
    (options?: CircuitBreaker.Options) => Layer.Layer<never, AuthError>
  >
>();
CircuitBreaker.layer({ tripPolicy: CircuitBreaker.rate({ threshold: 0.2 }), openDuration: 5000 });
CircuitBreaker.layer({ openDuration: Schedule.exponential("1 second") });
const guarded = Effect.provide(
  Auth.status,
  RateLimit.layerMemory({ limit: 10, window: "1 second" }),
);
isTrue<Same<typeof guarded, Call<Auth.AuthStatus>>>();
isTrue<
  Same<
    typeof RetryBudget.make,
    (options?: RetryBudget.Options) => Effect.Effect<RetryBudget.RetryBudget>
  >
>();

// -----------------------------------------------------------------------------
// Bulk ingest
// -----------------------------------------------------------------------------

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
const end = Metrics.sink("e");
isTrue<
  Same<
    typeof end,
    Sink.Sink<
      Metrics.IngestAllResult,
      Metrics.MetricInput,
      never,
      Failure,
      Config | HttpClient | Cache
    >
  >
>();

// -----------------------------------------------------------------------------
// Wrong calls
// -----------------------------------------------------------------------------

const now: DateTime.Utc = undefined!;
const event = { clientEventId: "c", name: "n", value: 1 };

Metrics.ingest("e", [{ ...event, step: undefined, timestamp: now, metadata: { a: [null] } }]);
Experiments.updateStatus("e", "a status of tomorrow");
Folders.move("f", null);

// @ts-expect-error -- no slug
Experiments.create({ description: "d" });
// @ts-expect-error -- a misspelt field
Experiments.create({ slug: "s", folderID: "f" });
// @ts-expect-error -- null is not "left out"
Experiments.create({ slug: "s", description: null });
// @ts-expect-error -- metadata is an object
Experiments.create({ slug: "s", metadata: [1] });
// @ts-expect-error -- metadata is JSON
Experiments.create({ slug: "s", metadata: { at: new Date() } });
// @ts-expect-error -- an id is a string
Experiments.get(1);
// @ts-expect-error -- null moves, undefined is nothing
Experiments.move("e", undefined);
// @ts-expect-error -- where to
Folders.move("f");
// @ts-expect-error -- an array of metrics
Metrics.ingest("e", event);
// @ts-expect-error -- an id of the event
Metrics.ingest("e", [{ name: "n", value: 1 }]);
// @ts-expect-error -- a value is a number
Metrics.ingest("e", [{ ...event, value: "1" }]);
// @ts-expect-error -- a time is a DateTime.Utc
Metrics.ingest("e", [{ ...event, timestamp: new Date() }]);
// @ts-expect-error -- one key and one metric name
Metrics.inspectCatalogValues({ metricName: "m" });
// @ts-expect-error -- no key
ConfigService.layer({ host: "https://h.example" });
// @ts-expect-error -- a key of its own is what the saved login has
ConfigService.layerLocal({ apiKey: "k" });
// @ts-expect-error -- a duration
ConfigService.layer({ apiKey: "k", timeout: "soon" });
// @ts-expect-error -- the services are missing
Effect.runPromise(Auth.status);
