import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";

/** Unix milliseconds, whole: a clock under test may stand between two. */
export const currentMillis: Effect.Effect<number> = Effect.map(Clock.currentTimeMillis, Math.floor);
