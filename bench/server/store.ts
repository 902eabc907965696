/** The store without the server: batches as its rules hand them over, in the process of the bench. */
import * as Effect from "effect/Effect";
import type * as Layer from "effect/Layer";
import * as Redacted from "effect/Redacted";
import { randomUUID } from "node:crypto";
import { layerDirectory } from "../../src/server/drivers/directory.ts";
import { layerPostgres } from "../../src/server/drivers/postgres.ts";
import { type Batch, Store } from "../../src/server/store.ts";
import { batchSize, metadata, millisOf, valueOf } from "../support/events.ts";

const layerOf = ([kind = "", place = ""]: ReadonlyArray<string>): Layer.Layer<Store, unknown> =>
  kind === "--database" ? layerPostgres(Redacted.make(place)) : layerDirectory(place);

const batchAt = (first: number, experimentId: string): Batch => ({
  experimentId,
  serverTime: Date.now(),
  keyId: null,
  events: Array.from({ length: batchSize }, (_, i) => ({
    clientEventId: randomUUID(),
    name: "loss",
    value: valueOf(first + i),
    step: first + i,
    clientTime: millisOf(first + i),
    metadata,
  })),
  answer: undefined,
});

/** Events a second, in a store of `serve` with these arguments. */
export const rateOfStore = (args: ReadonlyArray<string>, events: number, experiments: number) =>
  Effect.gen(function* () {
    const store = yield* Store;
    const time = Date.now();
    for (let i = 0; i < experiments; i++) {
      yield* store.transaction(
        store.putExperiment({
          id: `${i}`,
          slug: `${i}`,
          folderId: null,
          revision: 0,
          description: { text: "", metadata: {} },
          status: "running",
          error: null,
          createdAt: time,
          updatedAt: time,
          startedAt: time,
          doneAt: null,
          lastEventAt: null,
        }),
      );
    }
    const batches = Array.from({ length: events / batchSize }, (_, i) =>
      batchAt(i * batchSize, `${i % experiments}`),
    );
    const started = performance.now();
    yield* Effect.forEach(batches, (batch) => store.ingest(batch), { concurrency: 8 });
    return events / ((performance.now() - started) / 1000);
  }).pipe(Effect.provide(layerOf(args)), Effect.runPromise);
