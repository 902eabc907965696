import { assert, describe, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import { endings, endOne, events } from "../support/endings.ts";

describe("a job in a process of its own", () => {
  it.live(
    "ends in time with the server black-holed, however it ends, and recovery delivers the rest and where it stands",
    () =>
      Effect.gen(function* () {
        const shutdownTimeout = 500;
        const found = yield* Effect.forEach(
          endings,
          (ending) => endOne(ending, { blackHole: true, shutdownTimeout }),
          { concurrency: 3 },
        );
        for (const [i, { name, status }] of endings.entries()) {
          assert.deepInclude(found[i], { status, stored: events }, name);
          // Half a second for the process to end, and as much again as several share the machine here.
          assert.isBelow(found[i]!.took, shutdownTimeout + 1000, name);
        }
      }),
    120_000,
  );

  it.live(
    "does not wait for a timeout when the server answers",
    () =>
      Effect.gen(function* () {
        for (const { name } of [{ name: "return" }, { name: "SIGINT" }]) {
          const ending = endings.find((one) => one.name === name)!;
          const ended = yield* endOne(ending, { blackHole: false, shutdownTimeout: 10_000 });
          assert.deepInclude(ended, { status: ending.status, stored: events });
          assert.isBelow(ended.took, 3000);
        }
      }),
    120_000,
  );
});
