/** How v2 wraps what it is asked and what it answers: events in envelopes, each answered by itself. */
import * as HttpServerResponse from "effect/http/HttpServerResponse";
import * as Predicate from "effect/Predicate";
import * as Result from "effect/Result";
import { type Envelope, errorEvent, maxEvents } from "../../internal/wire/v2/envelope.ts";
import { idLength } from "../../internal/wire/v2/runs.ts";
import { type Outage, outageOf } from "../outage.ts";
import { Refusal } from "../rules/refusal.ts";

/** A request that fails as a whole. */
export const failure = (
  status: number,
  message: string,
  code?: string,
): HttpServerResponse.HttpServerResponse =>
  HttpServerResponse.jsonUnsafe(
    { error: { message, ...(code === undefined ? {} : { details: { code } }) } },
    { status },
  );

export const refused = ({ status, message, code }: Refusal) => failure(status, message, code);

/** What an event is asked with: its `data` is for the event itself to read. */
export type Asked = Envelope & { readonly data: { readonly [name: string]: unknown } };

export interface Reply {
  readonly correlationId: string;
  readonly event: string;
  readonly data: unknown;
}

// -----------------------------------------------------------------------------
// In
// -----------------------------------------------------------------------------

const unfit = (message: string, status: 400 | 422 = 422) =>
  Result.fail(new Refusal({ status, message, code: "invalid_request" }));

const isText = (value: unknown, min: number, max: number): value is string =>
  typeof value === "string" && value.length >= min && value.length <= max;

const fields = new Set(["messageId", "event", "data"]);

export const readEnvelope = (json: unknown, at: string): Result.Result<Asked, Refusal> => {
  if (!Predicate.isObject(json)) return unfit(`${at}: expected an envelope`);
  const envelope = json as { readonly [name: string]: unknown };
  const { messageId, event, data } = envelope;
  const unknown = Object.keys(envelope).find((name) => !fields.has(name));
  if (unknown !== undefined) return unfit(`${at} ${unknown}: expected no field of this name`);
  const { min, max } = idLength;
  if (!isText(messageId, min, max)) {
    return unfit(`${at} messageId: expected ${min} to ${max} characters`);
  }
  if (!isText(event, 1, Infinity)) return unfit(`${at} event: expected a string that is not empty`);
  if (!Predicate.isObject(data)) return unfit(`${at} data: expected a JSON object`);
  return Result.succeed({ messageId, event, data: data as Asked["data"] });
};

const parse = (text: string): Result.Result<unknown, Refusal> =>
  Result.try({
    try: (): unknown => JSON.parse(text),
    catch: () =>
      new Refusal({ status: 400, message: "body: expected valid JSON", code: "malformed_body" }),
  });

/** The body of a question for which there is one answer. */
export const readOne = (text: string): Result.Result<Asked, Refusal> =>
  Result.flatMap(parse(text), (json) => readEnvelope(json, "body"));

/** The body of a batch. */
export const readBatch = (text: string): Result.Result<ReadonlyArray<Asked>, Refusal> =>
  Result.flatMap(parse(text), (json) =>
    Array.isArray(json) && json.length >= 1 && json.length <= maxEvents
      ? Result.all(json.map((one, i) => readEnvelope(one, `body [${i}]`)))
      : unfit(`body: expected an array of 1 to ${maxEvents} envelopes`),
  );

// -----------------------------------------------------------------------------
// Out
// -----------------------------------------------------------------------------

export const replyTo = ({ messageId }: Asked, event: string, data: unknown): Reply => ({
  correlationId: messageId,
  event,
  data,
});

/** What the store could not do now it may do later; what was refused will be refused again. */
export const errorFor = (asked: Asked, error: unknown): Reply => {
  const {
    status,
    message,
    code = "refused",
    ...rest
  }: Refusal | Outage = error instanceof Refusal ? error : outageOf(error);
  const details = error instanceof Refusal ? error.details : undefined;
  return replyTo(asked, errorEvent, {
    code,
    message,
    status,
    retryable: !(error instanceof Refusal),
    ...(details === undefined ? {} : { details }),
    ...("retryAfterMs" in rest ? { retryAfterMs: rest.retryAfterMs } : {}),
  });
};
