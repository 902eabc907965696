/** The requests that have come, the newest of them. */
import type * as Headers from "effect/http/Headers";
import * as Result from "effect/Result";
import type * as v1 from "../internal/wire/v1/index.ts";
import * as v2 from "../internal/wire/v2/index.ts";
import { type Asked, readEnvelope } from "./v2/envelope.ts";

/** The name of an operation as the contract of its API has it. */
export type OperationName =
  | (typeof v1)[keyof typeof v1]["name"]
  | (typeof v2)[keyof typeof v2]["name"];

/** An event that arrived in a request of API v2. */
export interface LoggedEvent {
  /** Which operation of the contract it is; `undefined` when it is none. */
  readonly operation: OperationName | undefined;
  readonly messageId: string;
  /** Such as `"syvain.v2.experiment.metric"`. */
  readonly event: string;
  readonly data: { readonly [name: string]: unknown };
}

/** A request that arrived. */
export interface LoggedRequest {
  /** Which operation of the contract it is, of events that of the first; `undefined` when it is none. */
  readonly operation: OperationName | undefined;
  /** Those that API v2 was sent, in order; none in any other request. */
  readonly events: ReadonlyArray<LoggedEvent>;
  readonly method: string;
  /** Without the query, as it was sent. */
  readonly path: string;
  /** In order; a name may come several times. */
  readonly query: ReadonlyArray<readonly [name: string, value: string]>;
  /** Lower-case names. `authorization` is redacted when the headers are printed. */
  readonly headers: Headers.Headers;
  /** Parsed when it is JSON, else the text; `undefined` when there was none. */
  readonly body: unknown;
}

const operations: ReadonlyMap<string, OperationName> = new Map(
  Object.values(v2).flatMap((operation) =>
    "event" in operation ? [[operation.event, operation.name] as const] : [],
  ),
);

export const toLoggedEvent = (asked: Asked): LoggedEvent => ({
  operation: operations.get(asked.event),
  ...asked,
});

/** Those that can be read. */
export const eventsOf = (body: unknown): ReadonlyArray<LoggedEvent> =>
  (Array.isArray(body) ? body : [body]).flatMap((json) =>
    Result.match(readEnvelope(json, ""), {
      onSuccess: (asked) => [toLoggedEvent(asked)],
      onFailure: () => [],
    }),
  );

const maxRequests = 10_000;
/** Of the texts of all bodies, in UTF-16 units: parsed they take many times that. */
const maxSize = 16 * 1024 * 1024;

export interface RequestLog {
  readonly add: (request: LoggedRequest, size: number) => void;
  readonly all: () => ReadonlyArray<LoggedRequest>;
}

export const makeRequestLog = (): RequestLog => {
  const kept: Array<{ readonly request: LoggedRequest; readonly size: number }> = [];
  let total = 0;
  return {
    add: (request, size) => {
      kept.push({ request, size });
      total += size;
      while (kept.length > maxRequests || (total > maxSize && kept.length > 1)) {
        total -= kept.shift()!.size;
      }
    },
    all: () => kept.map(({ request }) => request),
  };
};
