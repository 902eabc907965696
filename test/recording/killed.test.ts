import { assert, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import { killAgainAndAgain } from "../support/kill.ts";

it.live(
  "every event whose metric() had returned is stored once, though the process is killed again and again",
  () =>
    Effect.gen(function* () {
      const outcome = yield* killAgainAndAgain({ kills: 5, durability: "event", longest: 400 });
      assert.isAbove(outcome.recorded, 5);
      assert.deepInclude(outcome, { missing: 0, twice: 0, remaining: 0, status: "error (Killed)" });
    }),
  120_000,
);

it.live(
  "nothing is missing that is older than the batch interval",
  () =>
    Effect.gen(function* () {
      const outcome = yield* killAgainAndAgain({
        kills: 3,
        durability: "batch",
        interval: 200,
        longest: 600,
      });
      assert.deepInclude(outcome, { twice: 0, remaining: 0, status: "error (Killed)" });
      // The clock of the killer and that of the job are read at different moments.
      assert.isBelow(outcome.oldestMissing, 200 + 100);
    }),
  120_000,
);

it.live(
  "nor of a job that computes all the time, and gives nothing else a turn",
  () =>
    Effect.gen(function* () {
      const outcome = yield* killAgainAndAgain({
        kills: 3,
        durability: "batch",
        interval: 300,
        compute: 20,
        shortest: 1500,
        longest: 2500,
      });
      assert.deepInclude(outcome, { twice: 0, remaining: 0, status: "error (Killed)" });
      assert.isAbove(outcome.stored, 30);
      assert.isBelow(outcome.oldestMissing, 300 + 100);
    }),
  120_000,
);
