/** The faults that wait for a request. */
import type * as Duration from "effect/Duration";
import type * as HttpServerResponse from "effect/http/HttpServerResponse";
import type { LoggedRequest, OperationName } from "./log.ts";

/** Which requests a fault is for. What is left out matches any. */
export interface Match {
  /** The name in the contract: a `PATCH` of a folder is `"Folders.patch"`, whichever function sent it. */
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
