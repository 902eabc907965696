import * as Effect from "effect/Effect";
import * as Option from "effect/Option";
import * as Redacted from "effect/Redacted";
import * as Stream from "effect/Stream";
import type * as HttpClient from "effect/http/HttpClient";
import { ConfigService } from "./configService.ts";
import {
  type MetricsApiError,
  MetricsApiResponseError,
  RepeatedCursor,
} from "../MetricsApiError.ts";
import { type Operation, urlTemplate } from "./contract/operation.ts";
import { makeScrub } from "./road/scrub.ts";

/** What every page has. */
interface Page {
  readonly nextCursor: string | null;
}

const repeated = (operation: Operation, cursor: string) =>
  Effect.flatMap(ConfigService, ({ host, apiKey }) =>
    Effect.fail(
      new MetricsApiResponseError({
        operation: operation.name,
        method: operation.method,
        url: host + urlTemplate(operation),
        attempts: 1,
        path: ["next_cursor"],
        expected: "a cursor that was not followed before",
        reason: new RepeatedCursor({
          cursor: makeScrub([Redacted.value(apiKey)])(cursor),
          message: "the answer names a next cursor that was followed before",
        }),
      }),
    ),
  );

/**
 * The items of all pages, each page fetched when it is asked for. An empty page with a cursor is not the end;
 * a cursor that comes again would page in a circle, and is a failure.
 */
export const paginate = <P extends Page, A>(
  operation: Operation,
  cursor: string | undefined,
  list: (
    cursor: string | undefined,
  ) => Effect.Effect<P, MetricsApiError, ConfigService | HttpClient.HttpClient>,
  items: (page: P) => ReadonlyArray<A>,
): Stream.Stream<A, MetricsApiError, ConfigService | HttpClient.HttpClient> =>
  Stream.suspend(() => {
    const followed = new Set<string>(cursor === undefined ? [] : [cursor]);
    return Stream.paginate(cursor, (at) =>
      Effect.flatMap(list(at), (page) => {
        const next = page.nextCursor;
        if (next !== null && followed.has(next)) return repeated(operation, next);
        if (next !== null) followed.add(next);
        return Effect.succeed([items(page), Option.fromNullOr(next)] as const);
      }),
    );
  });
