/**
 * The calls of the service's Python client, made with ours: each by its Python name, with its Python arguments.
 */
import * as DateTime from "effect/DateTime";
import * as Effect from "effect/Effect";
import * as Option from "effect/Option";
import * as Predicate from "effect/Predicate";
import * as Stream from "effect/Stream";
import * as Annotations from "../../src/Annotations.ts";
import * as Auth from "../../src/Auth.ts";
import * as Experiments from "../../src/Experiments.ts";
import * as Folders from "../../src/Folders.ts";
import * as IngestionKeys from "../../src/IngestionKeys.ts";
import * as Metrics from "../../src/Metrics.ts";
import type { Call } from "../support/socket-calls.ts";

export type Args = { readonly [name: string]: unknown };

// -----------------------------------------------------------------------------
// Arguments
// -----------------------------------------------------------------------------

/**
 * The name of an argument here, and its value. The recordings hold values of every type, which is why what is made of
 * them is `never`: it fits anywhere, and what does not type-check is refused when it runs.
 */
type Argument = string | readonly [name: string, convert: (value: unknown) => unknown];
type Table = { readonly [python: string]: Argument };

const renamed = (args: Args, table: Table): never => {
  const ours: Record<string, unknown> = {};
  for (const [python, value] of Object.entries(args)) {
    const argument = table[python];
    if (argument === undefined) throw new Error(`the Python argument ${python} has no name here`);
    const [name, convert] = typeof argument === "string" ? [argument] : argument;
    ours[name] = convert === undefined ? value : convert(value);
  }
  return ours as never;
};

/** `None` is what is not given. */
const given = (args: Args): Args =>
  Object.fromEntries(Object.entries(args).filter(([, value]) => value !== null));

const options = (args: Args, table: Table): never => renamed(given(args), table);

const the = (args: Args, name: string): never => args[name] as never;

/** All arguments but these. */
const without = (args: Args, ...names: ReadonlyArray<string>): Args =>
  Object.fromEntries(Object.entries(args).filter(([name]) => !names.includes(name)));

/** The same of one object or of each in an array; anything else stays what it is. */
const each =
  (convert: (object: Args) => unknown) =>
  (value: unknown): never =>
    (Array.isArray(value)
      ? value.map((one) => (Predicate.isObject(one) ? convert(one as Args) : one))
      : Predicate.isObject(value)
        ? convert(value as Args)
        : value) as never;

/** Whole milliseconds are an instant; anything else is nothing of ours. */
const instant = (value: unknown): unknown =>
  Number.isInteger(value) ? Option.getOrElse(DateTime.make(value as number), () => value) : value;

/** What is sorted by. A word that only we have is none of Python's. */
const sortKeys: { readonly [python: string]: string } = {
  step: "step",
  client_timestamp: "clientTimestamp",
  server_timestamp: "serverTimestamp",
  series: "series",
};
const sortBy = (value: unknown): unknown =>
  Array.isArray(value) ? value.map((by) => sortKeys[by] ?? `no ${by}`) : value;

/** The fields of an object under our names. An unknown one keeps its name, unless that happens to be a name of ours. */
const fields =
  (table: Table, leftOutIfNone: ReadonlyArray<string> = []) =>
  (object: Args): Args => {
    const ours = Object.values(table).map((argument) => [argument].flat()[0]);
    const known = Object.entries(object).filter(
      ([name, value]) => value !== null || !leftOutIfNone.includes(name),
    );
    return Object.fromEntries(
      known.map(([python, value]) => {
        const argument = table[python] ?? (ours.includes(python) ? `no ${python}` : python);
        const [name, convert] = typeof argument === "string" ? [argument] : argument;
        return [name, convert === undefined ? value : convert(value)];
      }),
    );
  };

const comparisonSeries = fields(
  {
    experiment_id: "experimentId",
    metric_name: "metricName",
    metadata_key: "metadataKey",
    metadata_value: "metadataValue",
    metadata_value_json: "metadataValueJson",
  },
  ["metadata_key", "metadata_value", "metadata_value_json"],
);

const filters = each(fields({}, ["value"]));

/** The later client takes both styles. */
const selection = fields(
  {
    experiment_id: "experimentId",
    experimentId: "experimentId",
    metric_name: "metricName",
    metricName: "metricName",
    metadata_filter: ["metadataFilter", filters],
    metadataFilter: ["metadataFilter", filters],
  },
  ["metric_name", "metricName", "metadata_filter", "metadataFilter"],
);

const event = fields({ client_event_id: "clientEventId", timestamp_ms: ["timestamp", instant] }, [
  "timestamp_ms",
]);

const rowOptions: Table = {
  from_step: "fromStep",
  to_step: "toStep",
  from_time: ["fromTime", instant],
  to_time: ["toTime", instant],
  sort_by: ["sortBy", sortBy],
  sort_direction: "sortDirection",
  limit: "limit",
  include_experiment_meta_as_of: "includeExperimentMetaAsOf",
};
const range: Table = { from_ms: ["from", instant], to_ms: ["to", instant], limit: "limit" };

const repeated = <A>(count: string, make: (index: number) => A): ReadonlyArray<A> =>
  Array.from({ length: Number(count) }, (_, index) => make(index));

const placeholders: { readonly [what: string]: (count: string) => unknown } = {
  "valid metrics": (count) =>
    repeated(count, (i) => ({ client_event_id: `r/${i}`, name: "loss", value: 0.5, step: i })),
  selections: (count) => repeated(count, (i) => ({ experiment_id: `e${i}` })),
};

/** JSON has no words for some arguments, and is long for others. */
export const readArgs = (json: unknown): unknown => {
  if (Array.isArray(json)) return json.map(readArgs);
  if (Predicate.isObject(json)) {
    return Object.fromEntries(Object.entries(json).map(([name, value]) => [name, readArgs(value)]));
  }
  if (typeof json !== "string") return json;
  const number = /^<float (NaN|-?Infinity)>$/.exec(json)?.[1];
  if (number !== undefined) return Number(number);
  const [, count, what] = /^<(\d+) ([a-z ]+)>$/.exec(json) ?? [];
  if (count === undefined || what === undefined) return json;
  const make = placeholders[what];
  if (make === undefined) throw new Error(`nobody knows what ${json} stands for`);
  return make(count);
};

// -----------------------------------------------------------------------------
// Calls
// -----------------------------------------------------------------------------

/** Every call of 0.0.62, and those that 0.0.349 has beside them. */
export type PythonCall =
  | "auth_status"
  | "compare_metrics"
  | "create_annotation"
  | "create_experiment"
  | "create_folder"
  | "create_ingestion_key"
  | "forget_ingestion_credential"
  | "get_experiment"
  | "get_folder"
  | "ingest_metrics"
  | "inspect_metric_catalog_values"
  | "list_annotations"
  | "list_experiments"
  | "list_folders"
  | "list_ingestion_keys"
  | "list_metric_catalog"
  | "list_metrics"
  | "move_experiment"
  | "move_folder"
  | "patch_folder"
  | "prepare_ingestion"
  | "query_metric_series"
  | "query_metrics_catalog"
  | "rename_folder"
  | "revoke_ingestion_key"
  | "update_experiment_status";

const calls: { readonly [K in PythonCall]: (args: Args) => Call["effect"] } = {
  auth_status: () => Auth.status,
  compare_metrics: (args) =>
    Metrics.compare(
      each(comparisonSeries)(args["series"]),
      options(without(args, "series"), rowOptions),
    ),
  create_annotation: (args) =>
    Annotations.create(
      the(args, "experiment_id"),
      options(without(args, "experiment_id"), { annotation: "annotation", metadata: "metadata" }),
    ),
  create_experiment: ({ metadata = null, ...args }) =>
    Experiments.create(
      // `folder_id=None` is the top level, and sent.
      renamed(metadata === null ? args : { ...args, metadata }, {
        slug: "slug",
        description: "description",
        metadata: "metadata",
        folder_id: "folderId",
      }),
    ),
  create_folder: (args) => Folders.create(options(args, { name: "name", parent_id: "parentId" })),
  create_ingestion_key: ({ experiment_id, ttl_ms = null, ...args }) =>
    IngestionKeys.create(
      experiment_id as never,
      renamed(ttl_ms === null ? args : { ...args, ttl_ms }, { name: "name", ttl_ms: "ttl" }),
    ),
  forget_ingestion_credential: (args) => IngestionKeys.forgetCredential(the(args, "experiment_id")),
  get_experiment: (args) => Experiments.get(the(args, "experiment_id")),
  get_folder: (args) => Folders.get(the(args, "folder_id")),
  ingest_metrics: (args) =>
    Metrics.ingest(
      the(args, "experiment_id"),
      each(event)(args["data"]),
      options(without(args, "experiment_id", "data"), { sync: "sync" }),
    ),
  inspect_metric_catalog_values: (args) =>
    Metrics.inspectCatalogValues(
      the(args, "experiment_id"),
      the(args, "metric"),
      options(without(args, "experiment_id", "metric"), {
        // One key may stand there by itself.
        key: ["keys", (key) => (typeof key === "string" ? [key] : key)],
        limit: "limit",
      }),
    ),
  list_annotations: (args) =>
    Annotations.list(the(args, "experiment_id"), options(without(args, "experiment_id"), range)),
  list_experiments: (args) =>
    Experiments.list(options(args, { ...range, status: "status", slug: "slug", search: "search" })),
  list_folders: (args) => Folders.list(options(args, { path: "path" })),
  list_ingestion_keys: (args) => IngestionKeys.list(the(args, "experiment_id")),
  list_metric_catalog: (args) =>
    Metrics.listCatalog(
      the(args, "experiment_id"),
      options(without(args, "experiment_id"), { limit: "limit" }),
    ),
  list_metrics: (args) =>
    Metrics.list(
      the(args, "experiment_id"),
      options(without(args, "experiment_id"), {
        ...rowOptions,
        metric_name: "metricName",
        metadata_key: "metadataKey",
        metadata_value: "metadataValue",
        metadata_value_json: "metadataValueJson",
        step: "step",
      }),
    ),
  move_experiment: (args) => Experiments.move(the(args, "experiment_id"), the(args, "folder_id")),
  move_folder: (args) => Folders.move(the(args, "folder_id"), the(args, "parent_id")),
  patch_folder: ({ folder_id, name = null, ...args }) =>
    Folders.patch(
      folder_id as never,
      // The same of `parent_id=None`.
      renamed(name === null ? args : { ...args, name }, { name: "name", parent_id: "parentId" }),
    ),
  prepare_ingestion: (args) => IngestionKeys.prepare(the(args, "experiment_id")),
  query_metric_series: (args) => {
    const query = [
      each(selection)(args["series"]),
      options(without(args, "series", "stream"), { order: "order" }),
    ] as const;
    return args["stream"] === true
      ? Stream.runCollect(Metrics.streamSeries(...query))
      : Metrics.querySeries(...query);
  },
  query_metrics_catalog: (args) => Metrics.queryCatalog(the(args, "experiment_ids")),
  rename_folder: (args) => Folders.rename(the(args, "folder_id"), the(args, "name")),
  revoke_ingestion_key: (args) =>
    IngestionKeys.revoke(the(args, "experiment_id"), the(args, "key_id")),
  update_experiment_status: (args) =>
    Experiments.updateStatus(
      the(args, "experiment_id"),
      the(args, "status"),
      options(without(args, "experiment_id", "status"), {
        error: "error",
        timestamp_ms: ["timestamp", instant],
      }),
    ),
};

const isPythonCall = (name: string): name is PythonCall => Object.hasOwn(calls, name);

/** The call of this Python name with these Python arguments. */
export const pythonCall = (name: string, args: unknown): Call["effect"] =>
  Effect.suspend(() => {
    if (!isPythonCall(name)) throw new Error(`the Python call ${name} has no counterpart here`);
    return calls[name](readArgs(args) as Args);
  });
