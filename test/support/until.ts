import * as Effect from "effect/Effect";
import { TestClock } from "effect/testing";

/** A turn for real input and output. */
export const pause = Effect.promise(() => new Promise((resolve) => setTimeout(resolve, 2)));

/** Turn after turn until something holds, the test clock going on by 20 ms in each or as is said. */
export const until = (
  holds: (() => boolean) | Effect.Effect<boolean>,
  step = 20,
): Effect.Effect<void> =>
  Effect.gen(function* () {
    const check = Effect.isEffect(holds) ? holds : Effect.sync(holds);
    while (!(yield* check)) {
      yield* pause;
      if (step > 0) yield* TestClock.adjust(step);
    }
  });
