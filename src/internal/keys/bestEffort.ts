import * as Clock from "effect/Clock";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Option from "effect/Option";
import * as Predicate from "effect/Predicate";
import { explain } from "../request/failures.ts";

/** A store that does not answer for so long is left alone for a while (in milliseconds), so that not every call waits for it. */
const patience = Duration.seconds(2);
const rest = 5000;

/** An outage is warned of no more often, in milliseconds. */
const warnEvery = 60_000;

/** Asks a store that calls can do without: what it says, or nothing when it failed. */
export type BestEffort = <A, R>(
  ask: Effect.Effect<A, unknown, R>,
) => Effect.Effect<Option.Option<A>, never, R>;

export const makeBestEffort = (warning: string): BestEffort => {
  let restsUntil = -Infinity;
  let warnedAt = -Infinity;

  const failed = (now: number, why: string) => {
    if (now - warnedAt < warnEvery) return Effect.succeedNone;
    warnedAt = now;
    return Effect.as(Effect.logWarning(`${warning}: ${why}`), Option.none());
  };
  const broken = (error: unknown) =>
    Effect.flatMap(Clock.currentTimeMillis, (now) =>
      // Effect's errors of stores keep their cause in the reason.
      failed(now, explain(Predicate.hasProperty(error, "reason") ? error.reason : error).text),
    );
  const late = Effect.flatMap(Clock.currentTimeMillis, (now) => {
    restsUntil = now + rest;
    return failed(now, `no answer within ${Duration.format(patience)}`);
  });

  return (ask) =>
    Effect.flatMap(Clock.currentTimeMillis, (now) =>
      now < restsUntil
        ? Effect.succeedNone
        : Effect.asSome(ask).pipe(
            Effect.timeoutOrElse({ duration: patience, orElse: () => late }),
            Effect.catch(broken),
            Effect.catchDefect(broken),
          ),
    );
};
