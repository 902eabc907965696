/**
 * The contract of the same ten calls, written by hand for effect's `HttpApiClient`, with the same schemas and no more
 * errors than one.
 */
import * as HttpApi from "effect/http-api/HttpApi";
import * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint";
import * as HttpApiGroup from "effect/http-api/HttpApiGroup";
import * as HttpApiSchema from "effect/http-api/HttpApiSchema";
import * as Schema from "effect/Schema";

const Metadata = Schema.Record(Schema.String, Schema.Json);
const Time = Schema.DateTimeUtcFromMillis;
const optionalString = Schema.optionalKey(Schema.String);
const optionalInt = Schema.optionalKey(Schema.Int);
const keyed = { "idempotency-key": Schema.String };

/** The envelope of every success. */
const envelope = <S extends Schema.Top>(data: S) => Schema.Struct({ data, error: Schema.Null });

export class ApiError extends Schema.TaggedError<ApiError>()("ApiError", {
  message: Schema.String,
}) {}
const error = ApiError.pipe(HttpApiSchema.status(400));

export const Folder = Schema.Struct({
  folderId: Schema.String,
  orgId: Schema.String,
  name: Schema.String,
  parentIdPath: Schema.Array(Schema.String),
  pathName: Schema.String,
}).pipe(
  Schema.encodeKeys({
    folderId: "folder_id",
    orgId: "org_id",
    parentIdPath: "parent_id_path",
    pathName: "path_name",
  }),
);

export const ExperimentStatus = Schema.Union([
  Schema.StringForLiteralAutocomplete,
  Schema.Literals(["created", "running", "done", "error"]),
]);

const summary = {
  id: Schema.String,
  orgId: Schema.String,
  folder: Schema.NullOr(Folder),
  url: Schema.String,
  slug: Schema.String,
  status: ExperimentStatus,
  createdAt: Time,
  updatedAt: Time,
};

const names = {
  orgId: "org_id",
  errorName: "error_name",
  errorDetail: "error_detail",
  createdAt: "created_at_ms",
  updatedAt: "updated_at_ms",
  startedAt: "started_at_ms",
  doneAt: "done_at_ms",
  lastHeartbeatAt: "last_heartbeat_at_ms",
  lastEventAt: "last_event_at_ms",
} as const;

export const Experiment = Schema.Struct({
  ...summary,
  description: Schema.String,
  metadata: Metadata,
  errorName: Schema.NullOr(Schema.String),
  errorDetail: Schema.NullOr(Schema.String),
  startedAt: Schema.NullOr(Time),
  doneAt: Schema.NullOr(Time),
  lastHeartbeatAt: Schema.NullOr(Time),
  lastEventAt: Schema.NullOr(Time),
}).pipe(Schema.encodeKeys(names));

export const ExperimentSummary = Schema.Struct({
  ...summary,
  description: optionalString,
  metadata: Schema.optionalKey(Metadata),
  errorName: Schema.optionalKey(Schema.NullOr(Schema.String)),
  errorDetail: Schema.optionalKey(Schema.NullOr(Schema.String)),
  startedAt: Schema.optionalKey(Schema.NullOr(Time)),
  doneAt: Schema.optionalKey(Schema.NullOr(Time)),
  lastHeartbeatAt: Schema.optionalKey(Schema.NullOr(Time)),
  lastEventAt: Schema.optionalKey(Schema.NullOr(Time)),
}).pipe(Schema.encodeKeys(names));

const experiment = envelope(Schema.Struct({ experiment: Experiment }));

export const MetricInput = Schema.Struct({
  clientEventId: Schema.String,
  name: Schema.String,
  value: Schema.Finite,
  step: Schema.NullOr(Schema.Int),
  timestamp: Schema.optionalKey(Time),
  metadata: Schema.optionalKey(Metadata),
}).pipe(Schema.encodeKeys({ clientEventId: "client_event_id", timestamp: "timestamp_ms" }));

export const MetricRow = Schema.Struct({
  eventId: Schema.String,
  orgId: Schema.String,
  experimentId: Schema.String,
  experimentSlug: Schema.String,
  experimentDescription: Schema.NullOr(Schema.String),
  experimentMetadata: Schema.NullOr(Schema.fromJsonString(Metadata)),
  metricName: Schema.String,
  metricValue: Schema.Finite,
  step: Schema.NullOr(Schema.Int),
  metadata: Schema.fromJsonString(Metadata),
  clientTimestampMs: Schema.Int,
  serverTimestampMs: Schema.Int,
}).pipe(
  Schema.encodeKeys({
    eventId: "event_id",
    orgId: "org_id",
    experimentId: "experiment_id",
    experimentSlug: "experiment_slug",
    experimentDescription: "experiment_description",
    experimentMetadata: "experiment_metadata_json",
    metricName: "metric_name",
    metricValue: "metric_value",
    metadata: "event_metadata_json",
    clientTimestampMs: "client_timestamp_ms",
    serverTimestampMs: "server_timestamp_ms",
  }),
);
const rows = envelope(Schema.Struct({ rows: Schema.Array(MetricRow) }));

export const ComparisonSeries = Schema.Struct({
  experimentId: Schema.String,
  metricName: Schema.String,
  metadataKey: optionalString,
  metadataValue: optionalString,
  metadataValueJson: optionalString,
}).pipe(
  Schema.encodeKeys({
    experimentId: "experiment_id",
    metricName: "metric_name",
    metadataKey: "metadata_key",
    metadataValue: "metadata_value",
    metadataValueJson: "metadata_value_json",
  }),
);

export const Annotation = Schema.Struct({
  id: Schema.String,
  experimentId: Schema.String,
  annotation: Schema.String,
  metadata: Metadata,
  createdAt: Time,
}).pipe(Schema.encodeKeys({ experimentId: "experiment_id", createdAt: "created_at_ms" }));

const folders = HttpApiGroup.make("folders").add(
  HttpApiEndpoint.get("list", "/folders", {
    query: { path: optionalString },
    success: envelope(Schema.Struct({ folders: Schema.Array(Folder) })),
    error,
  }),
  HttpApiEndpoint.post("create", "/folders", {
    headers: keyed,
    payload: Schema.Struct({
      name: Schema.String,
      parentId: Schema.optionalKey(Schema.NullOr(Schema.String)),
    }).pipe(Schema.encodeKeys({ parentId: "parent_id" })),
    success: envelope(Schema.Struct({ folder: Folder })).pipe(HttpApiSchema.status(201)),
    error,
  }),
);

const experiments = HttpApiGroup.make("experiments").add(
  HttpApiEndpoint.get("list", "/experiments", {
    query: {
      status: optionalString,
      slug: optionalString,
      search: optionalString,
      from: optionalInt,
      to: optionalInt,
      limit: optionalInt,
    },
    success: envelope(Schema.Struct({ experiments: Schema.Array(ExperimentSummary) })),
    error,
  }),
  HttpApiEndpoint.post("create", "/experiments", {
    headers: keyed,
    payload: Schema.Struct({
      slug: Schema.String,
      description: optionalString,
      metadata: Schema.optionalKey(Metadata),
      folderId: Schema.optionalKey(Schema.NullOr(Schema.String)),
    }).pipe(Schema.encodeKeys({ folderId: "folder_id" })),
    success: experiment.pipe(HttpApiSchema.status(201)),
    error,
  }),
  HttpApiEndpoint.get("get", "/experiments/:id", {
    params: { id: Schema.String },
    success: experiment,
    error,
  }),
  HttpApiEndpoint.post("updateStatus", "/experiments/:id", {
    headers: keyed,
    params: { id: Schema.String },
    payload: Schema.Struct({
      status: Schema.Literals(["running", "done", "error"]),
      error: Schema.optionalKey(Schema.Struct({ name: optionalString, detail: optionalString })),
      timestamp: Schema.optionalKey(Time),
    }).pipe(Schema.encodeKeys({ timestamp: "timestamp_ms" })),
    success: experiment,
    error,
  }),
);

const rowOptions = {
  fromStep: optionalInt,
  toStep: optionalInt,
  fromTime: optionalInt,
  toTime: optionalInt,
  sortBy: optionalString,
  sortDirection: Schema.optionalKey(Schema.Literals(["asc", "desc"])),
  limit: optionalInt,
};
const rowNames = {
  fromStep: "from_step",
  toStep: "to_step",
  fromTime: "from_time",
  toTime: "to_time",
  sortBy: "sort_by",
  sortDirection: "sort_direction",
} as const;

const metrics = HttpApiGroup.make("metrics").add(
  HttpApiEndpoint.get("list", "/experiments/:id/metrics", {
    params: { id: Schema.String },
    query: Schema.Struct({
      metricName: optionalString,
      metadataKey: optionalString,
      metadataValue: optionalString,
      metadataValueJson: optionalString,
      step: optionalInt,
      ...rowOptions,
    }).pipe(
      Schema.encodeKeys({
        metricName: "metric_name",
        metadataKey: "metadata_key",
        metadataValue: "metadata_value",
        metadataValueJson: "metadata_value_json",
        ...rowNames,
      }),
    ),
    success: rows,
    error,
  }),
  HttpApiEndpoint.get("compare", "/metrics", {
    query: Schema.Struct({
      series: Schema.Array(Schema.fromJsonString(ComparisonSeries)),
      ...rowOptions,
    }).pipe(Schema.encodeKeys(rowNames)),
    success: rows,
    error,
  }),
  HttpApiEndpoint.post("ingest", "/experiments/:id/ingest", {
    headers: keyed,
    params: { id: Schema.String },
    query: { sync: Schema.optionalKey(Schema.Boolean) },
    payload: Schema.Struct({ data: Schema.Array(MetricInput) }),
    success: envelope(Schema.Struct({ ok: Schema.Literal(true), mode: Schema.String })),
    error,
  }),
);

const annotations = HttpApiGroup.make("annotations").add(
  HttpApiEndpoint.post("create", "/experiments/:id/annotations", {
    headers: keyed,
    params: { id: Schema.String },
    payload: Schema.Struct({
      annotation: Schema.String,
      metadata: Schema.optionalKey(Metadata),
    }),
    success: envelope(Schema.Struct({ annotation: Annotation })).pipe(HttpApiSchema.status(201)),
    error,
  }),
);

export const Api = HttpApi.make("syvain-metrics")
  .add(folders, experiments, metrics, annotations)
  .prefix("/api/v1");
