/** Batches that wait for the disk of SQLite together are kept, refused and undone one by one. */
import { assert, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import { join } from "node:path";
import { layerSqlite } from "../../src/server/drivers/sqlite.ts";
import { Store } from "../../src/server/store.ts";
import { temporaryDirectory } from "../support/processes.ts";
import { newExperiment } from "../support/stores.ts";

const batch = (n: number, events: ReadonlyArray<readonly [id: string, value: number]>) => ({
  experimentId: n % 7 === 6 ? "not there" : "a",
  serverTime: 1,
  keyId: null,
  answer: undefined,
  events: events.map(([clientEventId, value], step) => ({
    clientEventId,
    name: `m${n}`,
    metadata: {},
    step,
    clientTime: 1,
    value,
  })),
});

it.effect("one that cannot be kept fails alone, and leaves nothing behind", () =>
  Effect.gen(function* () {
    const directory = yield* temporaryDirectory;
    const file = join(directory, "metrics.db");
    yield* Effect.gen(function* () {
      const store = yield* Store;
      yield* store.transaction(store.putExperiment(newExperiment("a")));
      const results = yield* Effect.forEach(
        Array.from({ length: 40 }, (_, n) => n),
        (n) =>
          Effect.result(
            store.ingest(
              batch(n, [
                [`${n}`, n],
                ["of all", n],
                // A database has no such value, and says so after the others of its batch are there.
                [`${n}, too`, n % 5 === 4 ? Number.NaN : n],
              ]),
            ),
          ),
        { concurrency: 40 },
      );
      const added = results.map((result) =>
        result._tag === "Failure"
          ? "failed"
          : result.success._tag === "Ingested"
            ? result.success.added
            : result.success._tag,
      );
      assert.deepStrictEqual(
        added,
        added.map((_, n) =>
          n % 7 === 6 ? "NoExperiment" : n % 5 === 4 ? "failed" : n === 0 ? 3 : 2,
        ),
      );
      const series = yield* store.series("a", undefined);
      assert.deepStrictEqual(
        series.map(({ name }) => name),
        added.flatMap((one, n) => (typeof one === "number" ? [`m${n}`] : [])),
      );
      // What failed can come again.
      const again = yield* store.ingest(
        batch(4, [
          ["4", 4],
          ["4, too", 4],
        ]),
      );
      assert.deepStrictEqual(again, { _tag: "Ingested", added: 2 });
    }).pipe(Effect.provide(layerSqlite({ file, lock: join(directory, "lock") })));
  }).pipe(Effect.scoped),
);
