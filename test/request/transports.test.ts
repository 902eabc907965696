/** The same suite on three transports: in process, fetch and undici, the last two over a real socket. */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient";
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer";
import { assert, describe, layer } from "@effect/vitest";
import { createServer } from "node:http";
import * as DateTime from "effect/DateTime";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Redacted from "effect/Redacted";
import * as Stream from "effect/Stream";
import * as FetchHttpClient from "effect/http/FetchHttpClient";
import type * as HttpClient from "effect/http/HttpClient";
import * as Annotations from "../../src/Annotations.ts";
import * as Auth from "../../src/Auth.ts";
import * as Experiments from "../../src/Experiments.ts";
import * as Folders from "../../src/Folders.ts";
import * as IngestionKeys from "../../src/IngestionKeys.ts";
import * as Metrics from "../../src/Metrics.ts";
import * as SyvainMetrics from "../../src/SyvainMetrics.ts";
import { Faults, MetricsServer } from "../../src/testing/index.ts";

const overSocket = (client: Layer.Layer<HttpClient.HttpClient>) =>
  Layer.unwrap(
    Effect.map(MetricsServer.MetricsServer, ({ host, apiKey }) =>
      SyvainMetrics.layer({ host, apiKey }),
    ),
  ).pipe(
    Layer.provideMerge(client),
    Layer.provideMerge(MetricsServer.layerHttp()),
    Layer.provide(NodeHttpServer.layer(createServer, { port: 0, host: "127.0.0.1" })),
    Layer.orDie,
  );

const transports = {
  "in process": Layer.orDie(MetricsServer.layerClient()),
  fetch: overSocket(FetchHttpClient.layer),
  undici: overSocket(NodeHttpClient.layerUndici),
};

let serial = 0;
const unique = (name: string) => `${name}-${++serial}`;
const newExperiment = Effect.suspend(() => Experiments.create({ slug: unique("slug") })).pipe(
  Effect.map(({ experiment }) => experiment),
);

const metadata = JSON.parse(
  '{"camelCase":1,"snake_case":[true,null,{"déjà vu":"\\u0000\\ud83d\\ude00"}],"__proto__":{"constructor":"x"}}',
);

for (const [name, transport] of Object.entries(transports)) {
  describe(name, () => {
    layer(transport, { excludeTestServices: true })((it) => {
      it.effect("Auth.status", () =>
        Effect.gen(function* () {
          const { auth, organization } = yield* Auth.status;
          assert.strictEqual(auth.kind, "api_key");
          assert.isString(organization.name);
        }),
      );

      it.effect("Folders: create, get, list, patch, rename, move", () =>
        Effect.gen(function* () {
          const { folder: parent } = yield* Folders.create({ name: unique("parent") });
          const name = unique("é /?");
          const { folder } = yield* Folders.create({ name, parentId: parent.folderId });
          assert.deepStrictEqual(folder.parentIdPath, [parent.folderId]);
          assert.deepStrictEqual(yield* Folders.get(folder.folderId), {
            folder,
            folders: [],
            experiments: [],
          });
          const { folders } = yield* Folders.list({ path: folder.pathName });
          assert.deepStrictEqual(folders, [folder]);
          const renamed = yield* Folders.rename(folder.folderId, unique("renamed"));
          assert.match(renamed.folder.name, /^renamed/);
          assert.isEmpty((yield* Folders.move(folder.folderId, null)).folder.parentIdPath);
          const patch = { name: "both", parentId: parent.folderId };
          const patched = yield* Folders.patch(folder.folderId, patch);
          assert.strictEqual(patched.folder.pathName, `${parent.pathName}/both`);
        }),
      );

      it.effect("Experiments: create, get, list, updateStatus, move", () =>
        Effect.gen(function* () {
          const { folder } = yield* Folders.create({ name: unique("folder") });
          const { experiment } = yield* Experiments.create({
            slug: unique("slug"),
            description: "a description",
            metadata,
            folderId: folder.folderId,
          });
          assert.deepStrictEqual(experiment.metadata, metadata);
          assert.isTrue(DateTime.isUtc(experiment.createdAt));
          assert.deepStrictEqual((yield* Experiments.get(experiment.id)).experiment, experiment);
          yield* Experiments.updateStatus(experiment.id, "running");
          const { slug } = experiment;
          const { experiments } = yield* Experiments.list({ status: "running", slug });
          assert.deepStrictEqual(
            experiments.map(({ id }) => id),
            [experiment.id],
          );
          assert.isNull((yield* Experiments.move(experiment.id, null)).experiment.folder);
        }),
      );

      it.effect("Metrics: ingest, list, compare, the series and the catalogs", () =>
        Effect.gen(function* () {
          const { id } = yield* newExperiment;
          const timestamp = DateTime.makeUnsafe("2026-01-01T00:00:00.123Z");
          const train = { split: "train é" };
          const events: ReadonlyArray<Metrics.MetricInput> = [
            { clientEventId: "1", name: "loss", value: 0.5, step: 1, timestamp, metadata: train },
            { clientEventId: "2", name: "loss", value: -1e300, step: 0, metadata: train },
            { clientEventId: "3", name: "accuracy", value: 0, metadata: { split: "val" } },
          ];
          const stored = yield* Metrics.ingest(id, events, { sync: true });
          assert.deepStrictEqual(stored, { ok: true, mode: "sync" });
          // The same events again, in another call: they are stored once.
          yield* Metrics.ingest(id, events, { sync: true });

          const { rows } = yield* Metrics.list(id, { metricName: "loss", sortBy: ["step"] });
          assert.deepStrictEqual(
            rows.map(({ step, metricValue }) => [step, metricValue]),
            [
              [0, -1e300],
              [1, 0.5],
            ],
          );
          assert.strictEqual(rows[1]?.clientTimestampMs, DateTime.toEpochMillis(timestamp));
          const series = { metadataKey: "split", metadataValue: "train é" };
          const compared = yield* Metrics.compare(
            [{ experimentId: id, metricName: "loss", ...series }],
            { limit: 1, sortDirection: "desc" },
          );
          assert.deepStrictEqual(
            compared.rows.map(({ metadata, step }) => [metadata, step]),
            [[train, 1]],
          );

          const selection = [{ experimentId: id, metricName: "loss" }];
          const batches = yield* Metrics.querySeries(selection);
          assert.deepStrictEqual(
            batches.map(({ metadata, data }) => [metadata, data.steps, data.value]),
            [[train, [0, 1], [-1e300, 0.5]]],
          );
          const streamed = yield* Stream.runCollect(Metrics.streamSeries(selection));
          assert.deepStrictEqual(streamed, batches);

          const catalog = [
            { metricName: "accuracy", metadataKeys: ["split"] },
            { metricName: "loss", metadataKeys: ["split"] },
          ];
          assert.sameDeepMembers([...(yield* Metrics.listCatalog(id)).metrics], catalog);
          assert.sameDeepMembers(
            [...(yield* Metrics.queryCatalog([id]))],
            catalog.map((metric) => ({ experimentId: id, ...metric })),
          );
          const values = yield* Metrics.inspectCatalogValues(id, "loss");
          assert.deepStrictEqual(values.metadata.keys, [
            { key: "split", values: ["train é"], valueCount: 1 },
          ]);
        }),
      );

      it.effect("IngestionKeys: create, list, revoke, prepare, forgetCredential", () =>
        Effect.gen(function* () {
          const { id } = yield* newExperiment;
          const { key, token } = yield* IngestionKeys.create(id, { name: "mine", ttl: "1 hour" });
          assert.isTrue(Redacted.isRedacted(token));
          assert.deepStrictEqual((yield* IngestionKeys.list(id)).keys, [key]);
          assert.isNotNull((yield* IngestionKeys.revoke(id, key.id)).key.revokedAt);
          yield* IngestionKeys.prepare(id);
          assert.lengthOf((yield* IngestionKeys.list(id)).keys, 2);
          yield* IngestionKeys.forgetCredential(id);
        }),
      );

      it.effect("Annotations: create, list", () =>
        Effect.gen(function* () {
          const { id } = yield* newExperiment;
          const input = { annotation: "日本語 \u2028 \"'<>", metadata };
          const { annotation } = yield* Annotations.create(id, input);
          assert.strictEqual(annotation.annotation, input.annotation);
          assert.deepStrictEqual(annotation.metadata, metadata);
          assert.deepStrictEqual((yield* Annotations.list(id)).annotations, [annotation]);
        }),
      );

      it.effect("a name that is taken is a Conflict, with the service's words and its code", () =>
        Effect.gen(function* () {
          const name = unique("folder");
          yield* Folders.create({ name });
          const error = yield* Effect.flip(Folders.create({ name }));
          assert(error._tag === "MetricsApiRequestError");
          assert.strictEqual(error.reason._tag, "Conflict");
          assert.strictEqual(error.status, 409);
          assert.strictEqual(error.code, "folder_already_exists");
          assert.include(error.detail, name);
          assert.isString(error.requestId);
        }),
      );

      it.effect("what does not exist is NotFound", () =>
        Effect.gen(function* () {
          const error = yield* Effect.flip(Folders.get("no/such?folder#%2e"));
          assert.strictEqual(error.reason._tag, "NotFound");
        }),
      );

      for (const [when, drop] of [
        ["before", Faults.dropBefore],
        ["after", Faults.dropAfter],
      ] as const) {
        it.effect(`a connection that is lost ${when} the server acted: it acts once in all`, () =>
          Effect.gen(function* () {
            const { id } = yield* newExperiment;
            yield* drop({ match: { operation: "Annotations.create" } });
            yield* Annotations.create(id, { annotation: "n" });
            assert.lengthOf((yield* Annotations.list(id)).annotations, 1);
          }),
        );
      }
    });
  });
}
