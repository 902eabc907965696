/** A process that stores one metric, under an ingestion key that it shares with others. Its argument is JSON. */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem";
import * as NodePath from "@effect/platform-node/NodePath";
import * as NodeRedis from "@effect/platform-node/NodeRedis";
import * as Effect from "effect/Effect";
import * as FetchHttpClient from "effect/http/FetchHttpClient";
import * as Layer from "effect/Layer";
import * as KeyValueStore from "effect/persistence/KeyValueStore";
import * as Persistence from "effect/persistence/Persistence";
import * as References from "effect/References";
import * as ConfigService from "../../src/ConfigService.ts";
import * as Metrics from "../../src/Metrics.ts";
import * as PersistedIngestionKeyCache from "../../src/PersistedIngestionKeyCache.ts";

export interface Work {
  readonly host: string;
  readonly apiKey: string;
  readonly experimentId: string;
  readonly store: { readonly directory: string } | { readonly url: string };
}

const { apiKey, experimentId, host, store }: Work = JSON.parse(process.argv[2]!);

const backing: Layer.Layer<Persistence.BackingPersistence, unknown> =
  "directory" in store
    ? Persistence.layerBackingKvs.pipe(
        Layer.provide(KeyValueStore.layerFileSystem(store.directory)),
        Layer.provide(Layer.merge(NodeFileSystem.layer, NodePath.layer)),
      )
    : Layer.provide(Persistence.layerBackingRedis, NodeRedis.layer(store));
const cache = PersistedIngestionKeyCache.layer().pipe(Layer.provide(Layer.orDie(backing)));

const event = { clientEventId: String(process.pid), name: "loss", value: 1 };

console.log(
  await Metrics.ingest(experimentId, [event]).pipe(
    Effect.match({ onFailure: ({ message }) => message, onSuccess: ({ mode }) => mode }),
    Effect.provide(
      Layer.mergeAll(
        ConfigService.layer({ host, apiKey }),
        FetchHttpClient.layer,
        cache,
        // Standard output is for the answer.
        Layer.succeed(References.LogToStderr, true),
      ),
    ),
    Effect.runPromise,
  ),
);
