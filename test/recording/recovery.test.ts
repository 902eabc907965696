import { assert, describe, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import { readdirSync } from "node:fs";
import * as Collector from "../../src/Collector.ts";
import * as Experiments from "../../src/Experiments.ts";
import * as Faults from "../../src/testing/Faults.ts";
import { operation } from "../support/api.ts";
import { collecting, withDirectory, stored } from "../support/recording.ts";

const manually = { recoverOnStart: false };

const down = Faults.status(401, { times: Infinity, match: { operation: operation.metrics } });

/** A job that could not deliver its events; answers the experiment's id. */
const leave = (directory: string, slug: string, events: number) =>
  Effect.gen(function* () {
    const recorder = yield* Collector.experiment({ slug });
    yield* down;
    const steps = Array.from({ length: events }, (_, step) => step);
    yield* recorder.run(Effect.forEach(steps, (step) => recorder.metric("loss", 1, { step })));
    return (yield* recorder.experiment).id;
  }).pipe(
    Effect.scoped,
    Effect.ensuring(Faults.clear),
    Effect.provide(collecting(directory, manually)),
  );

const statusOf = (id: string) =>
  Effect.map(Experiments.get(id), ({ experiment }) => experiment.status);

describe("what an earlier process left", () => {
  it.live(
    "is delivered by recover, with where the run stood, and the directory is empty then",
    () =>
      withDirectory((directory) =>
        Effect.gen(function* () {
          const id = yield* leave(directory, "one", 25);
          const other = yield* leave(directory, "two", 2500);
          assert.strictEqual(yield* statusOf(id), "running");
          const recovery = yield* Collector.recover.pipe(
            Effect.provide(collecting(directory, manually)),
          );
          assert.deepStrictEqual(recovery, {
            delivered: 2525,
            refused: 0,
            remaining: 0,
            leftAlone: [],
          });
          assert.lengthOf(yield* stored(id), 25);
          assert.lengthOf(yield* stored(other), 2500);
          assert.strictEqual(yield* statusOf(id), "done");
          assert.deepStrictEqual(readdirSync(directory), []);
        }),
      ),
  );

  it.live("is sent by the next collector without being asked", () =>
    withDirectory((directory) =>
      Effect.gen(function* () {
        const id = yield* leave(directory, "one", 25);
        yield* Effect.provide(
          Effect.gen(function* () {
            while ((yield* statusOf(id)) !== "done") yield* Effect.sleep("10 millis");
          }),
          collecting(directory),
        );
        assert.lengthOf(yield* stored(id), 25);
      }),
    ),
  );

  it.live("is kept while it cannot be delivered, and counted", () =>
    withDirectory((directory) =>
      Effect.gen(function* () {
        const id = yield* leave(directory, "one", 25);
        const recover = Collector.recover.pipe(Effect.provide(collecting(directory, manually)));
        yield* down;
        assert.deepStrictEqual(yield* recover, {
          delivered: 0,
          refused: 0,
          remaining: 25,
          leftAlone: [],
        });
        assert.deepStrictEqual(yield* recover, {
          delivered: 0,
          refused: 0,
          remaining: 25,
          leftAlone: [],
        });
        yield* Faults.clear;
        assert.deepStrictEqual(yield* recover, {
          delivered: 25,
          refused: 0,
          remaining: 0,
          leftAlone: [],
        });
        assert.lengthOf(yield* stored(id), 25);
      }),
    ),
  );

  it.live("does not say how an old run ended when a new one is under way", () =>
    withDirectory((directory) =>
      Effect.gen(function* () {
        const id = yield* leave(directory, "again", 25);
        yield* Effect.gen(function* () {
          const recorder = yield* Collector.experiment({ slug: "again" });
          yield* recorder.run(
            Effect.gen(function* () {
              yield* recorder.flush;
              const { delivered } = yield* Collector.recover;
              assert.strictEqual(delivered, 25);
              assert.strictEqual(yield* statusOf(id), "running");
            }),
          );
        }).pipe(Effect.scoped, Effect.provide(collecting(directory, manually)));
        assert.strictEqual(yield* statusOf(id), "done");
      }),
    ),
  );

  it.live("says how a run of this process ended, too, once its recorder is gone", () =>
    withDirectory((directory) =>
      Effect.gen(function* () {
        const id = yield* Effect.gen(function* () {
          const recorder = yield* Collector.experiment({ slug: "over" });
          yield* Faults.status(401, { times: Infinity, match: { operation: operation.metrics } });
          yield* recorder.run(recorder.metric("loss", 1, { step: 1 }));
          return (yield* recorder.experiment).id;
        }).pipe(Effect.scoped);
        assert.strictEqual(yield* statusOf(id), "running");
        yield* Faults.clear;
        assert.deepInclude(yield* Collector.recover, { delivered: 1, remaining: 0 });
        assert.strictEqual(yield* statusOf(id), "done");
      }).pipe(Effect.provide(collecting(directory, manually))),
    ),
  );

  it.live("holds nothing else up when its experiment is gone", () =>
    withDirectory((directory) =>
      Effect.gen(function* () {
        yield* leave(directory, "gone", 5);
        const id = yield* leave(directory, "there", 5);
        yield* Faults.status(404, { match: { operation: operation.metrics } });
        const recovery = yield* Collector.recover.pipe(
          Effect.provide(collecting(directory, manually)),
        );
        assert.deepInclude(recovery, { delivered: 5, remaining: 5 });
        const again = yield* Collector.recover.pipe(
          Effect.provide(collecting(directory, manually)),
        );
        assert.deepInclude(again, { delivered: 5, remaining: 0 });
        assert.lengthOf(yield* stored(id), 5);
      }),
    ),
  );
});
