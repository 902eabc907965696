import * as Clock from "effect/Clock";
import * as Context from "effect/Context";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Predicate from "effect/Predicate";

/** The clock that nobody has replaced. */
const live = Context.get(Context.empty(), Clock.Clock);

/** No timer can be set for longer. */
const longest = 2 ** 31 - 1;

/**
 * A sleep that does not keep a process alive that has nothing else to do, where timers can be told so. A clock that was
 * put in place of effect's own sleeps in its own way.
 */
export const idleSleep = (duration: Duration.Duration): Effect.Effect<void> =>
  Clock.clockWith((clock) =>
    clock === live
      ? Effect.callback<void>((resume) => {
          const timer = setTimeout(
            () => resume(Effect.void),
            Math.min(Duration.toMillis(duration), longest),
          );
          // A browser has numbers for timers.
          if (Predicate.hasProperty(timer, "unref") && Predicate.isFunction(timer.unref)) {
            timer.unref();
          }
          return Effect.sync(() => clearTimeout(timer));
        })
      : clock.sleep(duration),
  );
