/** The contract of the same ten calls, written by hand for effect's `HttpApiClient`, with the same schemas and no more errors than one. */
import * as HttpApi from "effect/http-api/HttpApi";
import * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint";
import * as HttpApiGroup from "effect/http-api/HttpApiGroup";
import * as HttpApiSchema from "effect/http-api/HttpApiSchema";
import * as Schema from "effect/Schema";

const Metadata = Schema.Record(Schema.String, Schema.Json);
const Timestamp = Schema.DateTimeUtcFromString;
const nextCursor = Schema.NullOr(Schema.String);
const page = { cursor: Schema.optionalKey(Schema.String), limit: Schema.optionalKey(Schema.Int) };
const keyed = { "idempotency-key": Schema.String };

export class ApiError extends Schema.TaggedError<ApiError>()("ApiError", {
  message: Schema.String,
}) {}
const error = ApiError.pipe(HttpApiSchema.status(400));

export const Folder = Schema.Struct({
  id: Schema.String,
  name: Schema.String,
  parentId: Schema.NullOr(Schema.String),
  createdAt: Timestamp,
  updatedAt: Timestamp,
}).pipe(
  Schema.encodeKeys({
    parentId: "parent_id",
    createdAt: "created_at",
    updatedAt: "updated_at",
  }),
);

export const ExperimentStatus = Schema.Union([
  Schema.StringForLiteralAutocomplete,
  Schema.Literals(["pending", "running", "done", "failed", "cancelled"]),
]);

export const Experiment = Schema.Struct({
  id: Schema.String,
  slug: Schema.String,
  description: Schema.NullOr(Schema.String),
  status: ExperimentStatus,
  folderId: Schema.NullOr(Schema.String),
  metadata: Metadata,
  createdAt: Timestamp,
  updatedAt: Timestamp,
}).pipe(
  Schema.encodeKeys({
    folderId: "folder_id",
    createdAt: "created_at",
    updatedAt: "updated_at",
  }),
);
const experiment = Schema.Struct({ experiment: Experiment });

export const MetricInput = Schema.Struct({
  clientEventId: Schema.String,
  name: Schema.String,
  value: Schema.Finite,
  step: Schema.optionalKey(Schema.Int),
  timestamp: Schema.optionalKey(Timestamp),
  metadata: Schema.optionalKey(Metadata),
}).pipe(Schema.encodeKeys({ clientEventId: "client_event_id" }));

export const Metric = Schema.Struct({
  clientEventId: Schema.String,
  name: Schema.String,
  value: Schema.Finite,
  step: Schema.NullOr(Schema.Int),
  timestamp: Schema.NullOr(Timestamp),
  metadata: Metadata,
}).pipe(Schema.encodeKeys({ clientEventId: "client_event_id" }));

export const ComparisonRow = Schema.Struct({
  experimentId: Schema.String,
  metricName: Schema.String,
  step: Schema.NullOr(Schema.Int),
  timestamp: Schema.NullOr(Timestamp),
  value: Schema.Finite,
  metadata: Metadata,
}).pipe(Schema.encodeKeys({ experimentId: "experiment_id", metricName: "metric_name" }));

export const Annotation = Schema.Struct({
  id: Schema.String,
  experimentId: Schema.String,
  text: Schema.String,
  step: Schema.NullOr(Schema.Int),
  timestamp: Schema.NullOr(Timestamp),
  metadata: Metadata,
  clientEventId: Schema.NullOr(Schema.String),
  createdAt: Timestamp,
}).pipe(
  Schema.encodeKeys({
    experimentId: "experiment_id",
    clientEventId: "client_event_id",
    createdAt: "created_at",
  }),
);

const folders = HttpApiGroup.make("folders").add(
  HttpApiEndpoint.get("list", "/folders", {
    query: Schema.Struct({ parentId: Schema.optionalKey(Schema.String), ...page }).pipe(
      Schema.encodeKeys({ parentId: "parent_id" }),
    ),
    success: Schema.Struct({ folders: Schema.Array(Folder), nextCursor }).pipe(
      Schema.encodeKeys({ nextCursor: "next_cursor" }),
    ),
    error,
  }),
  HttpApiEndpoint.post("create", "/folders", {
    headers: keyed,
    payload: Schema.Struct({
      name: Schema.String,
      parentId: Schema.optionalKey(Schema.String),
    }).pipe(Schema.encodeKeys({ parentId: "parent_id" })),
    success: Schema.Struct({ folder: Folder }).pipe(HttpApiSchema.status(201)),
    error,
  }),
);

const experiments = HttpApiGroup.make("experiments").add(
  HttpApiEndpoint.get("list", "/experiments", {
    query: Schema.Struct({
      folderId: Schema.optionalKey(Schema.String),
      status: Schema.optionalKey(Schema.String),
      slug: Schema.optionalKey(Schema.String),
      ...page,
    }).pipe(Schema.encodeKeys({ folderId: "folder_id" })),
    success: Schema.Struct({ experiments: Schema.Array(Experiment), nextCursor }).pipe(
      Schema.encodeKeys({ nextCursor: "next_cursor" }),
    ),
    error,
  }),
  HttpApiEndpoint.post("create", "/experiments", {
    headers: keyed,
    payload: Schema.Struct({
      slug: Schema.String,
      description: Schema.optionalKey(Schema.String),
      metadata: Schema.optionalKey(Metadata),
      folderId: Schema.optionalKey(Schema.String),
    }).pipe(Schema.encodeKeys({ folderId: "folder_id" })),
    success: experiment.pipe(HttpApiSchema.status(201)),
    error,
  }),
  HttpApiEndpoint.get("get", "/experiments/:id", {
    params: { id: Schema.String },
    success: experiment,
    error,
  }),
  HttpApiEndpoint.patch("update", "/experiments/:id", {
    headers: keyed,
    params: { id: Schema.String },
    payload: Schema.Struct({
      status: Schema.optionalKey(ExperimentStatus),
      folderId: Schema.optionalKey(Schema.NullOr(Schema.String)),
    }).pipe(Schema.encodeKeys({ folderId: "folder_id" })),
    success: experiment,
    error,
  }),
);

const metrics = HttpApiGroup.make("metrics").add(
  HttpApiEndpoint.get("list", "/experiments/:id/metrics", {
    params: { id: Schema.String },
    query: { name: Schema.optionalKey(Schema.String), ...page },
    success: Schema.Struct({ metrics: Schema.Array(Metric), nextCursor }).pipe(
      Schema.encodeKeys({ nextCursor: "next_cursor" }),
    ),
    error,
  }),
  HttpApiEndpoint.post("ingest", "/experiments/:id/metrics", {
    headers: keyed,
    params: { id: Schema.String },
    payload: Schema.Struct({ metrics: Schema.Array(MetricInput) }),
    success: Schema.Struct({ accepted: Schema.Int, duplicates: Schema.Int }).pipe(
      HttpApiSchema.status(202),
    ),
    error,
  }),
  HttpApiEndpoint.post("compare", "/metrics/compare", {
    headers: keyed,
    payload: Schema.Struct({
      series: Schema.Array(
        Schema.Struct({
          experimentId: Schema.String,
          metricName: Schema.String,
          metadataKey: Schema.optionalKey(Schema.String),
          metadataValue: Schema.optionalKey(Schema.Json),
        }).pipe(
          Schema.encodeKeys({
            experimentId: "experiment_id",
            metricName: "metric_name",
            metadataKey: "metadata_key",
            metadataValue: "metadata_value",
          }),
        ),
      ),
      limit: Schema.optionalKey(Schema.Int),
    }),
    success: Schema.Struct({ rows: Schema.Array(ComparisonRow) }),
    error,
  }),
);

const annotations = HttpApiGroup.make("annotations").add(
  HttpApiEndpoint.post("create", "/experiments/:id/annotations", {
    headers: keyed,
    params: { id: Schema.String },
    payload: Schema.Struct({
      text: Schema.String,
      step: Schema.optionalKey(Schema.Int),
      timestamp: Schema.optionalKey(Timestamp),
      metadata: Schema.optionalKey(Metadata),
      clientEventId: Schema.optionalKey(Schema.String),
    }).pipe(Schema.encodeKeys({ clientEventId: "client_event_id" })),
    success: Schema.Struct({ annotation: Annotation }).pipe(HttpApiSchema.status(201)),
    error,
  }),
);

export const Api = HttpApi.make("syvain-metrics")
  .add(folders, experiments, metrics, annotations)
  .prefix("/api/v1");
