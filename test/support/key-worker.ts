/**
 * A process that records metrics and shares its ingestion keys with others: run by node, told what to do in lines of JSON, each answered by one.
 *
 * `{ "ingest": experimentId }`, `{ "forget": experimentId }`, `{ "revoke": [experimentId, ingestionKeyId] }`.
 */
import { createInterface } from "node:readline";

import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem";
import * as NodePath from "@effect/platform-node/NodePath";
import * as Effect from "effect/Effect";
import * as FetchHttpClient from "effect/http/FetchHttpClient";
import * as Layer from "effect/Layer";
import * as ManagedRuntime from "effect/ManagedRuntime";
import * as References from "effect/References";
import * as ConfigService from "../../src/ConfigService.ts";
import * as IngestionKeys from "../../src/IngestionKeys.ts";
import * as Metrics from "../../src/Metrics.ts";
import * as PersistedIngestionKeyCache from "../../src/PersistedIngestionKeyCache.ts";

export interface Settings {
  readonly host: string;
  readonly apiKey: string;
  readonly store: { readonly directory: string } | { readonly url: string };
  readonly options?: PersistedIngestionKeyCache.Options;
}

export type Command =
  | { readonly ingest: string }
  | { readonly forget: string }
  | { readonly revoke: readonly [experimentId: string, ingestionKeyId: string] };

const { host, apiKey, store, options }: Settings = JSON.parse(process.argv[2]!);

const cache =
  "directory" in store
    ? PersistedIngestionKeyCache.layerFileSystem({ ...options, ...store })
    : Layer.provide(
        PersistedIngestionKeyCache.layerRedis(options),
        (await import("@effect/platform-node/NodeRedis")).layer(store),
      );

const runtime = ManagedRuntime.make(
  Layer.mergeAll(
    ConfigService.layer({ host, apiKey }),
    FetchHttpClient.layer,
    cache,
    Layer.succeed(References.LogToStderr, true),
  ).pipe(Layer.provide(Layer.merge(NodeFileSystem.layer, NodePath.layer))),
);

let events = 0;
const run = (command: Command) => {
  if ("ingest" in command) {
    const clientEventId = `${process.pid}/${++events}`;
    return Metrics.ingest(command.ingest, [{ clientEventId, name: "loss", value: 1 }]);
  }
  return "forget" in command
    ? IngestionKeys.forgetCredential(command.forget)
    : IngestionKeys.revoke(...command.revoke);
};

await runtime.context();
console.log(JSON.stringify("ready"));
for await (const line of createInterface({ input: process.stdin })) {
  const result = await runtime.runPromise(
    Effect.match(run(JSON.parse(line)), {
      onFailure: (error) => error.message,
      onSuccess: () => "done",
    }),
  );
  console.log(JSON.stringify(result));
}
await runtime.dispose();
