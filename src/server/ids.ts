import * as SecureRandom from "effect/crypto/SecureRandom";
import * as Redacted from "effect/Redacted";

/** An id as the service makes them. */
export const newId = (): string => SecureRandom.uuidV4Unsafe();

/** A key that nobody guesses. */
export const newKey = (prefix: "ak_org_" | "ik_"): Redacted.Redacted => {
  const bytes = SecureRandom.randomBytesUnsafe(24);
  return Redacted.make(
    prefix + Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(""),
  );
};
