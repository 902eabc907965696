/** The same suite on three transports: in process, fetch and undici, the last two over a real socket. */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient";
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer";
import { assert, describe, layer } from "@effect/vitest";
import { createServer } from "node:http";
import * as DateTime from "effect/DateTime";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Redacted from "effect/Redacted";
import * as FetchHttpClient from "effect/http/FetchHttpClient";
import type * as HttpClient from "effect/http/HttpClient";
import * as Annotations from "../src/Annotations.ts";
import * as Auth from "../src/Auth.ts";
import * as Experiments from "../src/Experiments.ts";
import * as Folders from "../src/Folders.ts";
import * as IngestionKeys from "../src/IngestionKeys.ts";
import * as Metrics from "../src/Metrics.ts";
import * as SyvainMetrics from "../src/SyvainMetrics.ts";
import { Faults, MetricsServer } from "../src/testing.ts";

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
          const status = yield* Auth.status;
          assert.isTrue(status.authenticated);
          assert.isString(status.organization?.name);
        }),
      );

      it.effect("Folders: create, get, list, patch, rename, move", () =>
        Effect.gen(function* () {
          const { folder: parent } = yield* Folders.create({ name: unique("parent") });
          const { folder } = yield* Folders.create({ name: unique("child"), parentId: parent.id });
          assert.strictEqual(folder.parentId, parent.id);
          assert.deepStrictEqual((yield* Folders.get(folder.id)).folder, folder);
          const { folders, nextCursor } = yield* Folders.list({ parentId: parent.id });
          assert.deepStrictEqual(folders, [folder]);
          assert.isNull(nextCursor);
          assert.strictEqual((yield* Folders.rename(folder.id, "renamed")).folder.name, "renamed");
          assert.isNull((yield* Folders.move(folder.id, null)).folder.parentId);
          const patched = yield* Folders.patch(folder.id, { name: "both", parentId: parent.id });
          assert.strictEqual(patched.folder.name, "both");
          assert.strictEqual(patched.folder.parentId, parent.id);
        }),
      );

      it.effect("Experiments: create, get, list, updateStatus, move", () =>
        Effect.gen(function* () {
          const { folder } = yield* Folders.create({ name: unique("folder") });
          const { experiment } = yield* Experiments.create({
            slug: unique("slug"),
            description: "a description",
            metadata,
            folderId: folder.id,
          });
          assert.deepStrictEqual(experiment.metadata, metadata);
          assert.isTrue(DateTime.isUtc(experiment.createdAt));
          assert.deepStrictEqual((yield* Experiments.get(experiment.id)).experiment, experiment);
          yield* Experiments.updateStatus(experiment.id, "running");
          const { experiments } = yield* Experiments.list({
            folderId: folder.id,
            status: "running",
            slug: experiment.slug,
          });
          assert.deepStrictEqual(
            experiments.map(({ id }) => id),
            [experiment.id],
          );
          assert.isNull((yield* Experiments.move(experiment.id, null)).experiment.folderId);
        }),
      );

      it.effect("Metrics: ingest, list, compare, listCatalog, inspectCatalogValues", () =>
        Effect.gen(function* () {
          const { id } = yield* newExperiment;
          const timestamp = DateTime.makeUnsafe("2026-01-01T00:00:00.123Z");
          const events: ReadonlyArray<Metrics.MetricInput> = [
            { clientEventId: "1", name: "loss", value: 0.5, step: 1, timestamp, metadata },
            {
              clientEventId: "2",
              name: "loss",
              value: -1e300,
              step: 0,
              metadata: { split: "val" },
            },
            { clientEventId: "3", name: "accuracy", value: 0 },
          ];
          const first = yield* Metrics.ingest(id, events, { sync: true });
          assert.deepStrictEqual(first, { accepted: 3, duplicates: 0 });
          const second = yield* Metrics.ingest(id, events);
          assert.deepStrictEqual(second, { accepted: 0, duplicates: 3 });

          const { metrics } = yield* Metrics.list(id, { name: "loss" });
          assert.deepStrictEqual(metrics, [
            { clientEventId: "1", name: "loss", value: 0.5, step: 1, timestamp, metadata },
            {
              clientEventId: "2",
              name: "loss",
              value: -1e300,
              step: 0,
              timestamp: null,
              metadata: { split: "val" },
            },
          ]);
          const rows = yield* Metrics.compare([{ experimentId: id, metricName: "loss" }]);
          assert.deepStrictEqual(
            rows.map(({ step, value }) => [step, value]),
            [
              [0, -1e300],
              [1, 0.5],
            ],
          );
          const narrowed = yield* Metrics.compare(
            [{ experimentId: id, metricName: "loss", metadataKey: "split", metadataValue: "val" }],
            { limit: 10 },
          );
          assert.lengthOf(narrowed, 1);

          const catalog = yield* Metrics.listCatalog({ experimentIds: [id] });
          assert.sameDeepMembers(
            catalog.metrics.map(({ metricName, count }) => [metricName, count]),
            [
              ["loss", 2],
              ["accuracy", 1],
            ],
          );
          const { values } = yield* Metrics.inspectCatalogValues({
            metricName: "loss",
            metadataKey: "split",
            experimentIds: [id],
          });
          assert.deepStrictEqual(values, [{ value: "val", count: 1 }]);
        }),
      );

      it.effect("IngestionKeys: create, list, revoke, forgetCredential", () =>
        Effect.gen(function* () {
          const { id } = yield* newExperiment;
          const { ingestionKey } = yield* IngestionKeys.create(id);
          assert.isTrue(Redacted.isRedacted(ingestionKey.key));
          const { ingestionKeys } = yield* IngestionKeys.list(id);
          assert.strictEqual(ingestionKeys[0]?.id, ingestionKey.id);
          assert.notProperty(ingestionKeys[0], "key");
          yield* IngestionKeys.revoke(id, ingestionKey.id);
          assert.isNotNull((yield* IngestionKeys.list(id)).ingestionKeys[0]?.revokedAt);
          yield* IngestionKeys.forgetCredential(id);
        }),
      );

      it.effect("Annotations: create, list; one per clientEventId", () =>
        Effect.gen(function* () {
          const { id } = yield* newExperiment;
          const input = { text: "日本語 \u2028 \"'<>", step: 3, metadata, clientEventId: "note" };
          const { annotation } = yield* Annotations.create(id, input);
          assert.strictEqual(annotation.text, input.text);
          assert.deepStrictEqual(annotation.metadata, metadata);
          const again = yield* Annotations.create(id, input);
          assert.strictEqual(again.annotation.id, annotation.id);
          assert.deepStrictEqual((yield* Annotations.list(id)).annotations, [annotation]);
        }),
      );

      it.effect("a slug that is taken is a Conflict, with the service's words", () =>
        Effect.gen(function* () {
          const { slug } = yield* newExperiment;
          const error = yield* Effect.flip(Experiments.create({ slug }));
          assert(error._tag === "MetricsApiRequestError");
          assert.strictEqual(error.reason._tag, "Conflict");
          assert.strictEqual(error.status, 409);
          assert.include(error.detail, slug);
          assert.isString(error.requestId);
        }),
      );

      it.effect("what does not exist is NotFound", () =>
        Effect.gen(function* () {
          const error = yield* Effect.flip(Folders.get("no/such?folder#%2e"));
          assert.strictEqual(error.reason._tag, "NotFound");
        }),
      );

      it.effect("a lost answer is asked for again, and nothing happens twice", () =>
        Effect.gen(function* () {
          yield* Faults.dropAfter({ match: { operation: "Experiments.create" } });
          const { slug } = yield* newExperiment;
          assert.lengthOf((yield* Experiments.list({ slug })).experiments, 1);
        }),
      );

      it.effect("a connection that breaks before the server acts is tried again", () =>
        Effect.gen(function* () {
          yield* Faults.dropBefore({ match: { operation: "Experiments.create" } });
          const { slug } = yield* newExperiment;
          assert.lengthOf((yield* Experiments.list({ slug })).experiments, 1);
        }),
      );
    });
  });
}
