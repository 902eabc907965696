/** Waiting for a database no longer than for a time. */
import type * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import * as SqlError from "effect/sql/SqlError";

export type Within = <A, E, R>(
  self: Effect.Effect<A, E, R>,
) => Effect.Effect<A, E | SqlError.SqlError, R>;

/** Of a database that is in this process: it always answers. */
export const always: Within = (self) => self;

const late = new SqlError.SqlError({
  reason: new SqlError.StatementTimeoutError({
    cause: new Error("the database does not answer"),
    message: "the database does not answer",
    operation: "execute",
  }),
});

/**
 * What takes longer is interrupted, but not waited for: to take back what a transaction did needs the database, too. It
 * ends when that answers, or when its connection is given up.
 */
export const within =
  (patience: Duration.Input): Within =>
  (self) =>
    Effect.flatMap(Effect.forkDetach(self), (fiber) =>
      Fiber.join(fiber).pipe(
        Effect.timeoutOrElse({
          duration: patience,
          orElse: () =>
            Effect.andThen(Effect.forkDetach(Fiber.interrupt(fiber)), Effect.fail(late)),
        }),
        Effect.onInterrupt(() => Fiber.interrupt(fiber)),
      ),
    );
