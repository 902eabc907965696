import { assert, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import { recordTogether } from "./support/processes-together.ts";

it.live(
  "processes that record into one experiment lose and double nothing",
  () =>
    Effect.gen(function* () {
      const outcome = yield* recordTogether({ processes: 4, events: 2500 });
      assert.deepStrictEqual(outcome, {
        distinct: 10_000,
        stored: 10_000,
        status: "done",
        experiments: 1,
      });
    }),
  120_000,
);
