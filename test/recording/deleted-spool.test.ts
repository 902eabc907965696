/** A spool directory that is deleted under a job costs what was only there, and nothing else. */
import { assert, describe, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import * as References from "effect/References";
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import * as Collector from "../../src/Collector.ts";
import * as Faults from "../../src/testing/Faults.ts";
import { operation } from "../support/api.ts";
import { listening } from "../support/logs.ts";
import { collecting, stored, withDirectory } from "../support/recording.ts";

const manually = { recoverOnStart: false };
const away = Faults.status(401, { times: Infinity, match: { operation: operation.metrics } });

const steps = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => `loss/${from + i}`);

for (const durability of ["event", "batch"] as const) {
  describe(`a spool directory that is deleted (durability: "${durability}")`, () => {
    const job = (options: {
      /** Whether the service takes events before the directory is deleted. */
      readonly before: boolean;
    }) =>
      withDirectory((parent) => {
        const { layer, said } = listening();
        const directory = join(parent, "spool");
        return Effect.gen(function* () {
          const recorder = yield* Collector.experiment({ slug: "iris" });
          const record = (from: number, to: number) =>
            Effect.gen(function* () {
              for (let step = from; step < to; step++) yield* recorder.metric("loss", 1, { step });
            });
          yield* record(0, 10);
          if (options.before) yield* recorder.flush;
          else {
            yield* away;
            yield* record(10, 20);
            yield* Effect.flip(recorder.flushOrFail);
            yield* record(20, 30);
            yield* Effect.sleep("100 millis");
          }
          rmSync(directory, { recursive: true });
          yield* record(30, 40);
          yield* Faults.clear;
          yield* recorder.flush;
          const { id } = yield* recorder.experiment;
          const told = yield* Effect.result(recorder.flushOrFail);
          const summary = yield* recorder.summary;
          assert.isTrue(existsSync(directory));
          return { rows: yield* stored(id), said, summary, told };
        }).pipe(
          Effect.scoped,
          Effect.provide(collecting(directory, manually, { durability, lease: "10 seconds" })),
          Effect.provide(layer),
          Effect.provideService(References.MinimumLogLevel, "Warn"),
        );
      });

    it.live("is made again, and nothing is lost that had been sent, or comes after", () =>
      Effect.gen(function* () {
        const { rows, summary } = yield* job({ before: true });
        assert.deepStrictEqual(rows.toSorted(), [...steps(0, 10), ...steps(30, 40)].toSorted());
        assert.deepInclude(summary, { delivered: 20, pending: 0, dropped: 0 });
      }),
    );

    it.live("costs what was only there, which is counted, and said once", () =>
      Effect.gen(function* () {
        const { rows, said, summary, told } = yield* job({ before: false });
        // What had been read to be sent goes out, and so does all that comes after.
        assert.includeMembers(rows, [...steps(0, 10), ...steps(30, 40)]);
        assert.strictEqual(summary.delivered, rows.length);
        assert.strictEqual(summary.dropped, 40 - rows.length);
        assert.strictEqual(summary.pending, 0);
        assert.strictEqual(told._tag, summary.dropped > 0 ? "Failure" : "Success");
        const warnings = said.filter((line) => line.includes("was deleted"));
        assert.lengthOf(warnings, 1);
        assert.include(warnings[0], `deleted, and ${summary.dropped} events with it`);
        assert.isEmpty(said.filter((line) => line.includes("took")));
      }),
    );
  });
}
