/**
 * The faults that wait for a request, and the requests that have come.
 */
import type * as Duration from "effect/Duration";
import type * as Headers from "effect/http/Headers";
import type * as HttpServerResponse from "effect/http/HttpServerResponse";
import type * as contract from "../../internal/contract/index.ts";

/** The name of an operation as the contract has it. */
export type OperationName = (typeof contract)[keyof typeof contract]["name"];

/** A request that arrived. */
export interface LoggedRequest {
  /** Which operation of the contract it is; `undefined` for a path that is none. */
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

/** Which requests a fault is for. What is left out matches any. */
export interface Match {
  /**
   * The name in the contract. `PATCH` of an experiment is `"Experiments.patch"` and of a folder `"Folders.patch"`,
   * whichever function sent it.
   */
  readonly operation?: OperationName | undefined;
  readonly method?: string | undefined;
  /** The whole path, or a pattern that it contains. */
  readonly path?: string | RegExp | undefined;
}

export type Act =
  | { readonly _tag: "Respond"; readonly response: HttpServerResponse.HttpServerResponse }
  | { readonly _tag: "DropBefore" }
  | { readonly _tag: "DropAfter" }
  | { readonly _tag: "Delay"; readonly duration: Duration.Duration };

export interface Fault {
  readonly match: Match;
  readonly act: Act;
  /** How many requests it is still for. */
  times: number;
}

const isMatch = ({ operation, method, path }: Match, request: LoggedRequest): boolean =>
  (operation === undefined || operation === request.operation) &&
  (method === undefined || method === request.method) &&
  (path === undefined ||
    // Unlike `test`, `search` finds a global pattern every time.
    (typeof path === "string" ? path === request.path : request.path.search(path) !== -1));

/** The first fault for this request, used up by one. */
export const takeFault = (faults: Array<Fault>, request: LoggedRequest): Act | undefined => {
  const index = faults.findIndex((fault) => isMatch(fault.match, request));
  const fault = faults[index];
  if (fault === undefined) return undefined;
  if (--fault.times <= 0) faults.splice(index, 1);
  return fault.act;
};
