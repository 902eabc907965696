/** Who asks, and what is in the body. */
import * as Effect from "effect/Effect";
import * as HttpServerRequest from "effect/http/HttpServerRequest";
import { bearerOf } from "../bearer.ts";
import { isJson } from "../body.ts";
import { Refusal } from "../rules/refusal.ts";
import { Store } from "../store.ts";

export const bearer = Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) => {
  const bearer = bearerOf(request);
  return bearer === undefined
    ? new Refusal({ status: 401, message: "the request carries no bearer token" })
    : Effect.succeed(bearer);
});

export const asksFor = (other: string, code: string) =>
  new Refusal({ status: 403, message: `this takes ${other}`, code });

export const byApiKey = (isApiKey: (bearer: string) => boolean) =>
  Effect.gen(function* () {
    const given = yield* bearer;
    if (isApiKey(given)) return;
    const isToken = (yield* (yield* Store).experimentToken(given)) !== undefined;
    return yield* isToken
      ? asksFor("the API key, not an experiment token", "api_key_required")
      : new Refusal({ status: 401, message: "the bearer token is not one that the server knows" });
  });

export const text = Effect.gen(function* () {
  const request = yield* HttpServerRequest.HttpServerRequest;
  if (!isJson(request.headers["content-type"])) {
    return yield* new Refusal({ status: 415, message: "body: expected application/json" });
  }
  return yield* Effect.orDie(request.text);
});
