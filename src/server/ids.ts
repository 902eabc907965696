import * as Hex from "effect/encoding/Hex";
import * as SecureRandom from "effect/crypto/SecureRandom";
import * as Redacted from "effect/Redacted";

/** An id as the service makes them. */
export const newId = (): string => SecureRandom.uuidV4Unsafe();

/** A key that nobody guesses. */
export const newKey = (prefix: "ak_org_" | "ik_"): Redacted.Redacted =>
  Redacted.make(prefix + Hex.encode(SecureRandom.randomBytesUnsafe(24)));
