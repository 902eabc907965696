/** Ingestion keys that real processes share, through files and through Redis. */
import { assert, describe, it as test, type Vitest } from "@effect/vitest";
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import * as FileSystem from "effect/FileSystem";
import type * as Scope from "effect/Scope";
import type { Settings } from "./support/key-worker.ts";
import { worker, world } from "./support/key-workers.ts";
import { describeRedis, RedisServer } from "./support/redis.ts";

const promises = <R>(
  it: Vitest.Tester<R | Scope.Scope>,
  newStore: Effect.Effect<Settings["store"], never, R | Scope.Scope>,
) => {
  /** As many processes as there are options, all ready. */
  const start = Effect.fnUntraced(function* (each: ReadonlyArray<Settings["options"]>) {
    const { host, apiKey, ...rest } = yield* world;
    const store = yield* newStore;
    const workers = yield* Effect.forEach(
      each,
      (options = {}) => worker({ host, apiKey, store, options }),
      { concurrency: "unbounded" },
    );
    return { ...rest, workers };
  });

  it("sixteen that start at once mint one key for each experiment", () =>
    Effect.gen(function* () {
      const { workers, newExperiment, slowMints, mints, ingests } = yield* start(
        Array.from({ length: 16 }, () => ({})),
      );
      const experiments = [yield* newExperiment, yield* newExperiment];
      yield* slowMints("300 millis", 100);
      const answers = yield* Effect.forEach(
        workers,
        ({ tell }) => Effect.forEach(experiments, (ingest) => tell({ ingest })),
        { concurrency: "unbounded" },
      );
      assert.deepStrictEqual(new Set(answers.flat()), new Set(["done"]));
      assert.strictEqual(yield* mints, 2);
      assert.strictEqual(yield* ingests, 32);
    }));

  it("one that is killed while it mints holds the others up until its lock runs out, and then one of them mints", () =>
    Effect.gen(function* () {
      const { workers, newExperiment, slowMints, mints } = yield* start(
        Array.from({ length: 5 }, () => ({ lockTtl: "1 second" })),
      );
      const ingest = yield* newExperiment;
      const [doomed, ...others] = workers;
      yield* slowMints("1 hour", 1);
      yield* Effect.forkChild(Effect.exit(doomed!.tell({ ingest })));
      yield* Effect.repeat(Effect.sleep(10), { until: () => Effect.map(mints, (n) => n === 1) });
      const waiting = yield* Effect.forEach(others, ({ tell }) =>
        Effect.forkChild(tell({ ingest })),
      );
      yield* doomed!.kill;
      const answers = yield* Fiber.joinAll(waiting);
      assert.deepStrictEqual(new Set(answers), new Set(["done"]));
      assert.strictEqual(yield* mints, 2);
    }));

  it("a key that one forgets is used by the others no more", () =>
    Effect.gen(function* () {
      const { workers, newExperiment, mints } = yield* start([{}, { recheckAfter: 0 }]);
      const [a, b] = workers;
      const ingest = yield* newExperiment;
      for (const { tell } of workers) yield* tell({ ingest });
      assert.strictEqual(yield* mints, 1);
      yield* a!.tell({ forget: ingest });
      yield* b!.tell({ ingest });
      assert.strictEqual(yield* mints, 2);
      yield* a!.tell({ ingest });
      assert.strictEqual(yield* mints, 2);
    }));

  it("a key that one revokes is minted anew once, though each of the others has it in memory", () =>
    Effect.gen(function* () {
      const { workers, newExperiment, keysOf, mints, ingests } = yield* start(
        Array.from({ length: 4 }, () => ({ recheckAfter: "1 hour" })),
      );
      const ingest = yield* newExperiment;
      for (const { tell } of workers) yield* tell({ ingest });
      const [key] = yield* keysOf(ingest);
      const [a, ...others] = workers;
      yield* a!.tell({ revoke: [ingest, key!] });
      const answers = yield* Effect.forEach(others, ({ tell }) => tell({ ingest }), {
        concurrency: "unbounded",
      });
      assert.deepStrictEqual(answers, ["done", "done", "done"]);
      assert.strictEqual(yield* mints, 2);
      // Each of the three was refused once.
      assert.strictEqual(yield* ingests, 4 + 6);
      assert.strictEqual(yield* a!.tell({ ingest }), "done");
      assert.strictEqual(yield* mints, 2);
    }));

  it("one that starts later uses the key that is there", () =>
    Effect.gen(function* () {
      const { host, apiKey, newExperiment, mints } = yield* world;
      const store = yield* newStore;
      const ingest = yield* newExperiment;
      for (let i = 0; i < 2; i++) {
        const { tell } = yield* worker({ host, apiKey, store });
        assert.strictEqual(yield* tell({ ingest }), "done");
      }
      assert.strictEqual(yield* mints, 1);
    }));
};

/** One that is not there yet. */
const newDirectory = FileSystem.FileSystem.use((fs) =>
  Effect.orDie(fs.makeTempDirectoryScoped({ prefix: "shared-keys-" })),
).pipe(
  Effect.map((directory) => ({ directory: `${directory}/made/by/the/first` })),
  Effect.provide(NodeFileSystem.layer),
);

describe("processes that share keys in files", () => {
  promises(test.live, newDirectory);
});

test.live("a process on a full disk records all the same, and logs one warning", () =>
  Effect.gen(function* () {
    const { host, apiKey, newExperiment, mints } = yield* world;
    // As little room as there can be: a file of no bytes.
    const noRoom = "trap '' XFSZ; ulimit -f 0";
    const { tell, logged } = yield* worker({ host, apiKey, store: yield* newDirectory }, noRoom);
    const experiments = [yield* newExperiment, yield* newExperiment];
    for (const ingest of [...experiments, ...experiments]) {
      assert.strictEqual(yield* tell({ ingest }), "done");
    }
    assert.strictEqual(yield* mints, 2);
    const lines = (yield* logged).trim().split("\n");
    assert.lengthOf(lines, 1);
    assert.match(lines[0]!, /WARN.*The shared store of ingestion keys failed/);
    assert.notInclude(lines[0], apiKey);
  }),
);

describeRedis("processes that share keys in Redis", (it) => {
  promises(
    it.effect,
    Effect.map(RedisServer, ({ url }) => ({ url })),
  );
});
