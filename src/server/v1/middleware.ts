/**
 * What every request goes through before its handler: who asks, whether it was asked before, and whether it fits the
 * contract.
 */
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as HttpRouter from "effect/http/HttpRouter";
import * as HttpServerRequest from "effect/http/HttpServerRequest";
import * as HttpServerResponse from "effect/http/HttpServerResponse";
import * as HttpApiMiddleware from "effect/http-api/HttpApiMiddleware";
import * as Layer from "effect/Layer";
import * as Redacted from "effect/Redacted";
import { camelToSnake } from "effect/String";
import { firstIssue, formatPath, type Issue, unknownField } from "../../internal/base/issue.ts";
import { type Operation, replayedHeader } from "../../internal/wire/operation.ts";
import { digest } from "../json.ts";
import { keyOfToken, useKey } from "../rules/ingestionKeys.ts";
import { Refusal } from "../rules/refusal.ts";
import { type Answer, Store } from "../store.ts";
import { Authorization, Idempotency, operationOf, Validation } from "./api.ts";
import { failure, refused } from "./envelope.ts";

const authorize = (apiKey: Redacted.Redacted, bearer: string, takes: "apiKey" | "ingestionKey") =>
  Effect.gen(function* () {
    const isApiKey = bearer === Redacted.value(apiKey);
    if (bearer === "") {
      return yield* new Refusal({ status: 401, message: "the request carries no bearer token" });
    }
    if (takes === "apiKey") {
      if (isApiKey) return;
      yield* keyOfToken(bearer);
      return yield* new Refusal({
        status: 403,
        message: "this takes the API key, not an ingestion key",
        code: "api_key_required",
      });
    }
    if (isApiKey) {
      return yield* new Refusal({
        status: 403,
        message: "this takes an ingestion key of the experiment, not the API key",
        code: "ingestion_key_required",
      });
    }
    const { experiment_id: experimentId } = yield* HttpRouter.params;
    yield* useKey(bearer, experimentId);
  });

export const authorization = (
  apiKey: Redacted.Redacted,
): Layer.Layer<Authorization, never, Store> =>
  Layer.effect(
    Authorization,
    Effect.map(Store, (store) => ({
      bearer: (handler, { credential, endpoint }) =>
        authorize(
          apiKey,
          Redacted.value(credential),
          operationOf.get(endpoint.identifier)?.auth ?? "apiKey",
        ).pipe(
          Effect.provideService(Store, store),
          Effect.matchEffect({
            onSuccess: () => handler,
            onFailure: (refusal) => Effect.succeed(refused(refusal)),
          }),
        ),
    })),
  );

const decoder = new TextDecoder();

const toAnswer = ({ status, body }: HttpServerResponse.HttpServerResponse): Answer | undefined =>
  body._tag === "Uint8Array"
    ? { status, contentType: body.contentType, body: decoder.decode(body.body) }
    : undefined;

const replay = ({ status, contentType, body }: Answer) =>
  HttpServerResponse.setHeader(
    HttpServerResponse.text(body, { status, contentType }),
    replayedHeader,
    "true",
  );

/**
 * The same request under the same key is answered with what was answered before; another one is refused, and so is the
 * same while it is at work. The bearer may be another: a client whose ingestion key has expired in between asks again
 * under a new one.
 */
export const idempotency: Layer.Layer<Idempotency, never, Store> = Layer.effect(
  Idempotency,
  Effect.map(Store, (store) => (handler, { endpoint }) => {
    if (operationOf.get(endpoint.identifier)?.repeat !== "keyed") return handler;
    // Uninterruptible, or a claim could outlive its request.
    return Effect.uninterruptibleMask((restore) =>
      Effect.gen(function* () {
        const request = yield* HttpServerRequest.HttpServerRequest;
        const key = request.headers["idempotency-key"];
        if (key === undefined || key === "") return yield* restore(handler);
        const body = yield* restore(Effect.orDie(request.text));
        const claim = yield* store.claim(
          key,
          digest(JSON.stringify([request.method, request.url, body])),
        );
        switch (claim._tag) {
          case "Answered":
            return replay(claim.answer);
          case "InProgress":
            return failure(
              409,
              "a request with this Idempotency-Key is still at work",
              "idempotency_key_in_progress",
            );
          case "Reused":
            return failure(
              422,
              "this Idempotency-Key came with another request before",
              "idempotency_key_reused",
            );
          case "Granted":
            return yield* Effect.onExit(restore(handler), (exit) => {
              const answer =
                Exit.isSuccess(exit) && exit.value.status < 500 ? toAnswer(exit.value) : undefined;
              // What failed, or was interrupted, may be tried again under the same key.
              return answer === undefined ? store.dropClaim(key) : store.keepAnswer(key, answer);
            });
        }
      }),
    );
  }),
);

const partOf: { readonly [kind: string]: string } = {
  Params: "path",
  Query: "query",
  Headers: "header",
  Payload: "body",
};

/** Our names of fields that are not the wire's in snake_case. */
const renamed = new Map([
  ["keys", "key"],
  ["metrics", "data"],
  ["timestamp", "timestamp_ms"],
  ["ttl", "ttl_ms"],
]);

/** The names in a path as the client wrote them: a value that a field does not take is found under our name of it. */
const onTheWire = ({ path, expected }: Issue, operation: Operation | undefined): Issue["path"] =>
  expected === unknownField || operation?.path.startsWith("/query/") === true
    ? path
    : path.map((key) => (typeof key === "string" ? (renamed.get(key) ?? camelToSnake(key)) : key));

/** A request that does not fit the contract is refused with the bad spot and what belongs there. */
export const validation: Layer.Layer<Validation> = HttpApiMiddleware.layerSchemaErrorTransform(
  Validation,
  (error, { endpoint }) => {
    const part = partOf[error.kind];
    // What the server itself answers is not the client's mistake.
    if (part === undefined) return Effect.fail(error);
    const issue = firstIssue(error.cause);
    if (issue.expected === "a valid JSON body") {
      return Effect.succeed(failure(400, "body: expected valid JSON", "malformed_body"));
    }
    const where = formatPath(onTheWire(issue, operationOf.get(endpoint.identifier)));
    const spot = where === "" ? part : `${part} ${where}`;
    return Effect.succeed(failure(422, `${spot}: expected ${issue.expected}`));
  },
);
