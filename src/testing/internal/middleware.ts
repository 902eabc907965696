/**
 * What every request goes through before its handler: who asks, whether it was asked before, and whether it fits the contract.
 */
import * as DateTime from "effect/DateTime";
import * as Deferred from "effect/Deferred";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as HttpRouter from "effect/http/HttpRouter";
import * as HttpServerRequest from "effect/http/HttpServerRequest";
import * as HttpServerResponse from "effect/http/HttpServerResponse";
import * as HttpApiMiddleware from "effect/http-api/HttpApiMiddleware";
import * as Layer from "effect/Layer";
import * as Redacted from "effect/Redacted";
import { firstIssue, formatPath } from "../../internal/road/issue.ts";
import { Authorization, Idempotency, needsIdempotencyKey, operations, Validation } from "./api.ts";
import { BadRequest, Forbidden, Unauthorized, Unprocessable } from "./problems.ts";
import { isExpired, type State } from "./state.ts";

const byName = new Map<string, (typeof operations)[number]>(
  operations.map((operation) => [operation.name, operation]),
);

/** The API key everywhere, except that an operation under an ingestion key takes the one of its experiment and nothing else. */
export const authorization = (state: State): Layer.Layer<Authorization> =>
  Layer.succeed(Authorization, {
    bearer: (handler, { credential, endpoint }) =>
      Effect.gen(function* () {
        const bearer = Redacted.value(credential);
        const isApiKey = bearer === Redacted.value(state.apiKey);
        if (bearer === "") {
          return yield* new Unauthorized({ detail: "the request carries no bearer token" });
        }
        if (byName.get(endpoint.identifier)?.auth !== "ingestionKey") {
          return isApiKey
            ? yield* handler
            : yield* new Unauthorized({ detail: "the bearer token is not a valid API key" });
        }
        if (isApiKey) {
          return yield* new Forbidden({
            detail: "this takes an ingestion key of the experiment, not the API key",
          });
        }
        const key = state.ingestionKeys.get(bearer);
        if (key === undefined) {
          return yield* new Unauthorized({ detail: "the bearer token is not an ingestion key" });
        }
        if (key.info.revokedAt !== null) {
          return yield* new Unauthorized({ detail: "the ingestion key was revoked" });
        }
        if (isExpired(key, yield* DateTime.now)) {
          return yield* new Unauthorized({ detail: "the ingestion key has expired" });
        }
        const { experiment_id: experimentId } = yield* HttpRouter.params;
        if (key.info.experimentId !== experimentId) {
          return yield* new Forbidden({ detail: "the ingestion key is of another experiment" });
        }
        return yield* handler;
      }),
  });

interface Kept {
  /** The query and the body that came with the key. */
  readonly said: string;
  /** `undefined` when there was no success to keep. */
  readonly answer: Deferred.Deferred<HttpServerResponse.HttpServerResponse | undefined>;
}

/** How many answers are kept; the oldest goes first. */
const maxKept = 10_000;

/**
 * The same key, for the same method and path, is answered with what was answered before; with another body or query it is refused.
 * The bearer may be another one: a client whose ingestion key has expired in between asks again under a new one.
 */
export const idempotency: Layer.Layer<Idempotency> = Layer.sync(Idempotency, () => {
  const kept = new Map<string, Kept>();

  // Uninterruptible but for the waits: whoever claims a key must say how it ended, or the others would wait for ever.
  return (handler, { endpoint }) => {
    const operation = byName.get(endpoint.identifier);
    if (operation === undefined || !needsIdempotencyKey(operation)) return handler;
    return Effect.uninterruptibleMask((restore) =>
      Effect.gen(function* () {
        const request = yield* HttpServerRequest.HttpServerRequest;
        const key = request.headers["idempotency-key"];
        if (key === undefined || key === "") {
          return yield* new BadRequest({
            detail: `${request.method} needs an Idempotency-Key header`,
          });
        }
        const [path = "", ...query] = request.url.split("?");
        const said = JSON.stringify([query, yield* restore(Effect.orDie(request.text))]);
        const id = JSON.stringify([request.method, path, key]);

        for (;;) {
          const before = kept.get(id);
          if (before === undefined) break;
          if (before.said !== said) {
            return yield* new Unprocessable({
              detail: "this Idempotency-Key came with another body or query before",
            });
          }
          const answer = yield* restore(Deferred.await(before.answer));
          if (answer !== undefined) {
            return HttpServerResponse.setHeader(answer, "idempotent-replayed", "true");
          }
        }

        const mine: Kept = { said, answer: Deferred.makeUnsafe() };
        kept.set(id, mine);
        if (kept.size > maxKept) {
          const [oldest] = kept.keys();
          kept.delete(oldest!);
        }
        return yield* Effect.onExit(restore(handler), (exit) => {
          const success = Exit.isSuccess(exit) && exit.value.status < 300 ? exit.value : undefined;
          // What failed, or was interrupted, may be tried again under the same key.
          if (success === undefined) kept.delete(id);
          return Deferred.succeed(mine.answer, success);
        });
      }),
    );
  };
});

const places: { readonly [kind: string]: string } = {
  Params: "path",
  Query: "query",
  Headers: "header",
  Payload: "body",
};

/** A request that does not fit the contract, told place by place. */
export const validation: Layer.Layer<Validation> = HttpApiMiddleware.layerSchemaErrorTransform(
  Validation,
  (error) => {
    const place = places[error.kind];
    // What the server itself answers is not the client's mistake.
    if (place === undefined) return Effect.fail(error);
    const { path, expected } = firstIssue(error.cause);
    if (expected === "a valid JSON body") {
      return new BadRequest({ detail: "body: expected valid JSON" });
    }
    const where = formatPath(path);
    const message = `expected ${expected}`;
    return new Unprocessable({
      detail: `${place}${where === "" ? "" : ` ${where}`}: ${message}`,
      errors: [{ path, message }],
    });
  },
);
