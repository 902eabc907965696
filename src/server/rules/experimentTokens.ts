/** Experiment tokens: whoever opens an experiment gets one, which opens that experiment alone, for a day. */
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Redacted from "effect/Redacted";
import { newKey } from "../ids.ts";
import { currentMillis } from "../now.ts";
import { Store } from "../store.ts";
import { Refusal } from "./refusal.ts";

const ttl = Duration.toMillis("24 hours");

export const issueToken = (experimentId: string) =>
  Effect.gen(function* () {
    const token = newKey("et_");
    const expiresAt = (yield* currentMillis) + ttl;
    yield* (yield* Store).addExperimentToken(Redacted.value(token), { experimentId, expiresAt });
    return { token, expiresAt };
  });

const unauthorized = (message: string): Refusal =>
  new Refusal({ status: 401, message, code: "experiment_token_invalid" });

/** Fails unless the token opens this experiment now. */
export const checkToken = (token: string, experimentId: string | undefined) =>
  Effect.gen(function* () {
    const found = yield* (yield* Store).experimentToken(token);
    if (found === undefined) {
      return yield* unauthorized("the experiment token is not one that the server knows");
    }
    if (found.revokedAt !== null) return yield* unauthorized("the experiment token was revoked");
    if (found.expiresAt <= (yield* currentMillis)) {
      return yield* unauthorized("the experiment token has expired");
    }
    if (found.experimentId !== experimentId) {
      return yield* new Refusal({
        status: 403,
        message: "the experiment token is of another experiment",
        code: "experiment_token_of_another",
      });
    }
  });

/** One more token, for the holder of this one, which stays good for its time: the answer may be lost. */
export const refreshToken = (token: string, experimentId: string) =>
  Effect.andThen(checkToken(token, experimentId), issueToken(experimentId));

export const revokeToken = (token: string) =>
  Effect.gen(function* () {
    yield* (yield* Store).revokeExperimentToken(token, yield* currentMillis);
  });
