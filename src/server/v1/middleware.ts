/**
 * What every request goes through before its handler: who asks, whether it was asked before, and whether it fits the
 * contract.
 */
import * as Context from "effect/Context";
import * as Data from "effect/Data";
import * as Effect from "effect/Effect";
import * as HttpRouter from "effect/http/HttpRouter";
import * as HttpServerRequest from "effect/http/HttpServerRequest";
import type * as HttpServerResponse from "effect/http/HttpServerResponse";
import * as HttpApiMiddleware from "effect/http-api/HttpApiMiddleware";
import * as Layer from "effect/Layer";
import * as Redacted from "effect/Redacted";
import { camelToSnake } from "effect/String";
import { firstIssue, formatPath, type Issue, unknownField } from "../../internal/base/issue.ts";
import type { Operation } from "../../internal/wire/operation.ts";
import { ingestMetrics } from "../../internal/wire/v1/index.ts";
import { digest } from "../json.ts";
import { keyFor, keyOfToken, UsedKey } from "../rules/ingestionKeys.ts";
import { Refusal } from "../rules/refusal.ts";
import { Store } from "../store.ts";
import { Atomicity, Authorization, operationOf, Validation } from "./api.ts";
import { failure, type KeyedRequest, refused, replay, reused, toAnswer } from "./envelope.ts";

/** The id of the ingestion key that opens what is asked for; `null` where the API key does. */
const authorize = (
  isApiKey: (bearer: string) => boolean,
  bearer: string,
  takes: Operation["auth"],
) =>
  Effect.gen(function* () {
    if (bearer === "") {
      return yield* new Refusal({ status: 401, message: "the request carries no bearer token" });
    }
    if (takes === "apiKey") {
      if (isApiKey(bearer)) return null;
      yield* keyOfToken(bearer);
      return yield* new Refusal({
        status: 403,
        message: "this takes the API key, not an ingestion key",
        code: "api_key_required",
      });
    }
    if (isApiKey(bearer)) {
      return yield* new Refusal({
        status: 403,
        message: "this takes an ingestion key of the experiment, not the API key",
        code: "ingestion_key_required",
      });
    }
    const { experiment_id: experimentId } = yield* HttpRouter.params;
    return (yield* keyFor(bearer, experimentId)).id;
  });

export const authorization = (
  isApiKey: (bearer: string) => boolean,
): Layer.Layer<Authorization, never, Store> =>
  Layer.effect(
    Authorization,
    Effect.map(Store, (store) => ({
      bearer: (handler, { credential, endpoint }) =>
        authorize(
          isApiKey,
          Redacted.value(credential),
          operationOf.get(endpoint.identifier)?.auth ?? "apiKey",
        ).pipe(
          Effect.provideService(Store, store),
          Effect.catchTag("StoreError", Effect.die),
          Effect.matchEffect({
            onSuccess: (keyId) => Effect.provideService(handler, UsedKey, keyId),
            onFailure: (refusal) => Effect.succeed(refused(refusal)),
          }),
        ),
    })),
  );

// -----------------------------------------------------------------------------
// One act, one answer
// -----------------------------------------------------------------------------

/** The request, for the one operation that keeps its answer itself. */
export const Keyed = Context.Reference<KeyedRequest | undefined>(
  "syvain-metrics-effect/server/v1/Keyed",
  { defaultValue: () => undefined },
);

/** Nothing of what was refused is kept but that it was. */
class Undone extends Data.TaggedError("Undone")<{
  readonly response: HttpServerResponse.HttpServerResponse;
}> {}

const isUndone = (error: unknown): error is Undone => error instanceof Undone;

const orUndone = (response: HttpServerResponse.HttpServerResponse) =>
  response.status < 400 ? Effect.succeed(response) : Effect.fail(new Undone({ response }));

const keyedRequest: Effect.Effect<
  KeyedRequest | undefined,
  never,
  HttpServerRequest.HttpServerRequest
> = Effect.gen(function* () {
  const request = yield* HttpServerRequest.HttpServerRequest;
  const key = request.headers["idempotency-key"];
  if (key === undefined || key === "") return undefined;
  const body = yield* Effect.orDie(request.text);
  return {
    idempotencyKey: key,
    request: digest(`${request.method} ${request.url}\n${body}`),
  };
});

/**
 * What writes is one transaction. The same request under the same key is answered with what was answered before, and
 * that is kept in the transaction of what it answers for; another one is refused, and so is the same while it is at
 * work. The bearer may be another: a client whose ingestion key has expired in between asks again under a new one.
 */
export const atomicity: Layer.Layer<Atomicity, never, Store> = Layer.effect(
  Atomicity,
  Effect.map(Store, (store) => {
    const atWork = new Map<string, string>();

    const once = <E, R>(
      keyed: KeyedRequest,
      handler: Effect.Effect<HttpServerResponse.HttpServerResponse, E | Undone, R>,
    ) => {
      const keep = (response: HttpServerResponse.HttpServerResponse) => {
        const answer = toAnswer(response);
        return answer === undefined ? Effect.void : store.addAnswer({ ...keyed, answer });
      };
      return store
        .transaction(
          Effect.gen(function* () {
            const before = yield* store.answer(keyed.idempotencyKey);
            if (before !== undefined) return replay(before, keyed);
            const response = yield* handler;
            yield* keep(response);
            return response;
          }),
        )
        .pipe(
          Effect.catchIf(isUndone, ({ response }) =>
            Effect.as(store.transaction(keep(response)), response),
          ),
        );
    };

    return (handler, { endpoint }) => {
      const operation = operationOf.get(endpoint.identifier);
      if (operation === undefined || operation.repeat === "safe") return handler;
      return Effect.gen(function* () {
        const keyed = operation.repeat === "keyed" ? yield* keyedRequest : undefined;
        if (operation.name === ingestMetrics.name) {
          return yield* Effect.provideService(handler, Keyed, keyed);
        }
        if (keyed === undefined) return yield* store.transaction(Effect.flatMap(handler, orUndone));
        const other = atWork.get(keyed.idempotencyKey);
        if (other !== undefined) {
          return other === keyed.request
            ? failure(
                409,
                "a request with this Idempotency-Key is still at work",
                "idempotency_key_in_progress",
              )
            : reused;
        }
        return yield* Effect.acquireUseRelease(
          Effect.sync(() => atWork.set(keyed.idempotencyKey, keyed.request)),
          () => once(keyed, Effect.flatMap(handler, orUndone)),
          () => Effect.sync(() => atWork.delete(keyed.idempotencyKey)),
        );
      }).pipe(
        Effect.catchIf(isUndone, ({ response }) => Effect.succeed(response)),
        Effect.catchTag("StoreError", Effect.die),
      );
    };
  }),
);

// -----------------------------------------------------------------------------
// What fits
// -----------------------------------------------------------------------------

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
