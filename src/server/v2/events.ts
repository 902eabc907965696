/** Events by name: from the wire to the rules, and back. */
import * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";
import { firstIssue, formatPath, type Issue, unknownField } from "../../internal/base/issue.ts";
import type { EventOperation } from "../../internal/wire/v2/generation.ts";
import { report } from "../outage.ts";
import { Refusal } from "../rules/refusal.ts";
import { Store, type StoreError } from "../store.ts";
import { type Asked, errorFor, type Reply, replyTo } from "./envelope.ts";

/** Answers the `data` of an event. */
export interface Handler<R> {
  readonly operation: EventOperation;
  readonly handle: (data: Asked["data"]) => Effect.Effect<unknown, Refusal | StoreError, Store | R>;
}

/** Our names of fields that have others on the wire. */
const names: { readonly [name: string]: string } = {
  parentId: "parentFolderId",
  from: "fromFolderId",
  to: "toFolderId",
};

/** What does not fit is refused with the bad spot and what belongs there. */
export const unfit = ({ path, expected }: Issue, wireNames = names): Refusal => {
  // What is not known has the name that the client gave it.
  const rename = (key: string) => (expected === unknownField ? key : (wireNames[key] ?? key));
  const where = formatPath(path.map((key) => (typeof key === "string" ? rename(key) : key)));
  return new Refusal({
    status: 422,
    message: `data${where === "" ? "" : ` ${where}`}: expected ${expected}`,
    code: "invalid_data",
  });
};

/** A server that ignored what it does not know would hide the client's mistakes. */
export const strictly = { onExcessProperty: "error" } as const;

/** What a reply names beside what the contract has in it: the folder or the experiment that it is about. */
const subjectOf = ({ folderId, experimentId }: Asked["data"]) => ({
  ...(folderId === undefined ? {} : { folderId }),
  ...(experimentId === undefined ? {} : { experimentId }),
});

/** The handler of an event of the contract. What changes something is one transaction. */
export const on = <O extends EventOperation, R>(
  operation: O,
  handler: (
    data: O["payload"]["Type"],
  ) => Effect.Effect<O["success"]["Type"], Refusal | StoreError, R>,
): Handler<R | Store> => {
  const decode = Schema.decodeUnknownEffect(Schema.toCodecJson(operation.payload), strictly);
  const encode = Schema.encodeUnknownEffect(Schema.toCodecJson(operation.success));
  const isRead = operation.repeat === "safe";
  return {
    operation,
    handle: (data) =>
      Effect.gen(function* () {
        const store = yield* Store;
        const asked = yield* Effect.mapError(decode(data), (error) => unfit(firstIssue(error)));
        const answer = handler(asked);
        const success = yield* isRead ? answer : store.transaction(answer);
        return Object.assign(subjectOf(data), yield* Effect.orDie(encode(success)));
      }),
  };
};

export type Handlers<R> = ReadonlyMap<string, Handler<R>>;

export const byName = <R>(handlers: ReadonlyArray<Handler<R>>): Handlers<R> =>
  new Map(handlers.map((one) => [one.operation.event, one]));

/** Whatever becomes of an event, it has a reply; its neighbours are not touched. */
export const replying = <R>(
  asked: Asked,
  self: Effect.Effect<Reply, Refusal | StoreError, R>,
): Effect.Effect<Reply, never, R> =>
  self.pipe(
    Effect.catchTag("StoreError", Effect.die),
    Effect.catch((refusal) => Effect.succeed(errorFor(asked, refusal))),
    Effect.catchDefect((defect) => Effect.as(report(defect), errorFor(asked, defect))),
  );

export const answerEvent = <R>(handlers: Handlers<R>, asked: Asked) => {
  const handler = handlers.get(asked.event);
  return replying(
    asked,
    handler === undefined
      ? new Refusal({
          status: 400,
          message: `this takes no event ${JSON.stringify(asked.event)}`,
          code: "unknown_event",
        })
      : Effect.map(handler.handle(asked.data), (data) =>
          replyTo(asked, handler.operation.reply, data),
        ),
  );
};
