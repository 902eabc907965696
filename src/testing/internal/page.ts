import * as Effect from "effect/Effect";
import { Unprocessable } from "./problems.ts";

const defaultLimit = 50;
const maxLimit = 200;

/** One page of a list, in the list's own order. Cursors are opaque to clients. */
export const page = <A>(
  all: Iterable<A>,
  query: { readonly cursor?: string | undefined; readonly limit?: number | undefined },
): Effect.Effect<
  { readonly items: ReadonlyArray<A>; readonly nextCursor: string | null },
  Unprocessable
> => {
  const limit = query.limit ?? defaultLimit;
  if (limit > maxLimit) {
    return new Unprocessable({ detail: `limit: expected at most ${maxLimit}` });
  }
  const start = query.cursor === undefined ? 0 : Number(/^c(\d+)$/.exec(query.cursor)?.[1]);
  if (Number.isNaN(start)) {
    return new Unprocessable({ detail: "cursor: expected a next_cursor of this list" });
  }
  const items = [...all];
  const end = start + limit;
  return Effect.succeed({
    items: items.slice(start, end),
    nextCursor: end < items.length ? `c${end}` : null,
  });
};
