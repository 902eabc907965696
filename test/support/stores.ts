/** The implementations of the store, each empty when its layer is built. */
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import { join } from "node:path";
import * as Redacted from "effect/Redacted";
import { layerDirectory } from "../../src/server/drivers/directory.ts";
import { layerPostgres } from "../../src/server/drivers/postgres.ts";
import { layerSqlite } from "../../src/server/drivers/sqlite.ts";
import { makeMemoryStore } from "../../src/server/memory.ts";
import { type Experiment, Store } from "../../src/server/store.ts";
import { isMissing, postgresServer } from "./postgresServer.ts";
import { temporaryDirectory } from "./processes.ts";

export const newExperiment = (id: string, rest: Partial<Experiment> = {}): Experiment => ({
  id,
  slug: id,
  folderId: null,
  revision: 0,
  description: { text: "", metadata: {} },
  status: "created",
  error: null,
  createdAt: 1,
  updatedAt: 1,
  startedAt: null,
  doneAt: null,
  lastEventAt: null,
  ...rest,
});

/** The store in a directory, or in a database of Postgres. */
export const layerAt = (where: string): Layer.Layer<Store> =>
  where.startsWith("postgres:")
    ? Layer.orDie(layerPostgres(Redacted.make(where)))
    : Layer.orDie(layerDirectory(where));

export interface Implementation {
  readonly name: string;
  readonly layer: Layer.Layer<Store>;
}

export const implementations: ReadonlyArray<Implementation> = [
  { name: "memory", layer: Layer.effect(Store, Effect.sync(makeMemoryStore)) },
  {
    name: "SQLite",
    layer: Layer.unwrap(
      Effect.map(temporaryDirectory, (directory) =>
        layerSqlite({ file: join(directory, "metrics.db"), lock: join(directory, "lock") }),
      ),
    ).pipe(Layer.orDie),
  },
  ...(isMissing
    ? []
    : [
        {
          name: "Postgres",
          layer: Layer.unwrap(
            Effect.promise(async () =>
              layerPostgres(Redacted.make(await (await postgresServer()).newDatabase())),
            ),
          ).pipe(Layer.orDie),
        },
      ]),
];
