import type * as Effect from "effect/Effect";
import type * as SqlClient from "effect/sql/SqlClient";
import type * as SqlError from "effect/sql/SqlError";
import type * as Statement from "effect/sql/Statement";
import type { Batch, Ingested } from "../store.ts";
import type { Within } from "./within.ts";

/** A database, and what each does in its own way. */
export interface Driver {
  readonly sql: SqlClient.SqlClient;
  /** What is kept of a token. */
  readonly hash: (token: string) => string;
  /** How long it is waited for. */
  readonly within: Within;
  /** So that one transaction runs at a time, in whatever process: first in each. */
  readonly lock: Effect.Effect<void, SqlError.SqlError>;
  /** What a statement answers, all numbers, in columns; `isMuch` when there may be very many rows. */
  readonly columns: (
    statement: Statement.Statement<unknown>,
    isMuch?: boolean,
  ) => Effect.Effect<ReadonlyArray<Float64Array>, SqlError.SqlError>;
  /** How many rows may be sorted and read at once. */
  readonly sortedAtOnce: number;
  /** A statement that is all or nothing by itself, between batches. */
  readonly write: (
    statement: Statement.Statement<unknown>,
  ) => Effect.Effect<void, SqlError.SqlError>;
  readonly ingest: (batch: Batch) => Effect.Effect<Ingested, SqlError.SqlError>;
}
