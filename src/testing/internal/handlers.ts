/**
 * The rules of the service, one handler for each operation of the contract.
 */
import * as DateTime from "effect/DateTime";
import * as Effect from "effect/Effect";
import * as Equal from "effect/Equal";
import * as HttpServerResponse from "effect/http/HttpServerResponse";
import * as Redacted from "effect/Redacted";
import type * as Schema from "effect/Schema";
import type * as contract from "../../internal/contract/index.ts";
import type { Folder } from "../../internal/contract/folders.ts";
import type { Metric, MetricInput } from "../../internal/contract/metric.ts";
import type { Operation, ParamNames } from "../../internal/contract/operation.ts";
import { page } from "./page.ts";
import { Conflict, NotFound, type Refusal, Unprocessable } from "./problems.ts";
import { expiryOf, newId, newKey, type Recorded, type State } from "./state.ts";

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

type Handler<O extends Operation> = (
  request: Request<O>,
) => Effect.Effect<
  | (O extends { readonly success: infer S extends Schema.Constraint } ? S["Type"] : void)
  | HttpServerResponse.HttpServerResponse,
  Refusal
>;

type Contract = typeof contract;

/** A handler for every operation: the contract asks, the type checker sees to it. */
export type Handlers = { readonly [K in keyof Contract]: Handler<Contract[K]> };

export const makeHandlers = (state: State): Handlers => {
  const { folders, experiments, ingestionKeys } = state;

  const findFolder = (id: string): Effect.Effect<Folder, NotFound> => {
    const folder = folders.get(id);
    return folder === undefined
      ? new NotFound({ detail: `there is no folder ${JSON.stringify(id)}` })
      : Effect.succeed(folder);
  };

  const findExperiment = (id: string): Effect.Effect<Recorded, NotFound> => {
    const found = experiments.get(id);
    return found === undefined
      ? new NotFound({ detail: `there is no experiment ${JSON.stringify(id)}` })
      : Effect.succeed(found);
  };

  /** The folder that a thing is put into must be there; the top level always is. */
  const checkPlace = (id: string | null | undefined) =>
    id == null ? Effect.void : Effect.asVoid(findFolder(id));

  const isInside = (id: string | null, ancestor: string): boolean =>
    id !== null && (id === ancestor || isInside(folders.get(id)?.parentId ?? null, ancestor));

  const recordedBy = (ids: ReadonlyArray<string> | undefined) =>
    ids === undefined
      ? Effect.succeed([...experiments.values()])
      : Effect.forEach(ids, findExperiment);

  const store = ({ metrics }: Recorded, input: MetricInput): boolean => {
    if (metrics.has(input.clientEventId)) return false;
    const { step = null, timestamp = null, metadata = {}, ...rest } = input;
    metrics.set(input.clientEventId, { ...rest, step, timestamp, metadata });
    return true;
  };

  return {
    // Folders

    listFolders: ({ query }) =>
      Effect.gen(function* () {
        const all = [...folders.values()].filter(
          ({ parentId }) => query.parentId === undefined || parentId === query.parentId,
        );
        const { items, nextCursor } = yield* page(all, query);
        return { folders: items, nextCursor };
      }),

    createFolder: ({ payload }) =>
      Effect.gen(function* () {
        yield* checkPlace(payload.parentId);
        const now = yield* DateTime.now;
        const folder: Folder = {
          id: newId(),
          name: payload.name,
          parentId: payload.parentId ?? null,
          createdAt: now,
          updatedAt: now,
        };
        folders.set(folder.id, folder);
        return { folder };
      }),

    getFolder: ({ params }) => Effect.map(findFolder(params.folder_id), (folder) => ({ folder })),

    patchFolder: ({ params, payload: { name, parentId } }) =>
      Effect.gen(function* () {
        const before = yield* findFolder(params.folder_id);
        yield* checkPlace(parentId);
        if (parentId !== undefined && isInside(parentId, before.id)) {
          return yield* new Unprocessable({
            detail: "parent_id: a folder cannot lie inside itself",
          });
        }
        const folder: Folder = {
          ...before,
          name: name ?? before.name,
          parentId: parentId === undefined ? before.parentId : parentId,
          updatedAt: yield* DateTime.now,
        };
        folders.set(folder.id, folder);
        return { folder };
      }),

    // Experiments

    listExperiments: ({ query }) =>
      Effect.gen(function* () {
        const all = [...experiments.values()]
          .map(({ experiment }) => experiment)
          .filter(
            ({ folderId, status, slug }) =>
              (query.folderId === undefined || folderId === query.folderId) &&
              (query.status === undefined || status === query.status) &&
              (query.slug === undefined || slug === query.slug),
          );
        const { items, nextCursor } = yield* page(all, query);
        return { experiments: items, nextCursor };
      }),

    createExperiment: ({ payload }) =>
      Effect.gen(function* () {
        yield* checkPlace(payload.folderId);
        for (const { experiment } of experiments.values()) {
          if (experiment.slug === payload.slug) {
            return yield* new Conflict({
              detail: `the slug ${JSON.stringify(payload.slug)} is taken`,
            });
          }
        }
        const now = yield* DateTime.now;
        const experiment = {
          id: newId(),
          slug: payload.slug,
          description: payload.description ?? null,
          status: "pending",
          folderId: payload.folderId ?? null,
          metadata: payload.metadata ?? {},
          createdAt: now,
          updatedAt: now,
        };
        experiments.set(experiment.id, { experiment, metrics: new Map(), annotations: [] });
        return { experiment };
      }),

    getExperiment: ({ params }) =>
      Effect.map(findExperiment(params.experiment_id), ({ experiment }) => ({ experiment })),

    patchExperiment: ({ params, payload: { status, folderId } }) =>
      Effect.gen(function* () {
        const recorded = yield* findExperiment(params.experiment_id);
        yield* checkPlace(folderId);
        const before = recorded.experiment;
        recorded.experiment = {
          ...before,
          status: status ?? before.status,
          folderId: folderId === undefined ? before.folderId : folderId,
          updatedAt: yield* DateTime.now,
        };
        return { experiment: recorded.experiment };
      }),

    // Metrics

    listMetrics: ({ params, query }) =>
      Effect.gen(function* () {
        const { metrics } = yield* findExperiment(params.experiment_id);
        const all = [...metrics.values()].filter(
          ({ name }) => query.name === undefined || name === query.name,
        );
        const { items, nextCursor } = yield* page(all, query);
        return { metrics: items, nextCursor };
      }),

    ingestMetrics: ({ params, query, payload }) =>
      Effect.gen(function* () {
        const recorded = yield* findExperiment(params.experiment_id);
        const accepted = payload.metrics.filter((input) => store(recorded, input)).length;
        const result = { accepted, duplicates: payload.metrics.length - accepted };
        // What is stored can be read at once either way; only the status tells the two apart.
        return query.sync === true
          ? HttpServerResponse.jsonUnsafe(result, { status: 200 })
          : result;
      }),

    compareMetrics: ({ payload: { series, limit } }) =>
      Effect.gen(function* () {
        const rows = yield* Effect.forEach(series, (one) =>
          Effect.map(findExperiment(one.experimentId), ({ metrics }) =>
            [...metrics.values()]
              .filter(
                ({ name, metadata }) =>
                  name === one.metricName &&
                  (one.metadataKey === undefined ||
                    (Object.hasOwn(metadata, one.metadataKey) &&
                      (one.metadataValue === undefined ||
                        Equal.equals(metadata[one.metadataKey], one.metadataValue)))),
              )
              .toSorted((a, b) => (a.step ?? Infinity) - (b.step ?? Infinity) || 0)
              .slice(0, limit ?? 10_000)
              .map(({ name, step, timestamp, value, metadata }) => ({
                experimentId: one.experimentId,
                metricName: name,
                step,
                timestamp,
                value,
                metadata,
              })),
          ),
        );
        return { rows: rows.flat() };
      }),

    listMetricCatalog: ({ query }) =>
      Effect.gen(function* () {
        const catalog = new Map<string, { keys: Set<string>; count: number }>();
        for (const { metrics } of yield* recordedBy(query.experimentIds)) {
          for (const { name, metadata } of metrics.values()) {
            const entry = catalog.get(name) ?? { keys: new Set(), count: 0 };
            for (const key of Object.keys(metadata)) entry.keys.add(key);
            entry.count++;
            catalog.set(name, entry);
          }
        }
        const all = [...catalog].map(([metricName, { keys, count }]) => ({
          metricName,
          metadataKeys: [...keys],
          count,
        }));
        const { items, nextCursor } = yield* page(all, query);
        return { metrics: items, nextCursor };
      }),

    inspectMetricCatalogValues: ({ query }) =>
      Effect.gen(function* () {
        const values: Array<{ readonly value: Schema.Json; count: number }> = [];
        const carries = ({ name, metadata }: Metric) =>
          name === query.metricName && Object.hasOwn(metadata, query.metadataKey);
        for (const { metrics } of yield* recordedBy(query.experimentIds)) {
          for (const metric of [...metrics.values()].filter(carries)) {
            const value = metric.metadata[query.metadataKey]!;
            const seen = values.find((entry) => Equal.equals(entry.value, value));
            if (seen === undefined) values.push({ value, count: 1 });
            else seen.count++;
          }
        }
        const { items, nextCursor } = yield* page(values, query);
        return { values: items, nextCursor };
      }),

    // Ingestion keys

    listIngestionKeys: ({ params, query }) =>
      Effect.gen(function* () {
        yield* findExperiment(params.experiment_id);
        const all = [...ingestionKeys.values()]
          .map(({ info }) => info)
          .filter(({ experimentId }) => experimentId === params.experiment_id);
        const { items, nextCursor } = yield* page(all, query);
        return { ingestionKeys: items, nextCursor };
      }),

    createIngestionKey: ({ params }) =>
      Effect.gen(function* () {
        yield* findExperiment(params.experiment_id);
        const now = yield* DateTime.now;
        const key = newKey("ik_");
        const made = {
          id: newId(),
          experimentId: params.experiment_id,
          createdAt: now,
          expiresAt: expiryOf(now, state.ingestionKeyTtl),
        };
        ingestionKeys.set(Redacted.value(key), { key, info: { ...made, revokedAt: null } });
        return { ingestionKey: { ...made, key } };
      }),

    revokeIngestionKey: ({ params }) =>
      Effect.gen(function* () {
        yield* findExperiment(params.experiment_id);
        for (const [secret, { key, info }] of ingestionKeys) {
          const isThis =
            info.id === params.ingestion_key_id && info.experimentId === params.experiment_id;
          if (isThis && info.revokedAt === null) {
            ingestionKeys.set(secret, { key, info: { ...info, revokedAt: yield* DateTime.now } });
            return;
          }
        }
        return yield* new NotFound({
          detail: `there is no valid ingestion key ${JSON.stringify(params.ingestion_key_id)}`,
        });
      }),

    // Annotations

    listAnnotations: ({ params, query }) =>
      Effect.gen(function* () {
        const { annotations } = yield* findExperiment(params.experiment_id);
        const { items, nextCursor } = yield* page(annotations, query);
        return { annotations: items, nextCursor };
      }),

    createAnnotation: ({ params, payload }) =>
      Effect.gen(function* () {
        const { annotations } = yield* findExperiment(params.experiment_id);
        const there = annotations.find(
          ({ clientEventId }) => clientEventId !== null && clientEventId === payload.clientEventId,
        );
        if (there !== undefined) return { annotation: there };
        const annotation = {
          id: newId(),
          experimentId: params.experiment_id,
          text: payload.text,
          step: payload.step ?? null,
          timestamp: payload.timestamp ?? null,
          metadata: payload.metadata ?? {},
          clientEventId: payload.clientEventId ?? null,
          createdAt: yield* DateTime.now,
        };
        annotations.push(annotation);
        return { annotation };
      }),

    // Auth

    authStatus: () =>
      Effect.succeed({
        authenticated: true,
        organization: state.organization,
        key: { id: "key", scopes: ["*"] },
      }),
  };
};
