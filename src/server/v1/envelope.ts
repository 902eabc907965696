/** How v1 wraps what it answers: `{ data, error: null }`, or `{ data: null, error: { message, details? } }`. */
import * as Effect from "effect/Effect";
import * as HttpApiSchema from "effect/http-api/HttpApiSchema";
import * as HttpServerResponse from "effect/http/HttpServerResponse";
import * as Schema from "effect/Schema";
import { type Plain, replayedHeader } from "../../internal/wire/operation.ts";
import { createExperiment } from "../../internal/wire/v1/experiments.ts";
import type { Refusal } from "../rules/refusal.ts";
import type { Answer, KeptAnswer } from "../store.ts";

export const envelope = <S extends Plain>(data: S) => Schema.Struct({ data, error: Schema.Null });

const Failure = Schema.Struct({
  message: Schema.String,
  details: Schema.optionalKey(Schema.String),
}).annotate({ identifier: "Failure" });

/** The body of a failure, for the OpenAPI document. */
export const failureOf = (status: number) =>
  Schema.Struct({ data: Schema.Null, error: Failure }).pipe(HttpApiSchema.status(status));

export const failure = (
  status: number,
  message: string,
  code?: string,
): HttpServerResponse.HttpServerResponse =>
  HttpServerResponse.jsonUnsafe(
    { data: null, error: { message, ...(code === undefined ? {} : { details: `code=${code}` }) } },
    { status },
  );

export const refused = ({ status, message, code }: Refusal) => failure(status, message, code);

const encode = Schema.encodeUnknownEffect(Schema.toCodecJson(envelope(createExperiment.success)));

/** An answer with another status than the contract's. */
export const respond = (data: typeof createExperiment.success.Type, status: number) =>
  Effect.map(Effect.orDie(encode({ data, error: null })), (body) =>
    HttpServerResponse.jsonUnsafe(body, { status }),
  );

const decoder = new TextDecoder();

export const toAnswer = ({
  status,
  body,
}: HttpServerResponse.HttpServerResponse): Answer | undefined =>
  body._tag === "Uint8Array"
    ? { status, contentType: body.contentType, body: decoder.decode(body.body) }
    : undefined;

/** A request that came with an `Idempotency-Key`. */
export type KeyedRequest = Omit<KeptAnswer, "answer">;

/** The same request gets the same answer; another one may not have its key. */
export const replay = ({ answer, request }: KeptAnswer, keyed: KeyedRequest) =>
  request === keyed.request
    ? HttpServerResponse.setHeader(
        HttpServerResponse.text(answer.body, answer),
        replayedHeader,
        "true",
      )
    : reused;

export const reused = failure(
  422,
  "this Idempotency-Key came with another request before",
  "idempotency_key_reused",
);
