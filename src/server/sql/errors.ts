/** What a database says, as the store says it. */
import type * as Cause from "effect/Cause";
import * as Effect from "effect/Effect";
import * as Predicate from "effect/Predicate";
import * as SqlError from "effect/sql/SqlError";
import { StoreError } from "../store.ts";

/** SQLITE_FULL, and SQLITE_IOERR_SHMSIZE: the file beside the log cannot grow. */
const full: ReadonlyArray<unknown> = [13, 4874];
/** disk_full and out of memory for what is kept on disk, of SQL's own codes. */
const fullStates: ReadonlyArray<unknown> = ["53100"];

/** The innermost cause, which names what happened. */
const origin = (error: unknown): unknown =>
  Predicate.hasProperty(error, "cause") && error.cause !== undefined && error.cause !== null
    ? origin(error.cause)
    : error;

const isFull = (cause: unknown): boolean =>
  (Predicate.hasProperty(cause, "errno") && full.includes(cause.errno)) ||
  (Predicate.hasProperty(cause, "code") && fullStates.includes(cause.code));

const passing = new Set([
  "ConnectionError",
  "AuthenticationError",
  "DeadlockError",
  "SerializationError",
  "LockTimeoutError",
  "StatementTimeoutError",
]);

export const toStoreError = (error: unknown): Effect.Effect<never, StoreError> => {
  const cause = origin(error);
  const message = Predicate.hasProperty(cause, "message") ? String(cause.message) : String(cause);
  const isPassing =
    SqlError.isSqlError(error) && passing.has(error.reason._tag) ? "unavailable" : "failed";
  return Effect.fail(
    new StoreError({ reason: isFull(cause) ? "full" : isPassing, message, cause: error }),
  );
};

/**
 * What the database says, wherever it says it: a transaction whose connection is lost cannot be taken back either, which
 * is a defect beside what it failed with.
 */
export const orStoreError = <A, E, R>(
  self: Effect.Effect<A, E, R>,
): Effect.Effect<A, Exclude<E, SqlError.SqlError> | StoreError, R> =>
  Effect.catchCause(
    self,
    (cause): Effect.Effect<never, Exclude<E, SqlError.SqlError> | StoreError> => {
      for (const reason of cause.reasons) {
        const found =
          reason._tag === "Fail" ? reason.error : reason._tag === "Die" ? reason.defect : undefined;
        if (SqlError.isSqlError(found)) return toStoreError(found);
      }
      // None of its errors is one of the database.
      return Effect.failCause(cause as Cause.Cause<Exclude<E, SqlError.SqlError>>);
    },
  );
