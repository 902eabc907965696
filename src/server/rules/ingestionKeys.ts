/** Ingestion keys: each opens one experiment, for a time. */
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as Redacted from "effect/Redacted";
import { newId, newKey } from "../ids.ts";
import { currentMillis } from "../now.ts";
import { type IngestionKey, Store } from "../store.ts";
import { findExperiment } from "./experiments.ts";
import { notFound, Refusal } from "./refusal.ts";

/** The ingestion key that opened the experiment of this request, if one did. */
export const UsedKey = Context.Reference<string | null>("syvain-metrics-effect/server/UsedKey", {
  defaultValue: () => null,
});

/** The last instant that a date can name. */
const endOfTime = 8.64e15;

export const listKeys = (experimentId: string) =>
  Effect.gen(function* () {
    yield* findExperiment(experimentId);
    return yield* (yield* Store).ingestionKeys(experimentId);
  });

/** `ttl` is in milliseconds. */
export const mintKey = (experimentId: string, name: string, ttl: number) =>
  Effect.gen(function* () {
    yield* findExperiment(experimentId);
    const now = yield* currentMillis;
    const token = newKey("ik_");
    const key: IngestionKey = {
      id: newId(),
      experimentId,
      name,
      createdAt: now,
      expiresAt: Math.min(now + ttl, endOfTime),
      revokedAt: null,
      lastUsedAt: null,
    };
    yield* (yield* Store).addIngestionKey(key, Redacted.value(token));
    return { key, token };
  });

/** A key that was revoked before stays as it is. */
export const revokeKey = (experimentId: string, id: string) =>
  Effect.gen(function* () {
    const store = yield* Store;
    const before = (yield* listKeys(experimentId)).find((key) => key.id === id);
    if (before === undefined) return yield* notFound("ingestion key", id);
    if (before.revokedAt !== null) return before;
    const revokedAt = yield* currentMillis;
    yield* store.revokeIngestionKey(id, revokedAt);
    return { ...before, revokedAt };
  });

const unauthorized = (message: string): Refusal => new Refusal({ status: 401, message });

/** The key of a token that is still good. */
export const keyOfToken = (token: string) =>
  Effect.gen(function* () {
    const key = yield* (yield* Store).ingestionKeyOfToken(token);
    if (key === undefined) {
      return yield* unauthorized("the bearer token is not one that the server knows");
    }
    if (key.revokedAt !== null) return yield* unauthorized("the ingestion key was revoked");
    if (key.expiresAt <= (yield* currentMillis)) {
      return yield* unauthorized("the ingestion key has expired");
    }
    return key;
  });

/** The key of a token that opens this experiment. */
export const keyFor = (token: string, experimentId: string | undefined) =>
  Effect.gen(function* () {
    const key = yield* keyOfToken(token);
    if (key.experimentId !== experimentId) {
      return yield* new Refusal({
        status: 403,
        message: "the ingestion key is of another experiment",
      });
    }
    return key;
  });
