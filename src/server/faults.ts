/** The faults that wait for a request. */
import * as Context from "effect/Context";
import type * as Duration from "effect/Duration";
import * as HttpBody from "effect/http/HttpBody";
import * as HttpServerResponse from "effect/http/HttpServerResponse";
import * as Stream from "effect/Stream";
import type { LoggedEvent, LoggedRequest, OperationName } from "./log.ts";
import type { Asked } from "./v2/envelope.ts";

/** Which requests a fault is for. What is left out matches any. */
export interface Match {
  /**
   * The name in the contract, of either API: a `PATCH` of a folder is `"Folders.patch"`, whichever function sent it,
   * and a look at the tree is `"Folders.tree"`. A request of events matches when one of them does.
   */
  readonly operation?: OperationName | undefined;
  readonly method?: string | undefined;
  /** The whole path, or a pattern that it contains. */
  readonly path?: string | RegExp | undefined;
}

/** A failure in the envelope of the API that was asked. */
export type Failure = (
  status: number,
  message: string,
  code?: string,
) => HttpServerResponse.HttpServerResponse;

/** What becomes of a request. */
export type RequestAct =
  | {
      readonly _tag: "Respond";
      readonly response: (failure: Failure) => HttpServerResponse.HttpServerResponse;
    }
  | { readonly _tag: "DropBefore" }
  | { readonly _tag: "DropAfter" }
  | { readonly _tag: "CutShort"; readonly lines: number }
  | { readonly _tag: "Delay"; readonly duration: Duration.Duration }
  | { readonly _tag: "ExpireToken" };

/** What becomes of one event, whose neighbours are not touched. */
export interface EventAct {
  readonly _tag: "RefuseEvent";
  readonly where: (event: LoggedEvent) => boolean;
  /** The `data` of its reply. */
  readonly data: object;
}

export type Act = RequestAct | EventAct;

export interface Fault {
  readonly match: Match;
  readonly act: Act;
  /** How many requests it is still for, or events. */
  times: number;
}

const isMatch = ({ method, path }: Match, request: LoggedRequest): boolean =>
  (method === undefined || method === request.method) &&
  (path === undefined ||
    // Unlike `test`, `search` finds a global pattern every time.
    (typeof path === "string" ? path === request.path : request.path.search(path) !== -1));

const isOperation = ({ operation }: Match, ...names: ReadonlyArray<OperationName | undefined>) =>
  operation === undefined || names.includes(operation);

/** The first fault that fits, used up by one. */
const take = <A extends Act>(
  faults: Array<Fault>,
  fits: (fault: Fault) => A | undefined,
): A | undefined => {
  for (const [index, fault] of faults.entries()) {
    const act = fits(fault);
    if (act === undefined) continue;
    if (--fault.times <= 0) faults.splice(index, 1);
    return act;
  }
  return undefined;
};

/** The fault for this request, which comes under a token or not. */
export const takeFault = (
  faults: Array<Fault>,
  request: LoggedRequest,
  hasToken: boolean,
): RequestAct | undefined =>
  take(faults, ({ act, match }) =>
    act._tag !== "RefuseEvent" &&
    (act._tag !== "ExpireToken" || hasToken) &&
    isMatch(match, request) &&
    isOperation(match, request.operation, ...request.events.map(({ operation }) => operation))
      ? act
      : undefined,
  );

/** What an event of this request is refused with by a fault. */
export const takeRefusal = (
  faults: Array<Fault>,
  request: LoggedRequest,
  event: LoggedEvent,
): object | undefined =>
  take(faults, ({ act, match }) =>
    act._tag === "RefuseEvent" &&
    isMatch(match, request) &&
    isOperation(match, event.operation) &&
    act.where(event)
      ? act
      : undefined,
  )?.data;

/** What the events of a request are refused with, before anything acts on them. Nothing is, but in tests. */
export const RefusedEvents = Context.Reference<(asked: Asked) => object | undefined>(
  "syvain-metrics-effect/server/RefusedEvents",
  { defaultValue: () => () => undefined },
);

// -----------------------------------------------------------------------------
// Answers that end too early
// -----------------------------------------------------------------------------

const encoder = new TextEncoder();

/** The lines of a text that are whole, and half of the next; of one line, half. */
const startOf = (whole: Stream.Stream<Uint8Array, unknown>, lines: number) =>
  whole.pipe(
    Stream.decodeText,
    Stream.splitLines,
    Stream.take(lines + 1),
    Stream.zipWithIndex,
    Stream.map(([line, i]) =>
      encoder.encode(i < lines ? `${line}\n` : line.slice(0, line.length / 2)),
    ),
  );

/** The start of an answer, behind which the connection breaks with this error. */
export const cutShort = (
  response: HttpServerResponse.HttpServerResponse,
  lines: number,
  error: unknown,
): HttpServerResponse.HttpServerResponse => {
  const { body, headers } = response;
  const start =
    body._tag === "Stream"
      ? startOf(body.stream, lines)
      : Stream.succeed(
          body._tag === "Uint8Array"
            ? body.body.subarray(0, body.body.length / 2)
            : new Uint8Array(),
        );
  return HttpServerResponse.setBody(
    response,
    HttpBody.stream(Stream.concat(start, Stream.fail(error)), headers["content-type"]),
  );
};
