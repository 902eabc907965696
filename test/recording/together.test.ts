import { assert, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import { recordTogether } from "../support/processes-together.ts";

it.live.each(["10 seconds", "100 millis"] as const)(
  "processes that record into one experiment lose and double nothing (lease %s)",
  (lease) =>
    Effect.gen(function* () {
      const outcome = yield* recordTogether({ processes: 4, events: 2500, lease });
      assert.deepInclude(outcome, {
        distinct: 10_000,
        stored: 10_000,
        status: "done",
        experiments: 1,
      });
    }),
  120_000,
);
