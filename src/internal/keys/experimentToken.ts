/**
 * The token of an experiment that is being written: renewed before it expires, and when it is refused.
 */
import * as Clock from "effect/Clock";
import * as DateTime from "effect/DateTime";
import * as Effect from "effect/Effect";
import type * as HttpClient from "effect/http/HttpClient";
import type * as Redacted from "effect/Redacted";
import * as Semaphore from "effect/Semaphore";
import type { MetricsApiError } from "../base/errors.ts";
import { callEventWith } from "../events/call.ts";
import type { Authorise } from "../request/call.ts";
import type { ConfigService } from "../request/config.ts";
import { notify } from "../request/exchange.ts";
import { invalidRequest } from "../request/failures.ts";
import { refreshToken, revokeToken } from "../wire/v2/runs.ts";

/** How long before its expiry a token is renewed, in milliseconds. */
const margin = 5 * 60 * 1000;

/** What opening an experiment gives. */
export interface Issued {
  readonly experimentToken: Redacted.Redacted;
  readonly expiresAt: DateTime.Utc;
}

type Needs = ConfigService | HttpClient.HttpClient;

export interface ExperimentToken {
  /** Under the token in force. One that is refused is renewed, and what it was refused for tried once more. */
  readonly authorise: Authorise<Needs>;
  /** Makes the token worthless, once; nothing is sent under it afterwards. */
  readonly revoke: Effect.Effect<void, MetricsApiError, Needs>;
}

export const makeExperimentToken = (experimentId: string, opened: Issued): ExperimentToken => {
  let issued = opened;
  let revoked = false;
  const oneAtATime = Semaphore.makeUnsafe(1);

  const refresh = Effect.suspend(() => {
    const { experimentToken } = issued;
    return Effect.map(
      callEventWith(
        refreshToken,
        { payload: { experimentId, experimentToken } },
        (send, exchange) => {
          // It is in the body, and may come back in what an error quotes.
          exchange.keys.push(experimentToken);
          return send(exchange.keys[0]);
        },
      ),
      (renewed) => {
        issued = renewed;
      },
    );
  });

  /**
   * The token in force, when that is not the one that was refused. Who waits finds the one that was renewed
   * meanwhile.
   */
  const current = (
    refused?: Redacted.Redacted,
  ): Effect.Effect<Redacted.Redacted, MetricsApiError, Needs> => {
    const isGood = Effect.map(
      Clock.currentTimeMillis,
      (now) =>
        issued.experimentToken !== refused &&
        DateTime.toEpochMillis(issued.expiresAt) - now >= margin,
    );
    const renewed = Semaphore.withPermit(
      oneAtATime,
      Effect.flatMap(isGood, (good) => (good ? Effect.void : refresh)),
    );
    return Effect.flatMap(isGood, (good) =>
      Effect.map(good ? Effect.void : renewed, () => issued.experimentToken),
    );
  };

  const underToken: Authorise<Needs> = (send, exchange) =>
    Effect.flatMap(current(), (token) =>
      Effect.catchIf(
        send(token),
        (error) => error.reason._tag === "Unauthorized",
        () =>
          notify(exchange, { _tag: "Remint" }).pipe(
            Effect.andThen(current(token)),
            Effect.flatMap(send),
          ),
      ),
    );

  return {
    authorise: (send, exchange) =>
      revoked
        ? Effect.fail(invalidRequest(exchange, { path: [], expected: "a run whose scope is open" }))
        : underToken(send, exchange),
    revoke: Effect.suspend(() => {
      if (revoked) return Effect.void;
      revoked = true;
      return callEventWith(
        revokeToken,
        { params: { experimentId }, payload: { experimentId } },
        underToken,
      );
    }),
  };
};
