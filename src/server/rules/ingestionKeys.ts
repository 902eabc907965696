/** Ingestion keys: each opens one experiment, for a time. */
import * as Effect from "effect/Effect";
import * as Redacted from "effect/Redacted";
import { newId, newKey } from "../ids.ts";
import { currentMillis } from "../now.ts";
import { type IngestionKey, Store } from "../store.ts";
import { findExperiment } from "./experiments.ts";
import { notFound, Refusal } from "./refusal.ts";

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
    const key = { ...before, revokedAt: before.revokedAt ?? (yield* currentMillis) };
    yield* store.putIngestionKey(key);
    return key;
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

/** Opens an experiment with a token. */
export const useKey = (token: string, experimentId: string | undefined) =>
  Effect.gen(function* () {
    const key = yield* keyOfToken(token);
    if (key.experimentId !== experimentId) {
      return yield* new Refusal({
        status: 403,
        message: "the ingestion key is of another experiment",
      });
    }
    const lastUsedAt = yield* currentMillis;
    yield* (yield* Store).putIngestionKey({ ...key, lastUsedAt });
  });
