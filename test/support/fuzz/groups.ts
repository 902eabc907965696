/** Every call by group, its streams too, with a valid answer of the service and the type of its value. */
import type * as Effect from "effect/Effect";
import type { HttpClient } from "effect/http/HttpClient";
import * as Schema from "effect/Schema";
import * as Stream from "effect/Stream";
import * as Annotations from "../../../src/Annotations.ts";
import * as Auth from "../../../src/Auth.ts";
import type { ConfigService } from "../../../src/ConfigService.ts";
import * as Experiments from "../../../src/Experiments.ts";
import * as Folders from "../../../src/Folders.ts";
import type { IngestionKeyCache } from "../../../src/IngestionKeyCache.ts";
import * as IngestionKeys from "../../../src/IngestionKeys.ts";
import * as Metrics from "../../../src/Metrics.ts";
import type { MetricsApiError } from "../../../src/MetricsApiError.ts";
import type { Valid } from "./answer.ts";

export interface Subject {
  readonly name: string;
  readonly effect: Effect.Effect<
    unknown,
    MetricsApiError,
    ConfigService | HttpClient | IngestionKeyCache
  >;
  readonly valid: Valid;
  /** Is this a value of the type that the call promises? */
  readonly is: (value: unknown) => boolean;
  /** The field of the answer that the value is, where it is not the whole. */
  readonly part?: string;
  /** It needs an ingestion key, which is minted first. */
  readonly mints?: boolean;
}

const at = "2026-01-02T03:04:05Z";
const later = "2026-01-02T03:04:05.678+01:00";
const metadata = { optimizer: "adam", layers: [1, 2.5, null], nested: { a_b: true, "": "é😀" } };

const folder = { id: "f", name: "n", parent_id: null, created_at: at, updated_at: later };
const experiment = {
  id: "e",
  slug: "s",
  description: null,
  status: "running",
  folder_id: "f",
  metadata,
  created_at: at,
  updated_at: later,
};
const metric = {
  client_event_id: "c",
  name: "loss",
  value: 0.25,
  step: 1,
  timestamp: at,
  metadata,
};
const row = {
  experiment_id: "e",
  metric_name: "loss",
  step: null,
  timestamp: null,
  value: -1,
  metadata,
};
const keyInfo = {
  id: "k",
  experiment_id: "e",
  created_at: at,
  expires_at: later,
  revoked_at: null,
};
const annotation = {
  id: "a",
  experiment_id: "e",
  text: "t",
  step: 3,
  timestamp: later,
  metadata,
  client_event_id: null,
  created_at: at,
};
const catalogMetric = { metric_name: "loss", metadata_keys: ["split"], count: 3 };

/** What a mint answers. */
export const minted = (key: string) => ({
  ingestion_key: { id: "k", experiment_id: "e", key, created_at: at, expires_at: null },
});

const typed = (schema: Schema.Top) => Schema.is(Schema.toType(schema));

/** A call that answers one thing, in an envelope. */
const one = <A>(
  name: string,
  effect: Effect.Effect<A, MetricsApiError, ConfigService | HttpClient | IngestionKeyCache>,
  json: unknown,
  schema: Schema.Top,
  more: Partial<Subject> = {},
): Subject => ({ name, effect, valid: { status: 200, json }, is: typed(schema), ...more });

/** A call that answers a page, and its stream. */
const list = <P, A>(
  [listName, streamName]: readonly [string, string],
  page: Effect.Effect<P, MetricsApiError, ConfigService | HttpClient>,
  items: Stream.Stream<A, MetricsApiError, ConfigService | HttpClient>,
  [wireName, item]: readonly [string, unknown],
  [name, schema]: readonly [string, Schema.Top],
): ReadonlyArray<Subject> => {
  const json = { [wireName]: [item, item], next_cursor: null };
  const all = Schema.Array(schema);
  return [
    one(
      listName,
      page,
      { ...json, next_cursor: "c2" },
      Schema.Struct({ [name]: all, nextCursor: Schema.NullOr(Schema.String) }),
    ),
    one(streamName, Stream.runCollect(items), json, all, { part: wireName }),
  ];
};

const { Folder } = Folders;
const aFolder = Schema.Struct({ folder: Folder });
const { Experiment } = Experiments;
const anExperiment = Schema.Struct({ experiment: Experiment });
const counts = Schema.Struct({ accepted: Schema.Natural, duplicates: Schema.Natural });
const values = { metricName: "loss", metadataKey: "split" };
const input = { clientEventId: "c", name: "loss", value: 1 };

// oxfmt-ignore
export const groups: { readonly [group: string]: ReadonlyArray<Subject> } = {
  Folders: [
    ...list(["Folders.list", "Folders.stream"], Folders.list(), Folders.stream(), ["folders", folder], ["folders", Folder]),
    one("Folders.create", Folders.create({ name: "n" }), { folder }, aFolder),
    one("Folders.get", Folders.get("f"), { folder }, aFolder),
    one("Folders.patch", Folders.patch("f", { name: "n" }), { folder }, aFolder),
    one("Folders.rename", Folders.rename("f", "n"), { folder }, aFolder),
    one("Folders.move", Folders.move("f", null), { folder }, aFolder),
  ],
  Experiments: [
    ...list(["Experiments.list", "Experiments.stream"], Experiments.list(), Experiments.stream(), ["experiments", experiment], ["experiments", Experiment]),
    one("Experiments.create", Experiments.create({ slug: "s" }), { experiment }, anExperiment),
    one("Experiments.get", Experiments.get("e"), { experiment }, anExperiment),
    one("Experiments.updateStatus", Experiments.updateStatus("e", "done"), { experiment }, anExperiment),
    one("Experiments.move", Experiments.move("e", "f"), { experiment }, anExperiment),
  ],
  Metrics: [
    ...list(["Metrics.list", "Metrics.stream"], Metrics.list("e"), Metrics.stream("e"), ["metrics", metric], ["metrics", Metrics.Metric]),
    ...list(["Metrics.listCatalog", "Metrics.streamCatalog"], Metrics.listCatalog(), Metrics.streamCatalog(), ["metrics", catalogMetric], ["metrics", Metrics.CatalogMetric]),
    ...list(["Metrics.inspectCatalogValues", "Metrics.streamCatalogValues"], Metrics.inspectCatalogValues(values), Metrics.streamCatalogValues(values), ["values", { value: metadata, count: 1 }], ["values", Metrics.CatalogValue]),
    one("Metrics.ingest", Metrics.ingest("e", [input]), { accepted: 1, duplicates: 0 }, counts, { mints: true }),
    one("Metrics.compare", Metrics.compare([{ experimentId: "e", metricName: "loss" }]), { rows: [row, row] }, Schema.Array(Metrics.ComparisonRow), { part: "rows" }),
  ],
  IngestionKeys: [
    ...list(["IngestionKeys.list", "IngestionKeys.stream"], IngestionKeys.list("e"), IngestionKeys.stream("e"), ["ingestion_keys", keyInfo], ["ingestionKeys", IngestionKeys.IngestionKeyInfo]),
    one("IngestionKeys.create", IngestionKeys.create("e"), minted("a-new-key"), Schema.Struct({ ingestionKey: IngestionKeys.IngestionKey })),
    one("IngestionKeys.revoke", IngestionKeys.revoke("e", "k"), undefined, Schema.Undefined),
  ],
  Annotations: [
    ...list(["Annotations.list", "Annotations.stream"], Annotations.list("e"), Annotations.stream("e"), ["annotations", annotation], ["annotations", Annotations.Annotation]),
    one("Annotations.create", Annotations.create("e", { text: "t" }), { annotation }, Schema.Struct({ annotation: Annotations.Annotation }), { mints: true }),
  ],
  Auth: [
    one("Auth.status", Auth.status, { authenticated: true, organization: { id: "o", name: "n" }, key: { id: "k", scopes: ["read", "write"] } }, Auth.AuthStatus),
  ],
};
