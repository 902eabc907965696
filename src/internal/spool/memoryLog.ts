import * as Effect from "effect/Effect";
import type * as Scope from "effect/Scope";
import { Intake, type Limits, type Overflow } from "./intake.ts";
import type { Destination, Log } from "./log.ts";

/** A log that lives and dies with the process. */
export const makeMemoryLog = (
  destination: Destination,
  capacity: number,
  overflow: Overflow,
  limits: Limits,
): Effect.Effect<Log, never, Scope.Scope> =>
  Effect.gen(function* () {
    const intake = new Intake(capacity, overflow, limits);
    yield* Effect.forkScoped(intake.timer);
    yield* Effect.addFinalizer(() => Effect.sync(() => intake.end()));
    return {
      destination,
      offerUnsafe: (kind, event) => intake.offerUnsafe(kind, event) !== undefined,
      offer: (kind, event) => {
        if (intake.mustWait(kind)) return Effect.asVoid(intake.offer(kind, event));
        intake.offerUnsafe(kind, event);
        return Effect.void;
      },
      seal: Effect.sync(() => intake.seal()),
      ready: intake.ready.await,
      poll: Effect.sync(() => {
        const pending = intake.take();
        if (pending === undefined) return undefined;
        const { kind, count } = pending;
        return {
          kind,
          count,
          body: pending.close(),
          settle: Effect.sync(() => {
            intake.leave(kind, count);
            intake.release(kind, count);
          }),
        };
      }),
      dropping: intake.dropping.await,
      accepted: () => intake.accepted,
      left: () => intake.left,
      waiting: () => 0,
      counts: () => ({
        pending: intake.accepted - intake.left - intake.statuses,
        dropped: intake.dropped,
      }),
      directory: undefined,
    };
  });
