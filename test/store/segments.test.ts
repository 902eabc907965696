/** What is kept of a long series so that it can be shown at once: when it is made, and what takes it away. */
import { assert, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Schedule from "effect/Schedule";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { layerSqlite } from "../../src/server/drivers/sqlite.ts";
import { type NewEvent, Store } from "../../src/server/store.ts";
import { newExperiment } from "../support/stores.ts";
import { temporaryDirectory } from "../support/processes.ts";

interface Segment {
  readonly after: number;
  readonly last: number;
  readonly count: number;
}

const experiment = newExperiment("a");

const ingest = (from: number, to: number, rest: Partial<NewEvent> = {}) =>
  Store.use((store) =>
    Effect.forEach(
      Array.from({ length: Math.ceil((to - from) / 1000) }, (_, i) => from + i * 1000),
      (first) =>
        store.ingest({
          experimentId: "a",
          serverTime: 1,
          keyId: null,
          answer: undefined,
          events: Array.from({ length: Math.min(1000, to - first) }, (_, i) => ({
            clientEventId: `${first + i} ${rest.step}`,
            name: "m",
            metadata: {},
            step: first + i,
            clientTime: first + i,
            value: 1,
            ...rest,
          })),
        }),
      { discard: true },
    ),
  );

const sample = Store.use((store) =>
  Effect.gen(function* () {
    const [series] = yield* store.series("a", "m");
    return (yield* store.sample(series!, { axis: "step", points: 100 }))!;
  }),
);

/** Runs against a file that is there again for the next. */
const inFile = Effect.map(temporaryDirectory, (directory) => {
  const file = join(directory, "metrics.db");
  const store = Layer.fresh(layerSqlite({ file, lock: join(directory, "lock") }));
  const rows = (query: string) => {
    const db = new DatabaseSync(file);
    try {
      return db.prepare(query).all() as ReadonlyArray<unknown>;
    } finally {
      db.close();
    }
  };
  const segments = Effect.sync(
    () =>
      rows(`SELECT after_step AS after, step AS last, step_count AS count FROM segments
        ORDER BY after_step`) as ReadonlyArray<Segment>,
  );
  return {
    run: <A, E>(self: Effect.Effect<A, E, Store>) => Effect.provide(self, store),
    rows,
    segments,
    /** Until what was written was looked at. */
    until: (count: number) =>
      segments.pipe(
        Effect.repeat({ until: (all) => all.length === count, schedule: Schedule.spaced(5) }),
        Effect.timeout("10 seconds"),
      ),
  };
});

it.live(
  "segments follow a series that grows; an event that comes late takes one away, until it is read again",
  () =>
    Effect.gen(function* () {
      const { run, until } = yield* inFile;
      yield* run(
        Effect.gen(function* () {
          yield* Store.use((store) => store.transaction(store.putExperiment(experiment)));
          yield* ingest(0, 15_000);
          const made: ReadonlyArray<Segment> = [
            { after: -2, last: 4095, count: 4096 },
            { after: 4095, last: 8191, count: 4096 },
            { after: 8191, last: 12_287, count: 4096 },
          ];
          assert.deepStrictEqual(yield* until(3), made);
          yield* ingest(15_000, 15_001, { step: 5000, value: 7 });
          assert.deepStrictEqual(yield* until(2), [made[0]!, made[2]!]);
          const { count, buckets } = yield* sample;
          assert.strictEqual(count, 15_001);
          assert.deepStrictEqual(
            [...buckets.max],
            Array.from({ length: 59 }, (_, i) => (i === 19 ? 7 : 1)),
          );
          // What comes late now and then is not waited for.
          yield* sample;
          const again = { ...made[1]!, count: 4097 };
          assert.deepStrictEqual(yield* until(3), [made[0]!, again, made[2]!]);
          assert.strictEqual((yield* sample).count, 15_001);
        }),
      );
    }),
);

it.live("of what an older version has stored, they are made when a server starts", () =>
  Effect.gen(function* () {
    const { run, rows, until } = yield* inFile;
    yield* run(
      Effect.andThen(
        Store.use((store) => store.transaction(store.putExperiment(experiment))),
        ingest(0, 9000),
      ),
    );
    rows("DROP TABLE segments");
    for (const column of ["sealed", "late", "sealed_step", "sealed_time", "sealed_sequence"]) {
      rows(`ALTER TABLE series DROP COLUMN ${column}`);
    }
    rows("DELETE FROM migrations WHERE migration_id = 3");
    yield* run(
      Effect.gen(function* () {
        yield* until(2);
        const { count, buckets } = yield* sample;
        assert.deepStrictEqual([count, buckets.count[0], buckets.count.length], [9000, 128, 71]);
      }),
    );
  }),
);

it.live("segments follow a series whose events come in no order, and then rest", () =>
  Effect.gen(function* () {
    const { run, rows, segments } = yield* inFile;
    yield* run(
      Effect.gen(function* () {
        yield* Store.use((store) => store.transaction(store.putExperiment(experiment)));
        const batch = (n: number) =>
          Store.use((store) =>
            store.ingest({
              experimentId: "a",
              serverTime: 1,
              keyId: null,
              answer: undefined,
              events: Array.from({ length: 1000 }, (_, i) => ({
                clientEventId: `${n} ${i}`,
                name: "m",
                metadata: {},
                step: ((n * 1000 + i) * 7919) % 40_009,
                clientTime: 1,
                value: 1,
              })),
            }),
          );
        yield* Effect.forEach(
          Array.from({ length: 40 }, (_, n) => n),
          batch,
          { concurrency: 4 },
        );
        // Each reading has it looked at again, until all but the last events lie in segments.
        const loose = yield* Effect.andThen(sample, segments).pipe(
          Effect.map((all) => 40_000 - all.reduce((sum, { count }) => sum + count, 0)),
          Effect.repeat({ until: (left) => left < 4608, schedule: Schedule.spaced(20) }),
          Effect.timeout("10 seconds"),
        );
        assert.isAtLeast(loose, 0);
        const after = yield* segments;
        for (const [i, { after: start }] of after.entries()) {
          if (i > 0) assert.strictEqual(start, after[i - 1]!.last);
        }
        assert.strictEqual((yield* sample).count, 40_000);
        // What is counted as loose is so in the end.
        const due = Effect.sync(() =>
          rows("SELECT count FROM series WHERE count - sealed - late >= 4608"),
        );
        yield* Effect.andThen(sample, due).pipe(
          Effect.repeat({ until: (all) => all.length === 0, schedule: Schedule.spaced(20) }),
          Effect.timeout("10 seconds"),
        );
      }),
    );
  }),
);
