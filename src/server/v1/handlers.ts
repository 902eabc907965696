/**
 * One handler for each operation of v1: from the wire to the rules, and back.
 */
import type * as DateTime from "effect/DateTime";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as HttpServerResponse from "effect/http/HttpServerResponse";
import type * as Schema from "effect/Schema";
import type { Operation, ParamNames } from "../../internal/wire/operation.ts";
import type * as contract from "../../internal/wire/v1/index.ts";
import { ingestMetrics } from "../../internal/wire/v1/index.ts";
import type { MetricInput } from "../../internal/wire/v1/metricInput.ts";
import type { ComparisonSeries, RowOptions } from "../../internal/wire/v1/metrics.ts";
import type { SeriesSelection } from "../../internal/wire/v1/series.ts";
import { annotate, listAnnotations } from "../rules/annotations.ts";
import * as Experiments from "../rules/experiments.ts";
import * as Folders from "../rules/folders.ts";
import * as Keys from "../rules/ingestionKeys.ts";
import * as Metrics from "../rules/metrics.ts";
import { Refusal } from "../rules/refusal.ts";
import {
  type Answer,
  type Experiment,
  type Folder,
  type NewEvent,
  Store,
  type StoreError,
} from "../store.ts";
import { replay, respond } from "./envelope.ts";
import { Keyed } from "./middleware.ts";
import { streamBatches, writeBatches } from "./seriesText.ts";
import { annotationView, experimentView, folderView, keyView, rowView } from "./views.ts";

export interface Settings {
  /** In a time that tells nothing of the key. */
  readonly isApiKey: (bearer: string) => boolean;
  readonly organization: { readonly id: string; readonly name: string };
  /** Of keys that are minted without one. */
  readonly ingestionKeyTtl: Duration.Duration;
}

type TypeOf<O, Part extends string> = O extends {
  readonly [K in Part]: infer S extends Schema.Constraint;
}
  ? S["Type"]
  : undefined;

/** A request that fits the contract. */
export interface Request<O extends Operation = Operation> {
  readonly params: { readonly [K in ParamNames<O["path"]>]: string };
  readonly query: TypeOf<O, "query">;
  readonly payload: TypeOf<O, "payload">;
}

/** What is inside the envelope, or an answer that is whole. */
type Handler<O extends Operation> = (
  request: Request<O>,
) => Effect.Effect<
  O["success"]["Type"] | HttpServerResponse.HttpServerResponse,
  Refusal | StoreError,
  Store
>;

type Contract = typeof contract;

/** A handler for every operation: the contract asks, the type checker sees to it. */
export type Handlers = { readonly [K in keyof Contract]: Handler<Contract[K]> };

/** The most that a list holds. */
const maxLimit = 10_000;
const defaultRows = 1000;

const limitOf = (limit = maxLimit): Effect.Effect<number, Refusal> =>
  limit < 1
    ? unfit("query limit: expected a whole number above 0")
    : Effect.succeed(Math.min(limit, maxLimit));

const unfit = (message: string) => new Refusal({ status: 422, message });

const millis = (time: DateTime.Utc | undefined) => time?.epochMilliseconds;

// -----------------------------------------------------------------------------
// Rows and series
// -----------------------------------------------------------------------------

type MetadataQuery = Pick<ComparisonSeries, "metadataKey" | "metadataValue" | "metadataValueJson">;

/** A key alone asks that it is there. The series of a comparison were checked by their schema. */
const metadataTest = ({ metadataKey, metadataValue, metadataValueJson }: MetadataQuery) =>
  Effect.gen(function* () {
    if (metadataKey === undefined) {
      return metadataValue === undefined && metadataValueJson === undefined
        ? undefined
        : yield* unfit("query metadata_key: expected a key beside the value");
    }
    if (metadataValueJson === undefined) return Metrics.hasValue(metadataKey, metadataValue);
    if (metadataValue !== undefined) {
      return yield* unfit(
        "query metadata_value: expected metadata_value or metadata_value_json, not both",
      );
    }
    return yield* Effect.try({
      try: () => Metrics.hasValue(metadataKey, JSON.parse(metadataValueJson)),
      catch: () => unfit("query metadata_value_json: expected JSON text"),
    });
  });

const sortKeys = {
  series: "series",
  step: "step",
  clientTimestamp: "clientTime",
  serverTimestamp: "serverTime",
} as const;

const rowsOf = (
  orgId: string,
  selections: ReadonlyArray<Metrics.Selection>,
  query: RowOptions<keyof typeof sortKeys>,
) =>
  Effect.gen(function* () {
    const rows = yield* Metrics.readRows(selections, {
      fromStep: query.fromStep,
      toStep: query.toStep,
      fromTime: millis(query.fromTime),
      toTime: millis(query.toTime),
      sortBy: query.sortBy?.map((by) => sortKeys[by]),
      direction: query.sortDirection,
      limit: yield* limitOf(query.limit ?? defaultRows),
      withDescription: query.includeExperimentMetaAsOf,
    });
    return { rows: rows.map((row) => rowView(orgId, row)) };
  });

const selectionOf = ({ experimentId, metricName, metadataFilter = [] }: SeriesSelection) => ({
  experimentId,
  name: metricName,
  matches: Metrics.hasTexts(metadataFilter),
});

// -----------------------------------------------------------------------------
// Ingestion
// -----------------------------------------------------------------------------

const toInput = ({
  step = null,
  metadata = {},
  timestamp,
  ...event
}: typeof MetricInput.Type): NewEvent => ({
  ...event,
  step,
  metadata,
  clientTime: millis(timestamp),
});

/** Its answer is kept with the events. What is stored can be read at once, whether `sync` or not. */
export const ingestEvents = (
  experimentId: string,
  sync: boolean | undefined,
  events: ReadonlyArray<NewEvent>,
) =>
  Effect.flatMap(Keyed, (keyed) => {
    const mode = sync === true ? "sync" : "queued";
    const answer: Answer = {
      status: ingestMetrics.status,
      contentType: "application/json",
      body: JSON.stringify({ data: { ok: true, mode }, error: null }),
    };
    return Effect.map(
      Metrics.ingest(experimentId, events, keyed === undefined ? undefined : { ...keyed, answer }),
      (before) =>
        before === undefined || keyed === undefined
          ? HttpServerResponse.text(answer.body, answer)
          : replay(before, keyed),
    );
  });

// -----------------------------------------------------------------------------
// Handlers
// -----------------------------------------------------------------------------

export const makeHandlers = ({ organization, ingestionKeyTtl }: Settings): Handlers => {
  const orgId = organization.id;

  const showFolders = (all: ReadonlyArray<Folder>) =>
    Effect.gen(function* () {
      const folders = yield* (yield* Store).folders;
      return all.map((folder) => folderView(orgId, folders, folder));
    });
  const showFolder = (folder: Folder) =>
    Effect.map(showFolders([folder]), ([shown]) => ({ folder: shown! }));

  const showExperiments = (all: ReadonlyArray<Experiment>) =>
    Effect.gen(function* () {
      const folders = yield* (yield* Store).folders;
      return all.map((experiment) => experimentView(orgId, folders, experiment));
    });
  const showExperiment = (experiment: Experiment) =>
    Effect.map(showExperiments([experiment]), ([shown]) => ({ experiment: shown! }));

  return {
    // Folders

    listFolders: ({ query }) =>
      Effect.gen(function* () {
        return { folders: yield* showFolders(yield* Folders.listFolders(query.path)) };
      }),

    createFolder: ({ payload: { name, parentId = null } }) =>
      Effect.flatMap(Folders.createFolder({ name, parentId }), showFolder),

    getFolder: ({ params: { folder_id: id } }) =>
      Effect.gen(function* () {
        const { folder, folders } = yield* Folders.getFolder(id);
        const inside = yield* (yield* Store).experiments({ folderId: id });
        return {
          ...(yield* showFolder(folder)),
          folders: yield* showFolders(folders),
          experiments: yield* showExperiments(inside),
        };
      }),

    patchFolder: ({ params, payload: { name, parentId } }) =>
      Effect.flatMap(
        Folders.patchFolder(params.folder_id, {
          ...(name === undefined ? {} : { name }),
          ...(parentId === undefined ? {} : { parentId }),
        }),
        showFolder,
      ),

    // Experiments

    listExperiments: ({ query: { from, to, limit, ...filter } }) =>
      Effect.gen(function* () {
        const most = yield* limitOf(limit);
        const bounds = { from: millis(from), to: millis(to), limit: most };
        const all = yield* (yield* Store).experiments({ ...filter, ...bounds });
        return { experiments: yield* showExperiments(all) };
      }),

    createExperiment: ({ payload: { slug, description = "", metadata = {}, folderId } }) =>
      Effect.gen(function* () {
        const { experiment, created } = yield* Experiments.openExperiment(
          slug,
          { text: description, metadata },
          folderId,
        );
        const answer = yield* showExperiment(experiment);
        return created ? answer : yield* respond(answer, 200);
      }),

    getExperiment: ({ params }) =>
      Effect.flatMap(Experiments.findExperiment(params.experiment_id), showExperiment),

    updateExperimentStatus: ({ params, payload: { status, error = {}, timestamp } }) =>
      Effect.flatMap(
        Experiments.setStatus(params.experiment_id, status, error, millis(timestamp)),
        showExperiment,
      ),

    moveExperiment: ({ params, payload }) =>
      Effect.flatMap(
        Experiments.moveExperiment(params.experiment_id, payload.folderId),
        showExperiment,
      ),

    // Metrics

    listMetrics: ({ params: { experiment_id: experimentId }, query }) =>
      Effect.gen(function* () {
        yield* Experiments.findExperiment(experimentId);
        const matches = yield* metadataTest(query);
        const { step, fromStep = step, toStep = step, ...rest } = query;
        // All bounds hold.
        const bounds =
          step === undefined
            ? { fromStep, toStep }
            : { fromStep: Math.max(step, fromStep!), toStep: Math.min(step, toStep!) };
        return yield* rowsOf(orgId, [{ experimentId, name: query.metricName, matches }], {
          ...rest,
          ...bounds,
        });
      }),

    compareMetrics: ({ query }) =>
      Effect.gen(function* () {
        const selections = yield* Effect.forEach(query.series, (series) =>
          Effect.map(metadataTest(series), (matches) => ({
            experimentId: series.experimentId,
            name: series.metricName,
            matches,
          })),
        );
        return yield* rowsOf(orgId, selections, query);
      }),

    ingestMetrics: ({ params, query, payload }) =>
      ingestEvents(params.experiment_id, query.sync, payload.metrics.map(toInput)),

    listMetricCatalog: ({ params, query }) =>
      Effect.gen(function* () {
        const most = yield* limitOf(query.limit);
        const metrics = yield* Metrics.readCatalog(params.experiment_id);
        return {
          metrics: metrics
            .slice(0, most)
            .map(({ name, keys }) => ({ metricName: name, metadataKeys: keys })),
        };
      }),

    inspectMetricCatalogValues: ({ params, query }) =>
      Effect.gen(function* () {
        const most = yield* limitOf(query.limit);
        const { experiment_id: experimentId, metric_name: metricName } = params;
        const found = yield* Metrics.readCatalogValues(experimentId, metricName, query.keys);
        const keys = found.keys.map(({ key, values }) => ({
          key,
          values: values.slice(0, most),
          valueCount: values.length,
        }));
        return { metadata: { metricName, scannedEventCount: found.count, keys } };
      }),

    querySeries: ({ payload: { series, order, stream } }) =>
      Effect.gen(function* () {
        const chosen = (yield* Metrics.select(series.map(selectionOf))).map((one) => one.series);
        return yield* (stream ? streamBatches : writeBatches)(chosen, order);
      }),

    queryMetricCatalog: ({ payload }) =>
      Effect.gen(function* () {
        const catalogs = yield* Effect.forEach(new Set(payload.experimentIds), (experimentId) =>
          Effect.map(Metrics.readCatalog(experimentId), (metrics) =>
            metrics.map(({ name, keys }) => ({
              experimentId,
              metricName: name,
              metadataKeys: keys,
            })),
          ),
        );
        return catalogs.flat();
      }),

    // Ingestion keys

    listIngestionKeys: ({ params }) =>
      Effect.map(Keys.listKeys(params.experiment_id), (keys) => ({ keys: keys.map(keyView) })),

    createIngestionKey: ({ params, payload: { name, ttl = ingestionKeyTtl } }) =>
      Effect.map(
        Keys.mintKey(params.experiment_id, name, Duration.toMillis(ttl)),
        ({ key, token }) => ({ key: keyView(key), token }),
      ),

    revokeIngestionKey: ({ params }) =>
      Effect.map(Keys.revokeKey(params.experiment_id, params.key_id), (key) => ({
        key: keyView(key),
      })),

    // Annotations

    listAnnotations: ({ params, query: { from, to, limit } }) =>
      Effect.gen(function* () {
        const most = yield* limitOf(limit);
        const bounds = { from: millis(from), to: millis(to), limit: most };
        const all = yield* listAnnotations(params.experiment_id, bounds);
        return { annotations: all.map(annotationView) };
      }),

    createAnnotation: ({ params: { experiment_id: experimentId }, payload }) =>
      Effect.gen(function* () {
        const { annotation: text, metadata = {} } = payload;
        const annotation = annotationView(yield* annotate(experimentId, text, metadata));
        const experiment = yield* Experiments.findExperiment(experimentId);
        return { annotation, ...(yield* showExperiment(experiment)) };
      }),

    // Auth

    authStatus: () => Effect.succeed({ auth: { kind: "api_key" }, organization }),
  };
};
