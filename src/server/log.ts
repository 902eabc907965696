/** The requests that have come, the newest of them. */
import type * as Headers from "effect/http/Headers";
import type * as contract from "../internal/wire/v1/index.ts";

/** The name of an operation as the contract has it. */
export type OperationName = (typeof contract)[keyof typeof contract]["name"];

/** A request that arrived. */
export interface LoggedRequest {
  /** Which operation of the contract it is; `undefined` when it is none. */
  readonly operation: OperationName | undefined;
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
