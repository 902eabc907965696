/** Pieces of statements. */
import type * as SqlClient from "effect/sql/SqlClient";
import type * as Statement from "effect/sql/Statement";

type Fragment = Statement.Fragment;

export const makeFragments = (sql: SqlClient.SqlClient) => ({
  /** What is left out narrows nothing. */
  where: (conditions: ReadonlyArray<Fragment | undefined>): Fragment =>
    sql.and(conditions.filter((one) => one !== undefined)),
  when: <A>(value: A | undefined, condition: (value: A) => Fragment): Fragment | undefined =>
    value === undefined ? undefined : condition(value),
  /** As it is written: nothing that came from outside. */
  word: (text: string | number): Fragment => sql.literal(String(text)),
});
