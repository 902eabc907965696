import * as SecureRandom from "effect/crypto/SecureRandom";

/**
 * `randomUUID` draws for many at once, which is ten times as fast; a page that was not served securely does not have
 * it.
 */
export const newMessageId = (): string =>
  globalThis.crypto.randomUUID?.() ?? SecureRandom.uuidV4Unsafe();

/**
 * Ids of as many messages as there are, for a fifth of the work: their first 86 random bits are drawn once, and a count
 * follows. In form they are the UUIDs that the service's own client sends.
 */
export const makeMessageIds = (): (() => string) => {
  const start = newMessageId().slice(0, -9);
  // Of nine digits, and small enough to be written quickly.
  let next = 100_000_000;
  return () => `${start}${next++}`;
};
